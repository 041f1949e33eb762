"""What is demanded of a model's facts where no rule is: that nothing more falls to the CPU or is uploaded again."""

from collections.abc import Sequence
from glob import escape
from typing import Final

from edgetpu_ci.judging import demand
from edgetpu_ci.model import Comparison, Measurement, Rule

KEPT: Final = ("ops_on_cpu", "switch_upload_bytes")
"""An operator that falls back to the CPU and parameters that are uploaded again cost more than any noise."""


def rules(
    demanded: Sequence[Rule], measurements: Sequence[Measurement], comparisons: Sequence[Comparison]
) -> tuple[Rule, ...]:
    """That none of them grew, of each that has something to compare with, or that could not be read.

    A rule that names one stands in its place.
    """
    compared = {comparison.key for comparison in comparisons}
    return tuple(
        Rule(match=f"{escape(m.subject)}/{m.metric}", worse_by_percent=0, unknown="warn")
        for m in measurements
        if m.metric in KEPT
        and (m.key in compared or m.value is None)
        and not any(demand.matches(rule, m) for rule in demanded)
    )
