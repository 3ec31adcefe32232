"""How the set-up gets and unpacks LibTorch: from wheels that the tests make, by pip, without a network."""

import contextlib
import hashlib
import io
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
import zipfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent.parent / "Scripts"))

import libtorch

MACHINE = f"{platform.system()}-{platform.machine()}".lower()


class SetupTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        patch = contextlib.redirect_stderr(io.StringIO())
        patch.__enter__()
        self.addCleanup(patch.__exit__, None, None, None)


@unittest.skipUnless(MACHINE in libtorch.PLATFORMS, "no wheels are published for this machine")
class DownloadTests(SetupTest):
    def setUp(self):
        super().setUp()
        self.links, self.into = self.folder / "links", self.folder / "into"
        self.links.mkdir()
        self.into.mkdir()
        self.words = io.StringIO()
        environment = {"PIP_FIND_LINKS": str(self.links), "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
        run = subprocess.run

        def captured(command, **_):
            done = run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            self.words.write(done.stdout)
            return done

        for patch in (
            unittest.mock.patch.dict(os.environ, environment),
            unittest.mock.patch("subprocess.run", captured),
        ):
            patch.__enter__()
            self.addCleanup(patch.__exit__, None, None, None)

    def wheel(self, name="torch", version="2.13.0", abi="cp311-cp311", text=""):
        path = self.links / f"{name}-{version}-{abi}-{libtorch.PLATFORMS[MACHINE][0]}.whl"
        info = f"{name}-{version}.dist-info"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{text}")
            archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: false\n")
            archive.writestr(f"{info}/RECORD", "")
        return path, hashlib.sha256(path.read_bytes()).hexdigest()

    def names(self):
        return sorted(path.name for path in self.into.glob("*.whl"))

    def test_the_build_without_cuda_is_taken_where_find_links_have_it(self):
        plain, first = self.wheel()
        cpu, second = self.wheel(version="2.13.0+cpu")
        self.assertTrue(libtorch.has_local("torch==2.13.0", second, MACHINE, self.into))
        self.assertEqual(self.names(), [cpu.name], self.words.getvalue())
        cpu.unlink()
        (self.into / cpu.name).unlink()
        self.assertFalse(libtorch.has_local("torch==2.13.0", second, MACHINE, self.into))
        self.assertFalse(libtorch.has_local("torch==2.13.0", None, MACHINE, self.into))
        libtorch.download({"torch==2.13.0": first}, MACHINE, self.into)
        self.assertEqual(self.names(), [plain.name], self.words.getvalue())

    def test_wheels_without_python_code_are_found_too(self):
        path, digest = self.wheel("nvidia_cuda_runtime", "13.0.96", "py3-none")
        libtorch.download({"nvidia-cuda-runtime==13.0.96": digest}, MACHINE, self.into)
        self.assertEqual(self.names(), [path.name], self.words.getvalue())

    def test_other_content_than_the_pinned_one_is_refused(self):
        self.wheel(text="\nsomething else")
        with self.assertRaisesRegex(libtorch.SetupError, "could not get torch==2.13.0") as caught:
            libtorch.download({"torch==2.13.0": "0" * 64}, MACHINE, self.into)
        self.assertNotIn("\n", str(caught.exception))
        self.assertEqual(self.names(), [])
        self.assertIn("DO NOT MATCH THE HASHES", self.words.getvalue())

    def test_what_cannot_be_had_leaves_nothing_behind(self):
        deps = self.folder / "deps"
        with self.assertRaisesRegex(libtorch.SetupError, "could not get torch"):
            libtorch.fetch(deps)
        self.assertEqual(list(deps.iterdir()), [])


class UnpackTests(SetupTest):
    def archive(self, version):
        suffix = "dylib" if sys.platform == "darwin" else "so"
        major, minor, patch = version.split(".")
        header = "".join(
            f"#define TORCH_VERSION_{name} {number}\n"
            for name, number in (("MAJOR", major), ("MINOR", minor), ("PATCH", patch)))
        path = self.folder / "torch.whl"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("torch/include/torch/headeronly/version.h", header)
            for name in ("torch_cpu", "c10", "torch_python", "torch_cuda", "torchbind_test"):
                archive.writestr(f"torch/lib/lib{name}.{suffix}", name)
            archive.writestr("torch/nn/functional.py", "")
            archive.writestr("torch-1.dist-info/licenses/LICENSE", "free")
        return path, suffix

    def test_what_the_build_needs_is_unpacked_and_nothing_else(self):
        path, suffix = self.archive(libtorch.VERSION)
        deps = self.folder / "deps"
        libtorch.unpack([path], deps)
        files = sorted(str(file.relative_to(deps)) for file in deps.rglob("*") if file.is_file())
        self.assertEqual(files, [
            "licenses/torch-1/licenses/LICENSE", "torch/include/torch/headeronly/version.h",
            f"torch/lib/libc10.{suffix}", f"torch/lib/libtorch_cpu.{suffix}"])

    def test_another_version_leaves_nothing_behind(self):
        path, _ = self.archive("1.2.3")
        deps = self.folder / "deps"
        with self.assertRaisesRegex(libtorch.SetupError, "holds LibTorch 1.2.3"):
            libtorch.unpack([path], deps)
        self.assertEqual(list(deps.iterdir()), [])

    def test_a_libtorch_of_the_users_is_linked_if_its_version_fits(self):
        path, _ = self.archive(libtorch.VERSION)
        libtorch.unpack([path], self.folder / "theirs")
        libtorch.link(self.folder / "theirs", self.folder / "ours")
        self.assertEqual((self.folder / "ours/torch").resolve(), (self.folder / "theirs/torch").resolve())
        header = self.folder / "theirs/torch/include/torch/headeronly/version.h"
        header.write_text(header.read_text().replace("MINOR 13", "MINOR 9"))
        with self.assertRaisesRegex(libtorch.SetupError, "is LibTorch 2.9.0, but 2.13 is needed"):
            libtorch.link(self.folder / "theirs", self.folder / "ours")


if __name__ == "__main__":
    unittest.main()
