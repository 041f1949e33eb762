"""What is said of a comparison."""

import pytest

from edgetpu_ci.judging.phrases import describe, unchanged
from edgetpu_ci.model import Comparison


def compared(**facts: object) -> Comparison:
    known = {"subject": "mobilenet", "metric": "throughput_sustained_fps", "base": 100, "head": 90, "ratio": 0.9}
    return Comparison(**{**known, **facts})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("metric", "ratio", "words"),
    [
        ("throughput_fps", 0.9, "10 % slower"),
        ("throughput_fps", 1.1, "10 % faster"),
        ("latency_p50_ms", 1.021, "2.1 % slower"),
        ("memory_peak_mb", 0.5, "50 % less"),
        ("memory_peak_mb", 22.17, "2,117 % more"),
    ],
)
def test_a_change_is_said_as_a_user_feels_it(metric: str, ratio: float, words: str) -> None:
    assert describe(compared(metric=metric, ratio=ratio, finding="regressed")) == words


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"interval": (0.99, 1.01)}, "no change shown"),
        ({"interval": (0.99, 1.01), "worth_a_look": True}, "no change shown, worth a look"),
        ({"interval": (0.992, 0.996), "ratio": 0.994}, "0.6 % slower, likely less than matters"),
        ({}, "no change shown"),
    ],
)
def test_what_is_unchanged_does_not_contradict_its_interval(facts: dict[str, object], words: str) -> None:
    assert unchanged(compared(finding="unchanged", **facts)) == words


@pytest.mark.parametrize(
    ("metric", "base", "head", "ratio", "words"),
    [
        ("ops_on_cpu", 0, 12, None, "12 more"),
        ("latency_p10_ms", 0, 0.5, None, "0.5000 ms slower"),
        ("output_mismatch_percent", 0, 3, None, "3 percentage points more"),
        ("accuracy_top1_percent", 90, 0, 0.0, "100 % less"),
        ("throughput_fps", 90, 0, 0.0, "100 % slower"),
    ],
)
def test_a_change_from_or_to_nothing_is_said(
    metric: str, base: float, head: float, ratio: float | None, words: str
) -> None:
    assert describe(compared(metric=metric, base=base, head=head, ratio=ratio, finding="regressed")) == words
