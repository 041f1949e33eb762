"""Each demand, on its good side, its bad side and without a value."""

from datetime import date
from typing import Literal

import pytest

from edgetpu_ci.judging.compare import exact
from edgetpu_ci.judging.judge import NEW, judge, overall, status
from edgetpu_ci.model import (
    BaseKind,
    Comparison,
    History,
    Machine,
    Measurement,
    Point,
    Report,
    Rule,
    Run,
    Shift,
    Tier,
    Verdict,
)
from tests.fakes.world import AT


def measured(metric: str, value: float | None, reason: str = "") -> Measurement:
    return Measurement(subject="mobilenet", metric=metric, value=value, reason=reason)


def verdict(rule: Rule, measurement: Measurement, *comparisons: Comparison) -> Verdict:
    (only,) = judge([measurement], comparisons, [rule])
    return only


# The bands of the operational monitoring document, as written there.
FPS = Rule(match="*/throughput_fps", min=800, target=892, max=950)
P99 = Rule(match="*/p99_latency_ms", min=0.9, target=1.12, max=1.5)


@pytest.mark.parametrize(
    ("rule", "metric", "value", "status", "improved"),
    [
        (FPS, "throughput_fps", 799.9, "failed", False),
        (FPS, "throughput_fps", 800, "warned", False),
        (FPS, "throughput_fps", 892, "passed", False),
        (FPS, "throughput_fps", 950, "passed", False),
        (FPS, "throughput_fps", 951, "passed", True),
        (P99, "latency_p99_ms", 0.8, "passed", True),
        (P99, "latency_p99_ms", 1.12, "passed", False),
        (P99, "latency_p99_ms", 1.3, "warned", False),
        (P99, "latency_p99_ms", 1.51, "failed", False),
    ],
)
def test_a_band_fails_on_its_bad_side_and_praises_its_good_one(
    rule: Rule,
    metric: str,
    value: float,
    status: str,
    improved: bool,  # noqa: FBT001
) -> None:
    said = verdict(rule, measured(metric, value))
    assert (said.status, said.improved) == (status, improved)


def test_a_band_says_what_was_measured_and_what_is_allowed() -> None:
    assert verdict(FPS, measured("throughput_fps", 700)).because == "700 1/s is below the least allowed, 800 1/s"


def test_a_missing_value_is_unknown_with_its_reason_and_never_passes() -> None:
    said = verdict(FPS, measured("throughput_fps", None, "the process crashed: SIGSEGV"))
    assert (said.status, said.weight, said.because) == ("unknown", "fail", "the process crashed: SIGSEGV")
    assert overall([said]) == "unknown"


@pytest.mark.parametrize(("unknown", "whole"), [("fail", "unknown"), ("warn", "warned"), ("pass", "passed")])
def test_unknown_weighs_as_its_rule_says(unknown: str, whole: str) -> None:
    rule = Rule(match="*/throughput_fps", min=1, unknown=unknown)  # type: ignore[arg-type]
    assert overall([verdict(rule, measured("throughput_fps", None, "x"))]) == whole


def test_a_rule_that_names_nothing_is_unknown_by_name() -> None:
    said = verdict(Rule(match="gone/latency_p50_ms", max=1), measured("throughput_fps", 1))
    assert (said.subject, said.metric, said.status) == ("gone", "latency_p50_ms", "unknown")


def test_a_warning_rule_warns() -> None:
    assert (
        verdict(Rule(match="*/throughput_fps", min=9, severity="warn"), measured("throughput_fps", 1)).status
        == "warned"
    )


CHANGE = Rule(match="*/throughput_sustained_fps", worse_by_percent=5)
NOW = measured("throughput_sustained_fps", 90)


def compared(**facts: object) -> Comparison:
    known = {"subject": "mobilenet", "metric": "throughput_sustained_fps", "base": 100, "head": 90, "ratio": 0.9}
    return Comparison(**{**known, **facts})  # type: ignore[arg-type]


def test_a_regression_against_a_baseline_fails_and_says_how_much() -> None:
    said = verdict(CHANGE, NOW, compared(finding="regressed"))
    assert (said.status, said.because) == ("failed", "10 % slower than the baseline")


def test_a_regression_against_a_previous_run_only_warns() -> None:
    said = verdict(CHANGE, NOW, compared(finding="regressed", against="previous run"))
    assert (said.status, said.because) == ("warned", "10 % slower than the previous run (not a baseline)")


def test_no_baseline_is_unknown_and_names_the_way_out() -> None:
    said = verdict(CHANGE, NOW)
    assert said.status == "unknown"
    assert "edgetpu-ci baseline accept" in said.because


