"""Progress: one moving line on a terminal, a plain line now and then in a log."""

from collections.abc import Callable

from edgetpu_ci.render import words

Progress = Callable[[str, int, int], None]
Write = Callable[[str], object]
_WIDTH = 28


def bar(write: Write) -> Progress:
    """A bar that redraws itself, and clears the line when it is done."""

    def show(what: str, done: int, total: int) -> None:
        filled = _WIDTH * done // max(total, 1)
        line = f"{'━' * filled}{'─' * (_WIDTH - filled)} {done}/{total} {words.plain(what, 40)}"
        write(f"\r\x1b[K{line}" if done < total else "\r\x1b[K")

    return show


def lines(write: Write) -> Progress:
    """A line at each quarter: a log keeps every line it is given."""
    said = -1

    def show(what: str, done: int, total: int) -> None:
        nonlocal said
        quarter = 4 * done // max(total, 1)
        if quarter != said:
            said = quarter
            write(f"{done}/{total} {words.tame(words.plain(what))}\n")

    return show
