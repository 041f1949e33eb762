"""What every way of pushing is told."""

from datetime import datetime
from pathlib import Path

from msgspec import Struct


class Target(Struct, frozen=True, kw_only=True):
    """Where to: an address, and one to read back from, where they are given; a file, for those that write one.

    `is_whole` when what is pushed is all there is, so that what is not among it is gone.
    """

    url: str = ""
    query_url: str = ""
    output: Path | None = None
    is_whole: bool = True


def milliseconds(at: datetime) -> int:
    """A moment as services write it."""
    return round(at.timestamp() * 1000)


def has_all(where: str) -> str:
    """That what was pushed has been read back."""
    return f"{where} has all of them"