def test_an_inconclusive_comparison_is_unknown_with_its_reason() -> None:
    said = verdict(CHANGE, NOW, compared(finding="inconclusive", because="the host was busy"))
    assert (said.status, said.because) == ("unknown", "the host was busy")


def test_an_exact_fact_that_changed_fails_with_both_values() -> None:
    rule = Rule(match="*/macs_millions", exact=True)
    change = compared(metric="macs_millions", base=300.78, head=310.0, finding="regressed")
    assert (
        verdict(rule, measured("macs_millions", 310.0), change).because == "310 M is not the 300.78 M of the baseline"
    )


def test_an_exact_fact_that_differs_from_a_previous_run_only_warns() -> None:
    rule = Rule(match="*/macs_millions", exact=True)
    change = compared(metric="macs_millions", base=1, head=2, finding="regressed", against="previous run")
    assert verdict(rule, measured("macs_millions", 2), change).status == "warned"


def on_a_busy_host(p10: float) -> Verdict:
    measurements = [measured("latency_p99_ms", 25.0), measured("latency_p10_ms", p10)]
    (said,) = judge(measurements, [], [Rule(match="*/latency_p99_ms", max=15)], busy=True)
    return said


def test_on_a_busy_host_a_tail_that_other_work_may_have_made_is_unknown() -> None:
    said = on_a_busy_host(p10=4.0)
    assert said.status == "unknown"
    assert said.because == (
        "25 ms is above the most allowed, 15 ms, but the machine was busy; run it again when it is quiet"
    )


def test_on_a_busy_host_a_model_that_is_too_slow_anyway_fails() -> None:
    assert on_a_busy_host(p10=16.0).status == "failed"


def test_a_model_that_broke_is_unknown_also_where_no_rule_names_it() -> None:
    broken = [
        Measurement(subject="m", metric=metric, reason="crashed with SIGSEGV", failed=True)
        for metric in ("latency_p50_ms", "throughput_fps")
    ]
    (said,) = judge(broken, [], [])
    assert (said.subject, said.status, said.weight, said.because) == ("m", "unknown", "fail", "crashed with SIGSEGV")


def test_a_model_that_broke_is_said_once_and_weighs_as_its_rule_says() -> None:
    broken = [Measurement(subject="m", metric="throughput_fps", reason="crashed", failed=True)]
    (said,) = judge(broken, [], [Rule(match="m/throughput_fps", min=1, unknown="pass")])
    assert said.weight == "pass"


def test_what_could_not_be_known_is_no_fault() -> None:
    assert judge([Measurement(subject="m", metric="latency_p99_ms", reason="needs 662 samples")], [], []) == ()


@pytest.mark.parametrize(("head", "status"), [(90.0, "passed"), (104.0, "passed"), (106.0, "failed")])
def test_a_fact_may_grow_by_so_many_percent(head: float, status: str) -> None:
    rule = Rule(match="*/model_bytes", worse_by_percent=5)
    change = compared(metric="model_bytes", base=100, head=head, ratio=head / 100, finding="regressed")
    assert verdict(rule, measured("model_bytes", head), change).status == status


def test_a_speed_cannot_be_equal_to_a_baseline() -> None:
    said = verdict(Rule(match="*/latency_p10_ms", exact=True), measured("latency_p10_ms", 1.0))
    assert (said.status, said.because) == (
        "unknown",
        "only facts of a model file can be compared exactly; demand a band of this",
    )


def test_a_rule_of_a_baseline_that_names_nothing_shows_the_models_own_name() -> None:
    (said,) = judge([], [], [Rule(match="a[[]1]/latency_p10_ms", max=1)])
    assert said.subject == "a[1]"


def test_what_measured_nothing_is_unknown_whatever_its_verdicts() -> None:
    run = Run(id="r", at=AT, machine=Machine(key="k"), measurements=())
    assert status(Report(run=run)) == "unknown"


def test_a_metric_nobody_knows_is_named() -> None:
    (said,) = judge([measured("throughput_fps", 1)], [], [Rule(match="*/nonsense_metric", max=3)])
    assert said.because.startswith("no metric is called nonsense_metric")


def test_a_regression_against_the_base_commit_fails() -> None:
    said = verdict(CHANGE, NOW, compared(finding="regressed", against="base commit"))
    assert (said.status, said.because) == ("failed", "10 % slower than the base commit")


def test_what_is_new_has_no_base_and_is_nobodys_fault() -> None:
    (said,) = judge([NOW], [], [CHANGE], without={"mobilenet": NEW})
    assert (said.status, said.weight, overall([said])) == ("unknown", "pass", "passed")
    (said,) = judge([NOW], [], [CHANGE], without={"mobilenet": "the base's file is a Git LFS pointer"})
    assert (said.because, overall([said])) == ("the base's file is a Git LFS pointer", "unknown")


