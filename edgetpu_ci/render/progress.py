"""Progress: one moving line on a terminal, a plain line now and then in a log."""

from collections.abc import Callable
from typing import TextIO

from edgetpu_ci.render import words

Progress = Callable[[str, int, int], None]
_WIDTH = 28


def bar(stream: TextIO) -> Progress:
    """A bar that redraws itself, and clears the line when it is done."""

    def show(what: str, done: int, total: int) -> None:
        filled = _WIDTH * done // max(total, 1)
        line = f"{'━' * filled}{'─' * (_WIDTH - filled)} {done}/{total} {words.plain(what, 40)}"
        stream.write(f"\r\x1b[K{line}" if done < total else "\r\x1b[K")
        stream.flush()

    return show


def lines(stream: TextIO) -> Progress:
    """A line at each quarter: a log keeps every line it is given."""
    said = -1

    def show(what: str, done: int, total: int) -> None:
        nonlocal said
        quarter = 4 * done // max(total, 1)
        if quarter != said:
            said = quarter
            stream.write(f"measuring {done}/{total} {words.tame(words.plain(what))}\n")
            stream.flush()

    return show
