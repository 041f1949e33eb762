"""What rules demand, taken together."""

import pytest

from edgetpu_ci.judging.demand import Least, matches, metrics_of, of_changes
from edgetpu_ci.model import Measurement, Rule

SUBJECTS = ("m", "a/b", "")
METRICS = ("latency_p99_ms", "p99_latency_ms", "throughput_fps", "odd/throughput_fps", "", "[x]")


def test_of_several_rules_the_least_effect_and_the_least_floor_are_looked_for() -> None:
    rules = [
        Rule(match="m/latency_p10_ms", worse_by_percent=1, floor_ms=0.5),
        Rule(match="*/latency_p10_ms", worse_by_percent=10, floor_ms=0.01),
    ]
    (found,) = of_changes([Measurement(subject="m", metric="latency_p10_ms", value=1.0)], rules).values()
    assert found == Least(effect=0.01, floor_ms=0.01)


@pytest.mark.parametrize(
    "match",
    ["*/throughput_fps", "m/p99_latency_ms", "*", "*_fps", "a/*", "*[/]throughput_fps", "*/odd/throughput_fps",
     "throughput_fps", "*/nothing_known", "*/", "*/[x]", "*/throughput_fp[!x]"],
)  # fmt: skip
def test_no_metric_that_a_rule_matches_is_passed_over(match: str) -> None:
    rule = Rule(match=match)
    named = {m for m in METRICS for s in SUBJECTS if matches(rule, Measurement(subject=s, metric=m))}
    assert named <= metrics_of(rule, METRICS)


def test_of_a_name_letter_by_letter_and_its_aliases_nothing_else_is_looked_at() -> None:
    assert metrics_of(Rule(match="*/p99_latency_ms"), METRICS) == {"latency_p99_ms", "p99_latency_ms"}
    assert metrics_of(Rule(match="m/nothing_known"), METRICS) == set()
