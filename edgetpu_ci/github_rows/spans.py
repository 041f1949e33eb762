"""Spans of time that are known, those that are not, and how a long one is read in pieces below a cap."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

from msgspec import Struct

SECOND: Final = timedelta(seconds=1)
"""GitHub's times have no finer parts: what ends a second before another begins touches it."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

END: Final = datetime(9999, 12, 31, tzinfo=UTC)


class Span(Struct, frozen=True, omit_defaults=True):
    """From `low` to `high`, both included, in whole seconds.

    `after` is where a list that is read from its newest item on goes on below `low`; empty where nothing is left.
    """

    low: datetime
    high: datetime
    after: str = ""

    @property
    def seconds(self) -> int:
        """How many seconds lie in it."""
        return int((self.high - self.low) / SECOND) + 1


def union(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same time as `spans`, oldest first, none touching another; a list goes on where its oldest part did."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.low, span.after)):
        if found and span.low <= found[-1].high + SECOND:
            last = found.pop()
            span = Span(last.low, max(last.high, span.high), last.after)  # noqa: PLW2901
        found.append(span)
    return tuple(found)


def within(spans: Iterable[Span], bounds: Span) -> tuple[Span, ...]:
    """The parts of spans that lie in `bounds`."""
    cut = (Span(max(span.low, bounds.low), min(span.high, bounds.high)) for span in spans)
    return union(span for span in cut if span.low <= span.high)


def missing(wanted: Span, known: Iterable[Span]) -> tuple[Span, ...]:
    """The parts of `wanted` that no known span has, oldest first."""
    before, after = wanted.low - SECOND, wanted.high + SECOND
    edges = (Span(before, before), *within(known, wanted), Span(after, after))
    gaps = (Span(one.high + SECOND, other.low - SECOND) for one, other in pairwise(edges))
    return tuple(gap for gap in gaps if gap.low <= gap.high)


def without(spans: Iterable[Span], gone: Span) -> tuple[Span, ...]:
    """Spans without a part of them; below it a list goes on where it did."""
    below = (Span(span.low, min(span.high, gone.low - SECOND), span.after) for span in spans)
    above = (Span(max(span.low, gone.high + SECOND), span.high) for span in spans) if gone.high < END else ()
    return union(span for span in (*below, *above) if span.low <= span.high)


def newest(span: Span, items: float, density: float | None) -> tuple[Span, Span | None]:
    """The newest piece of a span that holds about so many items, of which `density` come a second; and the rest.

    The whole span where the density is not known, or so low.
    """
    if not density or items >= density * span.seconds:
        return span, None
    seconds = max(1, int(items / density))
    low = span.high - SECOND * (seconds - 1)
    return Span(low, span.high), Span(span.low, low - SECOND)


def reach(known: Sequence[Span]) -> datetime | None:
    """The newest time that is known."""
    return max((span.high for span in known), default=None)


def words(spans: Iterable[Span]) -> str:
    """The days of spans, as a sentence has them."""
    return ", ".join(f"from {span.low:%Y-%m-%d} to {span.high:%Y-%m-%d}" for span in spans)
