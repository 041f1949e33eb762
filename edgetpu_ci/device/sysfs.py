"""Texts and numbers of the kernel's files; what is not there, or not ours to read, is empty."""

from pathlib import Path
from typing import Final

LOST: Final = -40.0
"""Degrees Celsius below which a sensor is lost, not cold: a bus that answers all ones reads as -89.7 °C."""


def text(path: Path) -> str:
    """What stands in a file."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def number(path: Path, base: int = 10) -> int | None:
    """The whole number in a file, None where there is none."""
    try:
        return int(text(path), base)
    except ValueError:
        return None


def thousandth(path: Path) -> float | None:
    """A number that the kernel gives a thousand times as large: degrees Celsius, MHz."""
    found = number(path)
    return None if found is None else found / 1000


def is_lost(celsius: float) -> bool:
    """Whether no sensor says that."""
    return celsius < LOST
