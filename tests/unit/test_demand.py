"""What rules demand, taken together."""

from edgetpu_ci.judging.demand import Least, of_changes
from edgetpu_ci.model import Measurement, Rule


def test_of_several_rules_the_least_effect_and_the_least_floor_are_looked_for() -> None:
    rules = [
        Rule(match="m/latency_p10_ms", worse_by_percent=1, floor_ms=0.5),
        Rule(match="*/latency_p10_ms", worse_by_percent=10, floor_ms=0.01),
    ]
    (found,) = of_changes([Measurement(subject="m", metric="latency_p10_ms", value=1.0)], rules).values()
    assert found == Least(effect=0.01, floor_ms=0.01)
