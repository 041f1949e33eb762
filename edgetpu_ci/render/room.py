"""What fits into so many bytes of a comment."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from edgetpu_ci.render import gfm


class Parts(NamedTuple):
    """A comment in the order in which it is read; `table` makes what is above the folds for so many bytes."""

    heading: str
    before: list[str]
    table: Callable[[int], list[str]]
    after: list[str]
    folded: list[str]


def size(blocks: Iterable[str]) -> int:
    """Bytes of some blocks with the blank line before each."""
    return sum(len(block.encode()) + 2 for block in blocks)


def fitting(blocks: Sequence[str], room: int) -> list[str]:
    """The blocks up to the first for which there is no room."""
    found: list[str] = []
    for block in blocks:
        room -= size([block])
        if room < 0:
            break
        found.append(block)
    return found


def table(head: Sequence[str], rows: Sequence[Sequence[str]], room: int) -> list[str]:
    """A table of as many rows as there is room for, and how many more there are; nothing when none fits."""
    room -= size([gfm.table(head, []), more(len(rows))])
    shown = len(fitting([gfm.table([], [row]) for row in rows], room))
    if shown == len(rows):
        return [gfm.table(head, rows)] if rows else []
    return [gfm.table(head, rows[:shown]), more(len(rows) - shown)] if shown else []


def capped(head: Sequence[str], rows: Sequence[Sequence[str]], most: int) -> str:
    """A table of at most so many rows, and how many more there are."""
    rest = len(rows) - most
    return "\n\n".join([gfm.table(head, rows[:most]), *([more(rest)] if rest > 0 else [])])


def more(count: int) -> str:
    """How many are left out."""
    return f"… and {count:,} more"
