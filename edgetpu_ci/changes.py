"""Change points of a series: all at once, or by a watch that sees one point after the other.

docs/detection.md has the method in words, its formulas, and what was measured.
"""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Sequence
from math import inf, log, sqrt
from statistics import median
from typing import NamedTuple

from msgspec.structs import replace

from edgetpu_ci import segments
from edgetpu_ci.model import Change, Tier

SPAN = 20
"""How many points on either side of a change are compared."""

REACH = 100
"""How many points on either side show what range the series has covered lately."""

WINDOW = 200
"""How many of the newest points a watch looks at."""

HORIZON = 50
"""A watch speaks only of changes among so many of the newest points."""

MARGIN = 5
"""Changes no further apart are one and the same."""

PENALTY = 8.0
"""What a change costs in the division into levels, in units of noise² × ln n."""


class Evidence(NamedTuple):
    """What speaks for a change; as limits, what each must at least be."""

    size: float
    """Difference of the levels: of logarithms, or in units of the largest value where some are not positive."""
    share: float
    """The same in units of the range that the series covers around the change."""
    effect: float
    """The same in units of the deviation about the two levels."""
    certainty: float
    """The effect over its standard error, as of a t test."""
    order: float
    """z of the Mann-Whitney test, which knows no size."""
    points: float
    """Points of the shorter of the two levels."""

    def over(self, limits: "Evidence") -> float:
        """How far the weakest is above its limit: from 1 on, all are met."""
        return min(found / limit for found, limit in zip(self, limits, strict=True))


LIMITS: dict[Tier, Evidence] = {
    "suspected": Evidence(size=0.005, share=0.2, effect=1.25, certainty=6, order=2.5, points=4),
    "confirmed": Evidence(size=0.01, share=0.25, effect=1.25, certainty=8, order=3, points=6),
}


def find(values: Sequence[float]) -> tuple[Change, ...]:
    """The changes of a whole series of finite values, in order; `before` and `after` are medians of their levels."""
    values = list(values)
    if len(values) < 2 * LIMITS["suspected"].points:
        return ()
    levels = scaled(values)
    edges = [0, *_starts(levels), len(values)]
    found = []
    for before, at, after in zip(edges, edges[1:], edges[2:], strict=False):
        confirmed = weigh(levels, before, at, after).over(LIMITS["confirmed"]) >= 1
        found.append(
            Change(
                index=at,
                tier="confirmed" if confirmed else "suspected",
                before=median(values[before:at]),
                after=median(values[at:after]),
            )
        )
    return tuple(found)


class Watch:
    """Sees a series grow, one point after the other; what a point costs does not depend on how many came before.

    `said` is all that was ever said, each place once. What was said at a point depends on the points up to it alone.
    A suspicion that was withdrawn is spoken of again only when it is confirmed.
    """

    def __init__(self) -> None:
        self.said: list[Change] = []
        self._recent: deque[float] = deque(maxlen=WINDOW)
        self._newest = -1

    def add(self, value: float) -> None:
        """Take the next point, a finite value, and say what it shows."""
        self._newest += 1
        self._recent.append(value)
        first = self._newest + 1 - len(self._recent)
        seen = [
            replace(change, index=first + change.index)
            for change in find(self._recent)
            if self._is_new(first + change.index)
        ]
        for place, change in enumerate(self.said):
            if change.withdrawn_at is None and self._is_new(change.index) and not _same(change, seen):
                self.said[place] = replace(change, withdrawn_at=self._newest)
        for change in seen:
            self._say(change)

    def _is_new(self, index: int) -> bool:
        return self._newest - index < HORIZON

    def _say(self, change: Change) -> None:
        confirmed_at = self._newest if change.tier == "confirmed" else None
        known = _same(change, self.said)
        if known is None:
            self.said.append(replace(change, suspected_at=self._newest, confirmed_at=confirmed_at))
        elif confirmed_at is not None and known.confirmed_at is None:
            self.said[self.said.index(known)] = replace(
                known, tier="confirmed", before=change.before, after=change.after, confirmed_at=confirmed_at
            )


def watch(values: Iterable[float]) -> tuple[Change, ...]:
    """All that a watch says of a series of finite values, in the order of their places."""
    watching = Watch()
    for value in values:
        watching.add(value)
    return tuple(sorted(watching.said, key=lambda change: change.index))


def _same(change: Change, others: Iterable[Change]) -> Change | None:
    """The one of the others that is at the same place."""
    near = [other for other in others if abs(other.index - change.index) <= MARGIN]
    return min(near, key=lambda other: abs(other.index - change.index), default=None)


def scaled(values: Sequence[float]) -> list[float]:
    """Logarithms where all values are positive, else fractions of the largest; about their median."""
    if min(values) > 0:
        plain = [log(value) for value in values]
    else:
        largest = max(map(abs, values)) or 1.0
        plain = [value / largest for value in values]
    middle = median(plain)
    return [value - middle for value in plain]


def _starts(levels: Sequence[float]) -> list[int]:
    """First points of the new levels that all limits of a suspicion allow."""
    noise = segments.noise(levels)
    if noise == 0:
        return []
    calm = [level / noise for level in segments.calmed(levels)]
    edges = [0, *segments.partition(calm, PENALTY * log(len(levels))), len(levels)]
    _merge(levels, edges)
    return [
        segments.boundary(levels, before, at, after)
        for before, at, after in zip(edges, edges[1:], edges[2:], strict=False)
    ]


def _merge(levels: Sequence[float], edges: list[int]) -> None:
    """Take out the weakest change again and again, until all are strong enough."""
    while len(edges) > 2:  # noqa: PLR2004 - the two ends
        strengths = [
            (weigh(levels, before, at, after).over(LIMITS["suspected"]), place)
            for place, (before, at, after) in enumerate(zip(edges, edges[1:], edges[2:], strict=False), 1)
        ]
        weakest, place = min(strengths)
        if weakest >= 1:
            return
        del edges[place]


def weigh(levels: Sequence[float], before: int, at: int, after: int) -> Evidence:
    """What speaks for a change at `at`, between the points `before` and `after`."""
    old, new = levels[max(before, at - SPAN) : at], levels[at : min(after, at + SPAN)]
    low, high = median(old), median(new)
    size = abs(high - low)
    deviation = segments.spread([level - low for level in old] + [level - high for level in new])
    effect = _over(size, deviation)
    return Evidence(
        size=size,
        share=_over(size, segments.reach(levels[max(0, at - REACH) : at + REACH])),
        effect=effect,
        certainty=effect * sqrt(len(old) * len(new) / (len(old) + len(new))),
        order=_order(old, new),
        points=min(at - before, after - at),
    )


def _over(size: float, unit: float) -> float:
    return size / unit if unit > 0 else inf if size > 0 else 0.0


def _order(old: Sequence[float], new: Sequence[float]) -> float:
    """|z| of the Mann-Whitney test."""
    ordered = sorted(old)
    wins = sum(bisect_left(ordered, value) + bisect_right(ordered, value) for value in new) / 2
    pairs = len(old) * len(new)
    return abs(wins - pairs / 2) / sqrt(pairs * (len(old) + len(new) + 1) / 12)
