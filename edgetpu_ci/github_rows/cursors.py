"""How far reading has come: kept beside the rows, and written only after them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from msgspec import Struct, field, structs

from edgetpu_ci import memory
from edgetpu_ci.github_rows import spans
from edgetpu_ci.github_rows.spans import Span
from edgetpu_ci.kpis.rows import Erased

NAME: Final = "github-cursors"

LISTS: Final = ("pulls", "issues", "runs")


class Asked(Struct, frozen=True, omit_defaults=True):
    """When something that changes seldom was asked for, and its answer where it is a number."""

    at: datetime
    value: float | None = None


class Cursors(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is in the store whole: `runs` by when they came to be, `pulls` and `issues` by when they last changed.

    Rows are kept for `days`. `swept` is when runs were last looked through for those that were run again. `held` are
    the values that have rows; `lost` is how far each list was known when rows of it were found to be lost, and `erased`
    what of each kind was taken out for good.
    """

    days: int = 0
    runs: tuple[Span, ...] = ()
    pulls: tuple[Span, ...] = ()
    issues: tuple[Span, ...] = ()
    swept: datetime = spans.EPOCH
    asked: dict[str, Asked] = field(default_factory=dict)
    held: tuple[str, ...] = ()
    lost: dict[str, datetime] = field(default_factory=dict)
    erased: dict[str, Erased] = field(default_factory=dict)


def merged(one: Cursors, other: Cursors) -> Cursors:
    """What two jobs know together, who keep rows for equally long: neither order nor repetition makes a difference."""
    return Cursors(
        days=one.days,
        runs=spans.union((*one.runs, *other.runs)),
        pulls=spans.union((*one.pulls, *other.pulls)),
        issues=spans.union((*one.issues, *other.issues)),
        swept=max(one.swept, other.swept),
        asked={name: _later(one.asked.get(name), other.asked.get(name)) for name in {**one.asked, **other.asked}},
        held=tuple(sorted({*one.held, *other.held})),
        lost={
            name: max(each[name] for each in (one.lost, other.lost) if name in each)
            for name in {**one.lost, **other.lost}
        },
        erased=erased(one.erased, other.erased),
    )


def erased(one: Mapping[str, Erased], other: Mapping[str, Erased]) -> dict[str, Erased]:
    """What was erased of each kind by one and by the other."""
    found = dict(one)
    for name, gone in other.items():
        known = found.get(name, gone)
        found[name] = Erased(
            before=max(known.before, gone.before),
            last=max(known.last, gone.last),
            is_open=known.is_open or gone.is_open,
        )
    return found


def _later(one: Asked | None, other: Asked | None) -> Asked:
    return max((asked for asked in (one, other) if asked), key=lambda asked: asked.at)


def load(state: memory.State, days: int = 0) -> Cursors:
    """The cursors in the store, for who keeps rows for so many days (0: only looks); none yet is a beginning.

    So are those of rows that were kept for less time: nobody knows what is missing before.
    """
    known = unpacked(state.state(NAME), days)
    if known.days < days:
        return Cursors(days=days, held=known.held, erased=known.erased)
    return structs.replace(known, days=days or known.days)


def change(old: bytes | None, cursors: Cursors, changes: Mapping[str, memory.Swap]) -> tuple[Cursors, bytes]:
    """The cursors with what other jobs put into the store meanwhile, and how they are stored beside these changes."""
    known = unpacked(old, cursors.days)
    both = merged(known, cursors) if known.days == cursors.days else cursors
    both = structs.replace(both, held=holding(known.held, changes), erased=erased(known.erased, cursors.erased))
    return both, memory.pack(both)


def holding(held: Iterable[str], changes: Mapping[str, memory.Swap]) -> tuple[str, ...]:
    """Which values have rows once these changes are made."""
    kept = {name for name in held if name not in changes}
    return tuple(sorted(kept | {name for name, (_, new) in changes.items() if new is not None}))


def unpacked(data: bytes | None, days: int = 0) -> Cursors:
    """The cursors as they are stored; DocumentError when they cannot be read."""
    return memory.unpack(data, Cursors, NAME) if data else Cursors(days=days)
