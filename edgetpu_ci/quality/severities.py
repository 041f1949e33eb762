"""How grave a finding is, from the words and numbers that scanners use, and where it lies."""

from typing import Final
from urllib.parse import unquote

from edgetpu_ci.supply.findings import Severity

_WORDS: Final[dict[str, Severity]] = {
    "critical": "critical",
    "high": "high",
    "medium": "medium",
    "moderate": "medium",
    "low": "low",
    "info": "low",
}

_FROM: Final[tuple[tuple[float, Severity], ...]] = ((9, "critical"), (7, "high"), (4, "medium"), (0.1, "low"))
"""The lower ends of the qualitative ratings of CVSS 3 and 4, which GitHub has too."""

_HIGHEST: Final = 10


def named(word: str) -> Severity:
    """The severity of a word; "unknown" of one that is none."""
    return _WORDS.get(word.lower(), "unknown")


def scored(cvss: float) -> Severity:
    """The severity of a CVSS score; "unknown" of what is none, and of 0."""
    if not cvss <= _HIGHEST:
        return "unknown"
    return next((severity for lowest, severity in _FROM if cvss >= lowest), "unknown")


def place(file: str, line: int) -> str:
    """Where in the code, however the scanner was told the folder: "src/run.py:12"."""
    path = unquote(file).removeprefix("file://").replace("\\", "/").removeprefix("./")
    return f"{path}:{line}" if line else path