@pytest.mark.parametrize(("head", "status"), [(80.0, "passed"), (79.7, "passed"), (78.0, "failed"), (81.0, "passed")])
def test_accuracy_may_fall_by_so_many_percent(head: float, status: str) -> None:
    rule = Rule(match="*/accuracy_top1_percent", worse_by_percent=1)
    change = compared(
        metric="accuracy_top1_percent",
        finding="regressed",
        base=80.0,
        head=head,
        ratio=head / 80,
        against="base commit",
    )
    assert verdict(rule, measured("accuracy_top1_percent", head), change).status == status


WATCH = Rule(match="*/throughput_sustained_fps", no_change_point=True)


def point(number: int) -> Point:
    return Point(at=AT, value=1.0, commit=f"{number:07x}{0:033x}", report=f"r{number}")


def course(*shifts: Shift, runs: int = 40) -> Verdict:
    history = History(subject="mobilenet", metric="throughput_sustained_fps", runs=runs, shifts=shifts)
    (only,) = judge([NOW], [], [WATCH], history=[history])
    return only


def shifted(tier: Tier, after: float = 96.9, commits: int | None = 4) -> Shift:
    finding: Literal["regressed", "improved"] = "regressed" if after < 100 else "improved"
    return Shift(
        tier=tier,
        finding=finding,
        before=100,
        after=after,
        good=point(0x1A2B3C4),
        bad=point(0x9F8E7D6),
        runs=9,
        commits=commits,
    )


def test_a_confirmed_change_for_the_worse_fails_with_the_commits_around_it() -> None:
    said = course(shifted("confirmed"))
    assert said.status == "failed"
    assert said.because == "3.1 % slower since 1a2b3c4 … 9f8e7d6 (4 commits), confirmed"


def test_where_git_does_not_know_how_many_commits_there_are_none_are_counted() -> None:
    assert course(shifted("confirmed", commits=None)).because == "3.1 % slower since 1a2b3c4 … 9f8e7d6, confirmed"
    assert "(1 commit)" in course(shifted("confirmed", commits=1)).because


def test_a_suspected_change_is_shown_and_fails_nothing() -> None:
    said = course(shifted("suspected"))
    assert (said.status, said.suspected) == ("passed", True)
    assert said.because.endswith("suspected")


def test_a_suspicion_does_not_hide_what_is_confirmed() -> None:
    said = course(shifted("confirmed"), shifted("suspected", 90))
    assert said.status == "failed"
    assert "confirmed; 10 % slower" in said.because


def test_a_change_for_the_better_is_praised() -> None:
    said = course(shifted("confirmed", 110))
    assert (said.status, said.improved) == ("passed", True)


def test_too_short_a_history_says_so_and_weighs_nothing() -> None:
    said = course(runs=3)
    assert (said.status, said.weight) == ("unknown", "pass")
    assert said.because == "3 of the 8 runs that a change of level takes"


def test_a_fact_has_no_change_point() -> None:
    said = verdict(Rule(match="*/ops", no_change_point=True), measured("ops", 65))
    assert said.status == "unknown"
    assert "demand `exact`" in said.because


@pytest.mark.parametrize(("against", "status"), [("baseline", "warned"), ("base commit", "passed")])
def test_a_level_accepted_for_a_time_that_is_over_warns_where_it_would_pass(against: BaseKind, status: str) -> None:
    same = Comparison(
        subject="mobilenet",
        metric="throughput_sustained_fps",
        base=90,
        head=90,
        finding="unchanged",
        interval=(0.99, 1.01),
        against=against,
    )
    (said,) = judge([NOW], [same], [CHANGE], ended=date(2026, 3, 1))
    assert said.status == status
    assert ("accepted until 2026-03-01 only; `edgetpu-ci baseline accept` renews it" in said.because) == (
        status == "warned"
    )


@pytest.mark.parametrize(
    ("metric", "base", "head", "percent", "status"),
    [
        ("accuracy_top1_percent", 90.0, 0.0, 1, "failed"),
        ("ops_on_cpu", 0.0, 12.0, 0, "failed"),
        ("ops_on_cpu", 0.0, 12.0, 500, "failed"),
        ("ops_on_cpu", 0.0, 0.0, 0, "passed"),
        ("accuracy_top1_percent", 0.0, 50.0, 0, "passed"),
        ("model_bytes", 100.0, 129.0, 29, "passed"),
    ],
)
def test_what_is_nothing_now_or_was_nothing_before_is_a_change(
    metric: str, base: float, head: float, percent: float, status: str
) -> None:
    rule = Rule(match=f"*/{metric}", worse_by_percent=percent)
    change = exact(
        Measurement(subject="mobilenet", metric=metric, value=base), measured(metric, head), against="base commit"
    )
    assert verdict(rule, measured(metric, head), change).status == status


