"""Files of logs, `LEVEL/DAY/SESSION.jsonl`: written as events come, listed, and removed when their days are over."""

import errno
import os
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from edgetpu_ci.config.observability import LogLevel
from edgetpu_ci.errors import StoreError
from edgetpu_ci.telemetry.entry import Entry

_SAFE: Final = re.compile(r"[^A-Za-z0-9._-]|^\.+")


class LogFile(NamedTuple):
    """A file of logs of one level, day and session, and its size in bytes."""

    path: Path
    level: str
    day: date
    size: int


class Files:
    """Writes each entry at once, a line each, behind what is there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[tuple[str, date, str], int] = {}
        self._begun: set[int] = set()

    def write(self, entry: Entry) -> None:
        """Add an entry; OSError where it cannot be written."""
        key = (entry.level.lower(), entry.at.date(), entry.session)
        if key not in self._open:
            self._open[key] = _opened(self._folder / key[0] / f"{key[1]}" / f"{_SAFE.sub('_', key[2])}.jsonl")
        handle = self._open[key]
        # What stood behind half a line would be as unreadable as that is.
        line = b"\n" * (handle in self._begun) + f"{entry.line}\n".encode()
        # In one call, so that of two processes neither writes into a line of the other.
        if os.write(handle, line) < len(line):
            self._begun.add(handle)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._begun.discard(handle)

    def close(self) -> None:
        """Let go of the files."""
        for handle in self._open.values():
            os.close(handle)
        self._open.clear()


def _opened(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)


def found(folder: Path) -> Iterator[LogFile]:
    """The files there are, by level and day; what is not named as we name them is none of ours.

    StoreError where the folder cannot be read.
    """
    try:
        paths = sorted(folder.glob("*/*/*.jsonl"))
    except OSError as error:
        raise StoreError(f"{folder} cannot be read: {os.strerror(error.errno or 0).lower()}.") from error
    for path in paths:
        try:
            if path.is_file():
                yield LogFile(path, path.parts[-3].upper(), date.fromisoformat(path.parts[-2]), path.stat().st_size)
        except (ValueError, OSError):
            continue


def prune(folder: Path, days: Mapping[LogLevel, int], now: datetime) -> list[LogFile]:
    """Remove the files whose day is longer ago than their level is kept; StoreError where one cannot be removed."""
    table = {str(level): kept for level, kept in days.items()}
    gone = [one for one in found(folder) if one.level in table and until(one, table[one.level]) < now.date()]
    try:
        for one in gone:
            one.path.unlink(missing_ok=True)
        for day in {one.path.parent for one in gone}:
            if not any(day.iterdir()):
                day.rmdir()
    except OSError as error:
        raise StoreError(f"{error.filename} cannot be removed: {os.strerror(error.errno or 0).lower()}.") from error
    return gone


def until(one: LogFile, days: int) -> date:
    """The last day on which it is kept."""
    # Its last event may be of the last moment of its day, and that may be the last there is.
    return one.day + timedelta(days=min(days, (date.max - one.day).days))
