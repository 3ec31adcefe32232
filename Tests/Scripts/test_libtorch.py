"""The set-up's download and unpacking, against a small package index on this machine."""

import base64
import contextlib
import hashlib
import http.server
import io
import json
import os
import pathlib
import sys
import tempfile
import threading
import unittest
import unittest.mock
import zipfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent.parent / "Scripts"))

import libtorch
import wheels

CONTENT = os.urandom(3_000_000)
WHEEL = wheels.Wheel("torch", "torch-1.whl", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))


class Index(http.server.BaseHTTPRequestHandler):
    """A package index whose manners the tests choose."""

    def do_GET(self):
        server = self.server
        server.requests.append((self.path, dict(self.headers)))
        if self.path.endswith("/torch/"):
            body, kind = server.page
            return self.answer(200, body.encode(), kind)
        first = 0
        if server.ranges and "Range" in self.headers:
            first = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        body = server.content[first:]
        cut = server.cuts.pop(0) if server.cuts else len(body)
        self.answer(206 if first else 200, body, "application/zip", cut)

    def answer(self, status, body, kind, cut=None):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:cut])

    def log_message(self, *_):
        pass


class SetupTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index)
        self.server.requests, self.server.cuts, self.server.ranges = [], [], True
        self.server.content = CONTENT
        page = json.dumps({"files": [{"url": "../../files/torch-1.whl"}]})
        self.server.page = (page, "application/vnd.pypi.simple.v1+json")
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.root = f"http://127.0.0.1:{self.server.server_port}"
        self.settings = wheels.Settings([], [f"{self.root}/simple"], None)
        for patch in (
            unittest.mock.patch("time.sleep"),
            unittest.mock.patch.dict(os.environ, {"no_proxy": "*"}),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            patch.__enter__()
            self.addCleanup(patch.__exit__, None, None, None)

    def download(self):
        return wheels.download(WHEEL, f"{self.root}/files/torch-1.whl", self.folder, self.settings)

    def part(self, content):
        path = self.folder / "torch-1.whl.part"
        path.write_bytes(content)
        return path

    def ranges(self):
        return [headers.get("Range") for path, headers in self.server.requests if path.endswith(".whl")]


class DownloadTests(SetupTest):
    def test_a_broken_off_download_is_continued_where_it_stopped(self):
        self.part(CONTENT[:1_000_000])
        self.assertEqual(self.download().read_bytes(), CONTENT)
        self.assertEqual(self.ranges(), ["bytes=1000000-"])

    def test_a_connection_that_ends_early_is_taken_up_again(self):
        self.server.cuts = [1_500_000, 700_000]
        self.assertEqual(self.download().read_bytes(), CONTENT)
        self.assertEqual(self.ranges(), [None, "bytes=1500000-", "bytes=2200000-"])

    def test_a_server_without_ranges_sends_the_whole_file_again(self):
        self.server.ranges = False
        self.part(b"x" * 1000)
        self.assertEqual(self.download().read_bytes(), CONTENT)

    def test_other_content_than_the_pinned_one_is_refused_and_deleted(self):
        part = self.part(b"x" * 1000)
        with self.assertRaisesRegex(wheels.WheelError, "not the published file"):
            self.download()
        self.assertFalse(part.exists())
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_dead_server_is_one_line_and_keeps_what_there_is(self):
        self.server.cuts = [100_000] + [0] * wheels.ATTEMPTS
        with self.assertRaisesRegex(wheels.WheelError, "start again to continue it") as caught:
            self.download()
        self.assertNotIn("\n", str(caught.exception))
        self.assertEqual((self.folder / "torch-1.whl.part").read_bytes(), CONTENT[:100_000])


class LookUpTests(SetupTest):
    def test_an_index_is_read_as_json_and_as_html(self):
        expected = f"{self.root}/files/torch-1.whl"
        self.assertEqual(wheels.remote(WHEEL, self.settings), expected)
        self.server.page = ('<a href="../../files/torch-1.whl#sha256=00">torch-1.whl</a>', "text/html")
        self.assertEqual(wheels.remote(WHEEL, self.settings), expected)

    def test_a_wheel_that_is_not_listed_is_none_but_no_answer_is_an_error(self):
        self.assertIsNone(wheels.remote(WHEEL._replace(filename="torch-2.whl"), self.settings))
        dead = self.settings._replace(indexes=["http://127.0.0.1:9/simple"])
        with self.assertRaisesRegex(wheels.WheelError, "cannot look up torch"):
            wheels.remote(WHEEL, dead)

    def test_credentials_of_the_index_are_sent_and_not_shown(self):
        index = self.root.replace("//", "//user:s%40cret@") + "/simple"
        address = wheels.remote(WHEEL, self.settings._replace(indexes=[index]))
        wheels.download(WHEEL, address, self.folder, self.settings)
        expected = "Basic " + base64.b64encode(b"user:s@cret").decode()
        self.assertEqual([headers.get("Authorization") for _, headers in self.server.requests], [expected] * 2)
        self.assertNotIn("cret", wheels._shown(address))

    def test_a_local_wheel_counts_only_with_the_pinned_content(self):
        settings = self.settings._replace(find_links=[self.folder.as_uri()])
        (self.folder / WHEEL.filename).write_bytes(b"something else")
        self.assertIsNone(wheels.local(WHEEL, settings))
        (self.folder / WHEEL.filename).write_bytes(CONTENT)
        self.assertEqual(wheels.local(WHEEL, settings), self.folder / WHEEL.filename)


class PipSettingsTests(SetupTest):
    def settings_with(self, **variables):
        config = self.folder / "pip.conf"
        config.write_text("[global]\nfind-links =\n  /one\n  /two\nindex-url = https://mirror/simple/\n")
        variables = {"PIP_CONFIG_FILE": str(config), "HOME": str(self.folder), **variables}
        with unittest.mock.patch.dict(os.environ, variables):
            for name in ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX"):
                if name not in variables:
                    os.environ.pop(name, None)
            return wheels.pip_settings()

    def test_the_configuration_file_is_read_and_the_environment_overrules_it(self):
        settings = self.settings_with()
        self.assertEqual(settings.find_links, ["/one", "/two"])
        self.assertEqual(settings.indexes, ["https://mirror/simple"])
        self.assertEqual(self.settings_with(PIP_FIND_LINKS="/three").find_links, ["/three"])
        self.assertEqual(self.settings_with(PIP_NO_INDEX="1").indexes, [])

    def test_the_null_device_as_configuration_file_means_none(self):
        settings = self.settings_with(PIP_CONFIG_FILE=os.devnull)
        self.assertEqual((settings.find_links, settings.indexes), ([], [wheels.PYPI]))


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
        with self.assertRaisesRegex(wheels.WheelError, "holds LibTorch 1.2.3"):
            libtorch.unpack([path], deps)
        self.assertEqual(list(deps.iterdir()), [])

    def test_a_libtorch_of_the_users_is_linked_if_its_version_fits(self):
        path, _ = self.archive(libtorch.VERSION)
        libtorch.unpack([path], self.folder / "theirs")
        libtorch.link(self.folder / "theirs", self.folder / "ours")
        self.assertEqual((self.folder / "ours/torch").resolve(), (self.folder / "theirs/torch").resolve())
        header = self.folder / "theirs/torch/include/torch/headeronly/version.h"
        header.write_text(header.read_text().replace("MINOR 13", "MINOR 9"))
        with self.assertRaisesRegex(wheels.WheelError, "is LibTorch 2.9.0, but 2.13 is needed"):
            libtorch.link(self.folder / "theirs", self.folder / "ours")


if __name__ == "__main__":
    unittest.main()
