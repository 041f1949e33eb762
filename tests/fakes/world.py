"""A World that stays on its own ground."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn

from edgetpu_ci.world import Ran, World

NOTHING: Mapping[str, str] = MappingProxyType({})
AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def no_github() -> NoReturn:
    """Nobody should ask."""
    raise AssertionError("this test gives no GitHub")


def no_process(argv: Sequence[str], _stdin: bytes, _timeout: float, _env: Mapping[str, str] = NOTHING) -> Ran:
    """Nothing but git is asked, and there is no repository."""
    assert argv[0] == "git", argv
    return Ran(status=128, stdout=b"", stderr=b"fatal: not a git repository")


class Said(list[str]):
    """Lines that were written, in order."""


def world(cwd: Path, **parts: object) -> World:
    """A world in `cwd` with an empty environment and a clock that stands still; `parts` replace any of it."""
    known = {
        "env": {},
        "cwd": cwd,
        "root": cwd / "root",
        "now": lambda: AT,
        "token": lambda: "0123456789abcdef",
        "run": no_process,
        "github": no_github,
        "out": Said().append,
        "warn": Said().append,
    }
    return World(**{**known, **parts})  # type: ignore[arg-type]