def under(rule: Rule, **facts: object) -> tuple[str, str]:
    said = verdict(rule, NOW, compared(**{"head": 96.9, "ratio": 0.969, **facts}))
    return said.status, said.because


STRICT, LOOSE = (Rule(match="*/throughput_sustained_fps", worse_by_percent=percent) for percent in (1, 10))
AGAINST: tuple[BaseKind, ...] = ("base commit", "baseline", "previous run")


@pytest.mark.parametrize("against", AGAINST)
def test_what_fails_a_strict_rule_passes_one_that_allows_it(against: BaseKind) -> None:
    worse = "warned" if against == "previous run" else "failed"
    status, because = under(LOOSE, finding="regressed", against=against)
    assert under(STRICT, finding="regressed", against=against)[0] == worse
    assert status == "passed"
    assert because.startswith(f"3.1 % slower than the {against}")
    assert because.endswith(", within the 10 % allowed")
    assert under(LOOSE, finding="regressed", against=against, ratio=0.9)[0] == worse
    assert under(LOOSE, finding="regressed", against=against, ratio=0.9 + 1e-9)[0] == worse


def test_less_throughput_is_held_against_its_limit_in_percent_of_itself() -> None:
    rule = Rule(match="*/throughput_sustained_fps", worse_by_percent=100)
    assert under(rule, finding="regressed", ratio=0.01)[0] == "passed"


@pytest.mark.parametrize(("floor_ms", "status"), [(0.001, "failed"), (0.3, "failed"), (0.4, "passed")])
def test_each_rule_has_its_own_floor(floor_ms: float, status: str) -> None:
    # 100 a second: 10 ms each, of which 3.1 % is 0.31 ms.
    rule = Rule(match="*/throughput_sustained_fps", worse_by_percent=1, floor_ms=floor_ms)
    said = under(rule, finding="regressed", against="base commit")
    assert said[0] == status
    assert ("within the 0.4 ms allowed" in said[1]) == (status == "passed")


@pytest.mark.parametrize(("against", "status"), [("base commit", "passed"), ("baseline", "failed")])
def test_the_floor_of_a_time_is_a_part_of_that_time_where_it_was_looked_for(against: BaseKind, status: str) -> None:
    rule = Rule(match="*/latency_p10_ms", worse_by_percent=1, floor_ms=0.4)
    change = compared(metric="latency_p10_ms", base=10, head=10.31, ratio=1.031, finding="regressed", against=against)
    assert verdict(rule, measured("latency_p10_ms", 10.31), change).status == status


OPEN = {
    "finding": "inconclusive",
    "because": "it may be 1.6 % worse",
    "ratio": 0.992,
    "interval": (0.98, 1.004),
    "min_effect": 0.01,
    "rounds_needed": 64,
    "against": "base commit",
}


def test_what_cannot_be_told_by_a_strict_rule_passes_one_that_surely_allows_it() -> None:
    assert under(STRICT, **OPEN) == ("unknown", "it may be 1.6 % worse")
    assert under(LOOSE, **OPEN) == ("passed", "at most 2 % slower than the base commit, within the 10 % allowed")
    assert under(LOOSE, **{**OPEN, "interval": (0.89, 1.1)})[0] == "unknown"
    between = {"finding": "inconclusive", "ratio": 0.97, "interval": (0.93, 1.01), "because": "it may lie between"}
    assert under(LOOSE, **between) == ("passed", "at most 7 % slower than the baseline, within the 10 % allowed")
    assert under(LOOSE, **{**between, "interval": None}) == ("unknown", "it may lie between")


@pytest.mark.parametrize("doubt", [{"rounds_needed": None}, {"interval": (0.995, 1.01)}])
def test_rounds_that_are_not_to_be_believed_pass_no_rule(doubt: dict[str, object]) -> None:
    """A noisy runner, a busy host, and what was left out as disturbed."""
    assert under(LOOSE, **{**OPEN, **doubt, "because": "noisy runner"}) == ("unknown", "noisy runner")


def test_a_burden_is_held_against_what_a_rule_allows() -> None:
    """They have no ratio."""
    rule = Rule(match="*/error_rate_percent", worse_by_percent=10)
    for head, expected in ((1.05, "passed"), (2.0, "failed")):
        change = compared(metric="error_rate_percent", base=1.0, head=head, ratio=None, finding="regressed")
        assert verdict(rule, measured("error_rate_percent", head), change).status == expected
