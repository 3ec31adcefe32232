#!/usr/bin/env python3
"""Puts LibTorch's headers and libraries where the build expects them: `.deps/torch`.

    python3 Scripts/libtorch.py [FOLDER]        FOLDER is .deps beside this folder unless given

Taken from the first of these that has it:
  1. the folder named by LIBTORCH (LibTorch, or an installed `torch` package), which is linked, not copied;
  2. the pinned `torch` wheel wherever pip looks: the CPU build in a folder of its `find-links`, or that of the package index
     (PyPI unless configured otherwise).

Everything downloaded is checked against the SHA-256 written below. Nothing is installed outside FOLDER.
"""

import fnmatch
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from typing import Optional

sys.dont_write_bytecode = True  # the folder of the scripts is watched for changes

VERSION = "2.13.0"

# The wheels of one Python version stand for all: no Python code of theirs is used.
CPU_BUILD = {"linux-x86_64": "6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b"}
PYPI_BUILD = {
    "linux-x86_64": "60fcdcb2f3876e21146cb4524ef06397d727ca9ad5f020818547e25075fe3cb7",
    "linux-aarch64": "092790c696a760c729fd5722835f50b9d81fd7c8f141571f3f3cf4081a8f664c",
    "darwin-arm64": "e76f9bcecc52b8ff711239a2f7547d5353df95878ab232f0773c1d95928b92f8",
}
PLATFORMS = {
    "linux-x86_64": [f"manylinux_2_{minor}_x86_64" for minor in (28, 25, 17)] + ["manylinux2014_x86_64"],
    "linux-aarch64": [f"manylinux_2_{minor}_aarch64" for minor in (28, 25, 17)] + ["manylinux2014_aarch64"],
    "darwin-arm64": ["macosx_14_0_arm64"],
}
# On Linux PyPI's build is the CUDA one: even its CPU library is linked to CUPTI and the CUDA runtime (in the
# versions that its metadata asks for, through cuda-toolkit 13.0.3). No GPU or driver is needed to load them.
COMPANIONS = {
    "linux-x86_64": {
        "nvidia-cuda-cupti==13.0.85": "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
        "nvidia-cuda-runtime==13.0.96": "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
    },
    "linux-aarch64": {
        "nvidia-cuda-cupti==13.0.85": "796bd679890ee55fb14a94629b698b6db54bcfd833d391d5e94017dd9d7d3151",
        "nvidia-cuda-runtime==13.0.96": "ef9bcbe90493a2b9d810e43d249adb3d02e98dd30200d86607d8d02687c43f55",
    },
}

# What of a wheel is unpacked (first match decides). The libraries left out are most of its size.
UNPACKED = [
    (False, "torch/lib/libtorch_python*"),
    (False, "torch/lib/libtorch_cuda*"),
    (False, "torch/lib/libtorch_nvshmem*"),
    (False, "torch/lib/libtorch_global_deps*"),
    (False, "torch/lib/libtorch.*"),
    (False, "torch/lib/libc10_cuda*"),
    (False, "torch/lib/libcaffe2_nvrtc*"),
    (False, "torch/lib/libshm*"),
    (False, "torch/lib/libaoti_custom_ops*"),
    (False, "torch/lib/libbackend_with_compiler*"),
    (False, "torch/lib/*test*"),
    (True, "torch/lib/*"),
    (True, "torch/include/*"),
    (True, "torch.libs/*"),
    (True, "nvidia/cu13/lib/libcupti.so*"),
    (True, "nvidia/cu13/lib/libcudart.so*"),
    (True, "*.dist-info/licenses/*"),
    (True, "*.dist-info/*License*"),
    (True, "*.dist-info/METADATA"),
]


class SetupError(Exception):
    """One line for the user: what was wrong, where, and what to do."""


def say(line: str) -> None:
    """Prints a line of progress to stderr; stdout belongs to the program that is being started."""
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    deps = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent / ".deps")
    deps = deps.absolute()
    given = os.environ.get("LIBTORCH")
    if given:
        link(pathlib.Path(given).expanduser(), deps)
    elif version_of(deps / "torch") != VERSION:
        fetch(deps)


def link(given: pathlib.Path, deps: pathlib.Path) -> None:
    """Points `.deps/torch` at a LibTorch that is already on the machine."""
    for folder in (given, given / "torch", given / "libtorch"):
        version = version_of(folder)
        if version:
            break
    else:
        raise SetupError(
            f"LIBTORCH={given} holds no LibTorch: expected include/torch/headeronly/version.h and "
            "lib/libtorch_cpu there; unset LIBTORCH to have it downloaded")
    if version.split(".")[:2] != VERSION.split(".")[:2]:
        wanted = ".".join(VERSION.split(".")[:2])
        raise SetupError(
            f"LIBTORCH={given} is LibTorch {version}, but {wanted} is needed; "
            "unset LIBTORCH to have it downloaded")
    target, place = folder.resolve(), deps / "torch"
    if place.resolve() == target:
        return
    deps.mkdir(parents=True, exist_ok=True)
    new = deps / ".torch-link"
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    remove(place)
    os.replace(new, place)
    say(f"LibTorch {version}: {target}")


