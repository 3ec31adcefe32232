#!/usr/bin/env python3
"""Puts LibTorch's headers and libraries where the build expects them: `.deps/torch`.

    python3 Scripts/libtorch.py [FOLDER]        FOLDER is .deps beside this folder unless given

Taken from the first of these that has it:
  1. the folder named by LIBTORCH (LibTorch, or an installed `torch` package), which is linked, not copied;
  2. the pinned `torch` wheel in the folders of pip's `find-links`: the CPU build;
  3. the pinned `torch` wheel of the package index that pip uses (PyPI unless configured otherwise).

Everything downloaded is checked against the SHA-256 written below. Nothing is installed outside FOLDER.
"""

import fnmatch
import os
import pathlib
import platform
import re
import shutil
import sys
import tempfile
import zipfile
from typing import Optional

sys.dont_write_bytecode = True  # the folder of the scripts is watched for changes

from wheels import Wheel, WheelError, download, local, pip_settings, remote, say

VERSION = "2.13.0"

# The wheels of one Python version stand for all: no Python code of theirs is used.
CPU_BUILD = {
    "linux-x86_64": Wheel(
        "torch", "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl",
        "6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b", 191794682),
}
PYPI_BUILD = {
    "linux-x86_64": Wheel(
        "torch", "torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl",
        "60fcdcb2f3876e21146cb4524ef06397d727ca9ad5f020818547e25075fe3cb7", 526574961),
    "linux-aarch64": Wheel(
        "torch", "torch-2.13.0-cp311-cp311-manylinux_2_28_aarch64.whl",
        "092790c696a760c729fd5722835f50b9d81fd7c8f141571f3f3cf4081a8f664c", 427199369),
    "darwin-arm64": Wheel(
        "torch", "torch-2.13.0-cp311-cp311-macosx_14_0_arm64.whl",
        "e76f9bcecc52b8ff711239a2f7547d5353df95878ab232f0773c1d95928b92f8", 111187938),
}
# On Linux PyPI's build is the CUDA one: even its CPU library is linked to CUPTI and the CUDA runtime (in the
# versions that its metadata asks for, through cuda-toolkit 13.0.3). No GPU or driver is needed to load them.
PYPI_COMPANIONS = {
    "linux-x86_64": [
        Wheel(
            "nvidia-cuda-cupti", "nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_25_x86_64.whl",
            "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8", 10715597),
        Wheel(
            "nvidia-cuda-runtime",
            "nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
            "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548", 2243632),
    ],
    "linux-aarch64": [
        Wheel(
            "nvidia-cuda-cupti", "nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_25_aarch64.whl",
            "796bd679890ee55fb14a94629b698b6db54bcfd833d391d5e94017dd9d7d3151", 10310827),
        Wheel(
            "nvidia-cuda-runtime",
            "nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_aarch64.manylinux_2_17_aarch64.whl",
            "ef9bcbe90493a2b9d810e43d249adb3d02e98dd30200d86607d8d02687c43f55", 2261060),
    ],
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
        raise WheelError(
            f"LIBTORCH={given} holds no LibTorch: expected include/torch/headeronly/version.h and "
            "lib/libtorch_cpu there; unset LIBTORCH to have it downloaded")
    if version.split(".")[:2] != VERSION.split(".")[:2]:
        wanted = ".".join(VERSION.split(".")[:2])
        raise WheelError(
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
    """Finds, downloads, checks and unpacks the pinned wheels for this machine."""
    machine = f"{platform.system()}-{platform.machine()}".lower()
    settings = pip_settings()
    wanted = [[wheel] for wheel in [CPU_BUILD.get(machine)] if wheel]
    if machine in PYPI_BUILD:
        wanted.append([PYPI_BUILD[machine]] + PYPI_COMPANIONS.get(machine, []))
    if not wanted:
        raise WheelError(
            f"PyTorch {VERSION} is not published for {machine}; build LibTorch and name its folder in LIBTORCH")
    for wheels in wanted:
        places = [local(wheel, settings) for wheel in wheels]
        if all(places):
            return unpack(places, deps)
    downloads = deps / "download"
    for wheels in wanted:
        files = []
        for wheel in wheels:
            place = local(wheel, settings)
            address = None if place else remote(wheel, settings)
            if not place and not address:
                break
            files.append((wheel, place, address))
        else:
            total = sum(wheel.size for wheel, place, _ in files if not place)
            say(f"LibTorch {VERSION} is not on this machine yet: downloading {total / 1e6:.0f} MB (once)")
            unpack([place or download(wheel, url, downloads, settings) for wheel, place, url in files], deps)
            shutil.rmtree(downloads, ignore_errors=True)
            return
    places = ", ".join(settings.find_links + settings.indexes) or "pip has neither an index nor find-links"
    raise WheelError(
        f"no pinned build of PyTorch {VERSION} found ({places}); name a LibTorch folder in LIBTORCH")


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
            raise WheelError(f"{files[0]} holds LibTorch {version}, not {VERSION}")
        licenses = folder / "licenses"
        licenses.mkdir()
        for info in folder.glob("*.dist-info"):
            info.rename(licenses / info.name.replace(".dist-info", ""))
        for name in sorted(os.listdir(folder), key=lambda name: (name == "torch", name)):
            remove(deps / name)
            os.replace(folder / name, deps / name)
    except zipfile.BadZipFile as error:
        raise WheelError(f"cannot unpack {files[0]}: {error}")
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
    except (WheelError, OSError) as error:
        sys.exit(f"set-up: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
