"""A series on its scale, divided into levels, with what speaks for each change between them."""

from collections.abc import Sequence
from itertools import accumulate
from math import log
from statistics import median
from typing import NamedTuple

from edgetpu_ci.stats import evidence, segments
from edgetpu_ci.stats.evidence import Evidence

SPAN = 20
"""How many points on either side of a change are compared."""

REACH = 100
"""How many points on either side show what range the series covers around a change."""

PENALTY = 8.0
"""What a change costs in the division into levels, in units of noise² × ln n."""

CLIP = 3.0
"""How many deviations a point may lie off the running median before it is drawn nearer."""

AROUND = 4
"""How many points on either side the running median has, and how far a boundary is moved."""


class Boundary(NamedTuple):
    """Where one level ends and the next begins; `before` and `after` are where these two begin and end."""

    before: int
    at: int
    after: int
    evidence: Evidence


class Scale:
    """Logarithms where all values are positive, else fractions of the largest; about their median."""

    def __init__(self, values: Sequence[float]) -> None:
        self._logarithmic = min(values) > 0
        self._largest = max(map(abs, values)) or 1.0
        self._middle = 0.0
        self._middle = median(map(self.level, values))

    def takes(self, value: float) -> bool:
        """Whether one more value has a place on it."""
        return value > 0 if self._logarithmic else abs(value) <= self._largest

    def level(self, value: float) -> float:
        """A value on the scale."""
        return (log(value) if self._logarithmic else value / self._largest) - self._middle


class Levels:
    """Some points, and those that follow them, divided into levels; the first ones set scale and noise for all."""

    def __init__(self, values: Sequence[float]) -> None:
        self._scale = Scale(values)
        self._levels = [self._scale.level(value) for value in values]
        self._noise = segments.noise(self._levels)
        self._most = CLIP * segments.spread(level - self._middle(at) for at, level in enumerate(self._levels))
        self._weighed: dict[tuple[int, ...], Evidence] = {}
        self._division = segments.Division(PENALTY * log(len(values)))
        for at in range(len(values) - AROUND):
            self._division.add(self._calm(at))

    def takes(self, value: float) -> bool:
        """Whether a point can follow; one for which the scale must change cannot."""
        return self._scale.takes(value)

    def add(self, value: float) -> None:
        """Take the next point."""
        self._levels.append(self._scale.level(value))
        # The running median of the newest points may still change.
        self._division.add(self._calm(len(self._levels) - 1 - AROUND))

    def boundaries(self) -> list[Boundary]:
        """Where the levels change, as far as the evidence makes each change at least suspected."""
        count = len(self._levels)
        division = self._division.extended(self._calm(at) for at in range(count - AROUND, count))
        edges = [0, *division.starts(), count]
        found = self._between(edges)
        while found and _strength(weakest := min(found, key=_strength)) < 1:
            edges.remove(weakest.at)
            found = self._between(edges)
        return self._placed(found)

    def _between(self, edges: Sequence[int]) -> list[Boundary]:
        triples = zip(edges, edges[1:], edges[2:], strict=False)
        return [Boundary(*around, self._weigh(*around)) for around in triples]

    def _calm(self, at: int) -> float:
        """A point drawn to the running median, so that a few wild ones are no level; in units of noise."""
        middle = self._middle(at)
        return (middle + max(-self._most, min(self._most, self._levels[at] - middle))) / self._noise

    def _middle(self, at: int) -> float:
        return median(self._levels[max(0, at - AROUND) : at + AROUND + 1])

    def _weigh(self, before: int, at: int, after: int) -> Evidence:
        first, last = max(before, at - SPAN), min(after, at + SPAN)
        low, high = max(0, at - REACH), min(len(self._levels), at + REACH)
        key = first, at, last, high
        if key not in self._weighed:
            reach = segments.reach(self._levels[low:high])
            self._weighed[key] = evidence.weigh(self._levels[first:at], self._levels[at:last], reach)
        return self._weighed[key]

    def _placed(self, found: Sequence[Boundary]) -> list[Boundary]:
        """Each moved to where, near by, it fits best; they stay in order."""
        placed: list[Boundary] = []
        for boundary in found:
            free = boundary._replace(before=placed[-1].at if placed else 0)
            placed.append(free._replace(at=self._best_place(free)))
        return placed

    def _best_place(self, boundary: Boundary) -> int:
        """Where the sum of absolute distances from the medians of both sides is least."""
        before, at, after, _ = boundary
        first, last = max(before + 1, at - AROUND), min(after - 1, at + AROUND)
        old, new = median(self._levels[max(before, at - SPAN) : at]), median(self._levels[at : min(after, at + SPAN)])
        # Moving the boundary past a point trades its distance from the new level for that from the old one.
        costs = accumulate((abs(level - old) - abs(level - new) for level in self._levels[first:last]), initial=0.0)
        return min(enumerate(costs, first), key=lambda place: place[1])[0]


def _strength(boundary: Boundary) -> float:
    return boundary.evidence.over(evidence.SUSPECTED)
