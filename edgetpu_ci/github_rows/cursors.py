"""How far reading has come: kept beside the rows, and written only after them."""

from datetime import datetime
from typing import Final

from msgspec import Struct, field

from edgetpu_ci import memory
from edgetpu_ci.errors import StoreError
from edgetpu_ci.github_rows import spans
from edgetpu_ci.github_rows.shelf import TRIES
from edgetpu_ci.github_rows.spans import Span

NAME: Final = "github-cursors"


class Asked(Struct, frozen=True, omit_defaults=True):
    """When something that changes seldom was asked for, and its answer where it is a number."""

    at: datetime
    value: float | None = None


class Cursors(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is in the store whole: `runs` by when they came to be, `pulls` and `issues` by when they last changed.

    `swept` is when runs were last looked through for those that were run again.
    """

    runs: tuple[Span, ...] = ()
    pulls: tuple[Span, ...] = ()
    issues: tuple[Span, ...] = ()
    swept: datetime = spans.EPOCH
    asked: dict[str, Asked] = field(default_factory=dict)


def merged(one: Cursors, other: Cursors) -> Cursors:
    """What two jobs know together: neither order nor repetition makes a difference."""
    return Cursors(
        runs=spans.union((*one.runs, *other.runs)),
        pulls=spans.union((*one.pulls, *other.pulls)),
        issues=spans.union((*one.issues, *other.issues)),
        swept=max(one.swept, other.swept),
        asked={name: _later(one.asked.get(name), other.asked.get(name)) for name in {**one.asked, **other.asked}},
    )


def _later(one: Asked | None, other: Asked | None) -> Asked:
    return max((asked for asked in (one, other) if asked), key=lambda asked: asked.at)


def load(state: memory.State) -> Cursors:
    """The cursors in the store; none yet is a beginning."""
    return _unpacked(state.state(NAME))


def save(state: memory.State, cursors: Cursors) -> Cursors:
    """Put them into the store with what other jobs know; both together."""
    for _ in range(TRIES):
        old = state.state(NAME)
        both = merged(_unpacked(old), cursors)
        new = memory.pack(both)
        if new == old or state.swap(NAME, old, new):
            return both
    raise StoreError(f"{NAME} could not be written: other jobs were faster {TRIES} times; try again later.")


def _unpacked(data: bytes | None) -> Cursors:
    return memory.unpack(data, Cursors, NAME) if data else Cursors()
