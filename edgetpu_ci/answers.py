"""What is demanded of a model's answers where the configuration demands nothing of them. Pure."""

from collections.abc import Iterable, Iterator
from glob import escape
from typing import Final

from edgetpu_ci.model import Measurement, Rule

_WHERE_ALIKE: Final = ("output_steps_max", "output_steps_mean")


def rules(measurements: Iterable[Measurement], alike: frozenset[str] = frozenset()) -> Iterator[Rule]:
    """That outputs move, and agree with the CPU's as before; of the same file, that they are as near to them."""
    for measured in measurements:
        match = f"{escape(measured.subject)}/{measured.metric}"
        if measured.metric == "outputs_stuck":
            yield Rule(match=match, max=0, unknown="pass")
        if measured.metric == "top1_agreement_percent":
            yield Rule(match=match, worse_by_percent=0, unknown="pass")
        if measured.metric in _WHERE_ALIKE and measured.subject in alike:
            yield Rule(match=match, worse_by_percent=0, unknown="pass")
