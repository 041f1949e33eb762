"""What the store really holds of the rows that the cursors call known; what is lost is not known any more."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import structs

from edgetpu_ci import memory
from edgetpu_ci.errors import DocumentError, StoreError
from edgetpu_ci.github_rows import cursors, issues, overview, pulls, runs, spans
from edgetpu_ci.github_rows.cursors import LISTS, Cursors
from edgetpu_ci.github_rows.overview import DEPLOYMENTS, RELEASES
from edgetpu_ci.github_rows.shelf import Kind, kind_of, month_of
from edgetpu_ci.github_rows.spans import Span

KINDS: Final[Mapping[str, Kind[Any]]] = {
    kind.name: kind for kind in (pulls.KIND, issues.KIND, runs.KIND, overview.KIND)
}

_TRIES: Final = 20
_LONGEST_MONTH: Final = timedelta(days=31)


def mend(state: memory.State) -> list[str]:
    """Take out of the store what cannot be read, and out of the cursors what is not there; a sentence for each."""
    for _ in range(_TRIES):
        old = state.state(cursors.NAME)
        known, damaged = read(old)
        gone = lost(state, known.held)
        if not gone and not damaged:
            return []
        left = forgetting(known, gone)
        changes: dict[str, memory.Swap] = {cursors.NAME: (old, memory.pack(left))}
        changes |= {name: (data, None) for name, data in state.states(gone).items()}
        if state.swap_all(changes):
            return [*damaged, *(f"{why}; the rows of that time are read again." for why in gone.values())]
    raise StoreError(f"What is kept could not be mended: other jobs were faster {_TRIES} times; try again later.")


def read(data: bytes | None) -> tuple[Cursors, list[str]]:
    """The cursors, none where they cannot be read, and a sentence that says so."""
    try:
        return cursors.unpacked(data), []
    except DocumentError as error:
        why = str(error).partition(";")[0].rstrip(".")
        return Cursors(), [f"{why}; all rows are read again, also of a time that was erased: erase it again."]


def lost(state: memory.State, held: Iterable[str], only: str = "") -> dict[str, str]:
    """Which months are missing, empty or cannot be read, each with why; `only` those of a kind."""
    there = {name for name in state.values() if kind_of(name) in KINDS}
    names = sorted(name for name in {*held, *there} if not only or kind_of(name) == only)
    data = state.states(names)
    found = {name: _fault(name, data.get(name)) for name in names}
    return {name: why for name, why in found.items() if why}


def _fault(name: str, data: bytes | None) -> str:
    if data is None:
        return f"{name} is missing in the store"
    if not data:
        return f"{name} in the store is empty"
    try:
        memory.unpack(data, list[KINDS[kind_of(name)].row], name)  # type: ignore[arg-type,misc]
    except DocumentError as error:
        return str(error).partition(";")[0].rstrip(".")
    return ""


def forgetting(known: Cursors, gone: Iterable[str]) -> Cursors:
    """The cursors without the time of months that are lost."""
    names = set(gone)
    asked = known.asked
    found: dict[str, tuple[Span, ...]] = {}
    for name in names:
        kind, bounds = kind_of(name), _month(name)
        if kind in LISTS:
            known_now = found.get(kind, getattr(known, kind))
            found[kind] = spans.without(known_now, bounds if kind == runs.KIND.name else Span(bounds.low, spans.END))
        else:
            asked = {part: at for part, at in asked.items() if part not in {DEPLOYMENTS, RELEASES}}
    reached = {kind: at for kind in found if (at := spans.reach(getattr(known, kind)))}
    held = tuple(name for name in known.held if name not in names)
    return structs.replace(known, **found, asked=asked, held=held, lost={**known.lost, **reached})


def _month(name: str) -> Span:
    """A month; rows of a list that goes by their last change may have changed at any time since."""
    low = month_of(name)
    return Span(low, (low + _LONGEST_MONTH).replace(day=1) - spans.SECOND)


def since(known: Cursors, kind: str) -> datetime | None:
    """From when on every row of a list is known; None where none is.

    What was lost at the newest end is as far as reading had come, and a gap until it is read again.
    """
    reached: tuple[Span, ...] = getattr(known, kind)
    if not reached:
        return None
    end = [Span(at, at) for at in [known.lost.get(kind)] if at]
    return spans.union([*reached, *end])[-1].low
