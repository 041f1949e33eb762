"""Change points of a series: all at once, or by a watch that sees one point after the other.

docs/detection.md has the method in words, its formulas, and what was measured.
"""

from collections.abc import Iterable, Sequence
from math import isfinite
from statistics import median_low

from msgspec.structs import replace

from edgetpu_ci.model import Change
from edgetpu_ci.stats import evidence
from edgetpu_ci.stats.levels import Levels

FEWEST = 8
"""Fewer points have no change: four on either side."""

WINDOW = 200
"""How many of the newest points a watch goes back to when it begins anew, which it does after half as many more."""

HORIZON = 30
"""A watch speaks only of changes among so many of the newest points."""

MARGIN = 5
"""Changes no further apart are one and the same."""


def find(values: Sequence[float]) -> tuple[Change, ...]:
    """The changes of a whole series, oldest value first; `before` and `after` are medians of their levels.

    ValueError when a value is not finite.
    """
    if not all(map(isfinite, values)):
        raise ValueError("a series has finite values only")
    return tuple(_changes(Levels(values), values)) if len(values) >= FEWEST else ()


def watch(values: Iterable[float]) -> tuple[Change, ...]:
    """All that a watch says of a series, in the order of the places. ValueError when a value is not finite."""
    watching = Watch()
    for value in values:
        watching.add(value)
    return tuple(sorted(watching.said, key=lambda change: change.index))


class Watch:
    """Sees a series grow, one point after the other; it looks at no more than the newest 300.

    `said` is all that was ever said, each place once. What was said at a point depends on the points up to it alone:
    index and levels stay as they were when the tier was first said. A suspicion that was withdrawn is spoken of again
    only when it is confirmed; what was confirmed is withdrawn only if it is not seen at the end of the horizon.
    """

    def __init__(self) -> None:
        self.said: list[Change] = []
        self._newest = -1
        self._recent: list[float] = []
        self._levels: Levels | None = None
        self._anew = FEWEST

    def add(self, value: float) -> None:
        """Take the next point, and say what it shows. ValueError when it is not finite."""
        if not isfinite(value):
            raise ValueError("a series has finite values only")
        self._newest += 1
        self._recent.append(value)
        if self._newest + 1 >= self._anew or (self._levels and not self._levels.takes(value)):
            self._begin()
        elif self._levels:
            self._levels.add(value)
        if self._levels:
            first = self._newest + 1 - len(self._recent)
            seen = _changes(self._levels, self._recent)
            self._judge([replace(change, index=first + change.index) for change in seen])

    def _begin(self) -> None:
        """Scale and noise from the newest points: they may have changed."""
        del self._recent[:-WINDOW]
        self._levels = Levels(self._recent)
        self._anew = self._newest + 1 + len(self._recent) // 2

    def _judge(self, seen: Sequence[Change]) -> None:
        for place, change in enumerate(self.said):
            if self._is_open(change) and _same(change, seen) is None:
                self.said[place] = replace(change, withdrawn_at=self._newest)
        for change in seen:
            if self._is_new(change):
                self._say(change)

    def _is_open(self, change: Change) -> bool:
        """Whether it is withdrawn if it is not seen now: a confirmed one is asked once, at the end."""
        age = self._newest - change.index
        return change.withdrawn_at is None and (age == HORIZON - 1 if change.tier == "confirmed" else age < HORIZON)

    def _is_new(self, change: Change) -> bool:
        return self._newest - change.index < HORIZON

    def _say(self, change: Change) -> None:
        confirmed_at = self._newest if change.tier == "confirmed" else None
        known = _same(change, self.said)
        if known is None:
            self.said.append(replace(change, suspected_at=self._newest, confirmed_at=confirmed_at))
        elif confirmed_at is not None and known.confirmed_at is None:
            confirmed = replace(change, index=known.index, suspected_at=known.suspected_at, confirmed_at=confirmed_at)
            self.said[self.said.index(known)] = replace(confirmed, withdrawn_at=known.withdrawn_at)


def _changes(levels: Levels, values: Sequence[float]) -> Iterable[Change]:
    for before, at, after, found in levels.boundaries():
        yield Change(
            index=at,
            tier=evidence.tier(found),
            before=median_low(values[before:at]),
            after=median_low(values[at:after]),
        )


def _same(change: Change, others: Iterable[Change]) -> Change | None:
    """The one of the others that is at the same place."""
    near = [other for other in others if abs(other.index - change.index) <= MARGIN]
    return min(near, key=lambda other: abs(other.index - change.index), default=None)
