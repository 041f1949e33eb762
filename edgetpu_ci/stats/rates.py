"""Finding the highest rate that is met: which to try next, and what those that were tried say."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

LEAST: Final = 1 / 64
"""Of the rate above which nothing is served: where not even this share of it is met, none is."""

TWICE: Final = 2
"""So often the answer must be met."""


class Tried(Struct, frozen=True):
    """A rate that was tried, and why it was missed; empty when it was met."""

    rate: float
    missed: str = ""


class Bracket(Struct, frozen=True):
    """The highest rate met below all that were missed (None: none was), and the lowest that is not met."""

    met: float | None
    missed: float


def bracket(tried: Sequence[Tried], top: float) -> Bracket:
    """What is known so far; nothing above `top` can be met.

    A rate that was once missed is missed, and so is all above it, whatever was met there: what is promised is every
    rate up to the answer.
    """
    missed = min((each.rate for each in tried if each.missed), default=top)
    return Bracket(max((each.rate for each in tried if not each.missed and each.rate < missed), default=None), missed)


def following(tried: Sequence[Tried], top: float, within: float) -> float | None:
    """The rate to try next: half way between, until they are `within` each other, then the answer once more.

    None when the answer is known, or there is none.
    """
    known = bracket(tried, top)
    if known.met is None:
        return known.missed / 2 if known.missed / 2 >= top * LEAST else None
    if known.missed > known.met * (1 + within):
        return (known.met + known.missed) / 2
    return None if is_confirmed(tried, known.met) else known.met


def is_confirmed(tried: Sequence[Tried], rate: float) -> bool:
    """Whether a rate was met as often as an answer must be."""
    return sum(each.rate == rate and not each.missed for each in tried) >= TWICE


def contradictions(tried: Sequence[Tried]) -> int:
    """How many rates were met that are as high as one that was missed, or higher: met and missed overlap."""
    missed = min((each.rate for each in tried if each.missed), default=float("inf"))
    return len({each.rate for each in tried if not each.missed and each.rate >= missed})
