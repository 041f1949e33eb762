"""How far reading has come: kept beside the rows, and written only after them."""

from datetime import datetime
from typing import Final

from msgspec import Struct, field, structs

from edgetpu_ci import memory
from edgetpu_ci.github_rows import spans
from edgetpu_ci.github_rows.spans import Span

NAME: Final = "github-cursors"


class Asked(Struct, frozen=True, omit_defaults=True):
    """When something that changes seldom was asked for, and its answer where it is a number."""

    at: datetime
    value: float | None = None


class Cursors(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is in the store whole: `runs` by when they came to be, `pulls` and `issues` by when they last changed.

    Rows are kept for `days`. `swept` is when runs were last looked through for those that were run again.
    """

    days: int = 0
    runs: tuple[Span, ...] = ()
    pulls: tuple[Span, ...] = ()
    issues: tuple[Span, ...] = ()
    swept: datetime = spans.EPOCH
    asked: dict[str, Asked] = field(default_factory=dict)


def merged(one: Cursors, other: Cursors) -> Cursors:
    """What two jobs know together, who keep rows for equally long: neither order nor repetition makes a difference."""
    return Cursors(
        days=one.days,
        runs=spans.union((*one.runs, *other.runs)),
        pulls=spans.union((*one.pulls, *other.pulls)),
        issues=spans.union((*one.issues, *other.issues)),
        swept=max(one.swept, other.swept),
        asked={name: _later(one.asked.get(name), other.asked.get(name)) for name in {**one.asked, **other.asked}},
    )


def _later(one: Asked | None, other: Asked | None) -> Asked:
    return max((asked for asked in (one, other) if asked), key=lambda asked: asked.at)


def load(state: memory.State, days: int = 0) -> Cursors:
    """The cursors in the store, for who keeps rows for so many days (0: only looks); none yet is a beginning.

    So are those of rows that were kept for less time: nobody knows what is missing before.
    """
    known = _unpacked(state.state(NAME), days)
    if known.days < days:
        return Cursors(days=days)
    return structs.replace(known, days=days or known.days)


def change(old: bytes | None, cursors: Cursors) -> tuple[Cursors, bytes]:
    """The cursors with what other jobs put into the store meanwhile, and how they are stored."""
    known = _unpacked(old, cursors.days)
    both = merged(known, cursors) if known.days == cursors.days else cursors
    return both, memory.pack(both)


def _unpacked(data: bytes | None, days: int) -> Cursors:
    return memory.unpack(data, Cursors, NAME) if data else Cursors(days=days)
