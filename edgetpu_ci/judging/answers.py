"""What is demanded of a model's answers where no rule is: that they move, and agree with the CPU's as before."""

from collections.abc import Iterator, Sequence
from glob import escape
from itertools import count
from typing import Final

from edgetpu_ci import stats
from edgetpu_ci.judging import demand
from edgetpu_ci.model import Measurement, Rule

ON_THE_EDGE: Final = 0.05
"""Share of inputs whose choice a harmless change of a model may turn over: two classes were nearly as likely."""

BY_CHANCE: Final = 0.01
"""A fall of agreement is one when harmless changes make so great a one in fewer than 1 in 100 pull requests."""

_WHERE_ALIKE: Final = ("output_steps_max", "output_steps_mean", "top1_agreement_percent")


def rules(
    demanded: Sequence[Rule], measurements: Sequence[Measurement], alike: frozenset[str] = frozenset()
) -> Iterator[Rule]:
    """That outputs move, and agree with the CPU's as before; of the same file, that they are just as near to them.

    A rule that names one stands in its place.
    """
    for measured in measurements:
        if not any(demand.matches(rule, measured) for rule in demanded):
            yield from _of(measured, is_alike=measured.subject in alike)


def _of(measured: Measurement, *, is_alike: bool) -> Iterator[Rule]:
    match = f"{escape(measured.subject)}/{measured.metric}"
    if measured.metric == "outputs_stuck":
        yield Rule(match=match, max=0, unknown="pass")
    elif measured.metric in _WHERE_ALIKE and is_alike:
        yield Rule(match=match, worse_by_percent=0, unknown="pass")
    elif measured.metric == "top1_agreement_percent" and measured.n:
        yield Rule(match=match, worse_by_percent=round(100 * by_chance(measured.n) / measured.n, 1), unknown="pass")


def by_chance(examples: int) -> int:
    """Of so many examples, how many choices a harmless change may turn over: 2 of 8, 5 of 32."""
    return next(turned for turned in count() if stats.binomial_tail(turned + 1, examples, ON_THE_EDGE) < BY_CHANCE)