def fetch(deps: pathlib.Path) -> None:
    """Lets pip find, download and check the pinned wheels for this machine, and unpacks them."""
    machine = f"{platform.system()}-{platform.machine()}".lower()
    if machine not in PYPI_BUILD:
        raise SetupError(
            f"PyTorch {VERSION} is not published for {machine}; build LibTorch and name its folder in LIBTORCH")
    downloads = deps / "download"
    shutil.rmtree(downloads, ignore_errors=True)
    downloads.mkdir(parents=True)
    try:
        torch = f"torch=={VERSION}"
        if not has_local(torch, CPU_BUILD.get(machine), machine, downloads):
            say(f"LibTorch {VERSION} is not on this machine yet: pip downloads it (once; up to 540 MB)")
            download({torch: PYPI_BUILD[machine], **COMPANIONS.get(machine, {})}, machine, downloads)
        unpack(sorted(downloads.glob("*.whl")), deps)
    finally:
        shutil.rmtree(downloads, ignore_errors=True)


def has_local(name: str, digest: Optional[str], machine: str, folder: pathlib.Path) -> bool:
    """Whether one of pip's `find-links` has a wheel of this content, which then is in the folder."""
    if not digest:
        return False
    command = pip({name: digest}, machine, folder) + ["--no-index"]
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def download(wanted: dict, machine: str, folder: pathlib.Path) -> None:
    """Gets wheels, by name and version, whose content has these SHA-256 sums."""
    # What is printed to stdout belongs to the program that is being started.
    if subprocess.run(pip(wanted, machine, folder), stdout=sys.stderr).returncode != 0:
        raise SetupError(
            f"pip could not get {', '.join(wanted)} (its reason is above): start again, or name a LibTorch folder in LIBTORCH")


def pip(wanted: dict, machine: str, folder: pathlib.Path) -> list:
    """The command that gets wheels for a machine, whatever Python runs it."""
    pins = folder / "pins.txt"
    pins.write_text("".join(f"{name} --hash=sha256:{digest}\n" for name, digest in wanted.items()))
    command = [
        sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--require-hashes",
        "--python-version", "3.11", "--implementation", "cp", "--abi", "cp311", "--abi", "none",
        "--disable-pip-version-check", "--no-cache-dir", "--dest", str(folder), "--requirement", str(pins)]
    for name in PLATFORMS[machine]:
        command += ["--platform", name]
    return command if sys.stderr.isatty() else command + ["--quiet"]


def unpack(files: list, deps: pathlib.Path) -> None:
    """Unpacks what is needed to a temporary folder and moves it: `torch`, which means complete, last."""
    deps.mkdir(parents=True, exist_ok=True)
    for left in deps.glob(".unpack-*"):
        shutil.rmtree(left, ignore_errors=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix=".unpack-", dir=deps))
    try:
        for file in files:
            say(f"unpacking {file.name}")
            with zipfile.ZipFile(file) as archive:
                for member in archive.namelist():
                    if not member.endswith("/") and is_needed(member):
                        archive.extract(member, folder)
        version = version_of(folder / "torch")
        if version != VERSION:
            raise SetupError(f"{files[0]} holds LibTorch {version}, not {VERSION}")
        licenses = folder / "licenses"
        licenses.mkdir()
        for info in folder.glob("*.dist-info"):
            info.rename(licenses / info.name.replace(".dist-info", ""))
        for name in sorted(os.listdir(folder), key=lambda name: (name == "torch", name)):
            remove(deps / name)
            os.replace(folder / name, deps / name)
    except zipfile.BadZipFile as error:
        raise SetupError(f"cannot unpack {files[0]}: {error}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def is_needed(member: str) -> bool:
    return next((needed for needed, pattern in UNPACKED if fnmatch.fnmatchcase(member, pattern)), False)


def version_of(torch: pathlib.Path) -> Optional[str]:
    """The version of the LibTorch in a folder; None unless headers and the CPU library are both there."""
    suffix = "dylib" if sys.platform == "darwin" else "so"
    if not (torch / "lib" / f"libtorch_cpu.{suffix}").is_file():
        return None
    for header in ("headeronly/version.h", "csrc/api/include/torch/version.h"):
        try:
            text = (torch / "include" / "torch" / header).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        numbers = dict(re.findall(r"#define TORCH_VERSION_(MAJOR|MINOR|PATCH) (\d+)", text))
        if len(numbers) == 3:
            return ".".join(numbers[part] for part in ("MAJOR", "MINOR", "PATCH"))
    return None


def remove(path: pathlib.Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)


if __name__ == "__main__":
    try:
        main()
    except (SetupError, OSError) as error:
        sys.exit(f"set-up: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
