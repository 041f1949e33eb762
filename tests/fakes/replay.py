"""Real answers of GitHub, as PyGithub's tests have recorded them; they are in its source package, not in ours."""

import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from itertools import zip_longest
from pathlib import Path
from urllib.parse import urlsplit

SECONDS = 120
_LINES = 11
"""Of an exchange: scheme, verb, host, port, target, headers, body; status, headers, body; an empty one."""


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """What was asked of GitHub, and what it answered."""

    source: str
    verb: str
    path: str
    status: int
    body: bytes


def download(folder: Path) -> Path | None:
    """The source package of the PyGithub that is installed; None where no registry has it for us."""
    named = f"PyGithub=={version('PyGithub')}"
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", "PyGithub", "-d", str(folder)]
    try:
        subprocess.run([*pip, named], check=True, capture_output=True, timeout=SECONDS)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return None
    return next(folder.glob("*.tar.gz"), None)


def exchanges(package: Path) -> Iterator[Exchange]:
    """All that were recorded."""
    with tarfile.open(package) as members:
        for member in members:
            read = members.extractfile(member) if "/tests/ReplayData/" in member.name and member.isfile() else None
            if read is not None:
                yield from _parsed(Path(member.name).stem, read.read().decode())


def _parsed(source: str, text: str) -> Iterator[Exchange]:
    lines = iter(text.split("\n"))
    for part in zip_longest(*[lines] * _LINES, fillvalue=""):
        _scheme, verb, _host, _port, target, _headers, _sent, status, _answered, body, _end = part
        if status.isdecimal():
            yield Exchange(source=source, verb=verb, path=urlsplit(target).path, status=int(status), body=body.encode())
