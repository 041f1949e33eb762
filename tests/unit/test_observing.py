"""What one report says of each alert: bad, good or unknown, in a sentence, and of which alert."""

from datetime import UTC, datetime
from math import inf, nan
from typing import Any

import pytest
from msgspec.structs import replace

from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.incidents.evaluate import belongs, observe
from edgetpu_ci.incidents.record import Observation, Sighting, Watched
from edgetpu_ci.model import Comparison, History, Measurement, Report, Verdict
from tests.fakes.alerting import (
    COVERAGE,
    DEPENDENCY,
    LABELS,
    PACKAGE,
    REGRESSION,
    SECURITY,
    STREAK,
    THROUGHPUT,
    at,
    report,
    shifted,
    value,
)


def said(rule: AlertRule, *measurements: Measurement, **parts: Any) -> list[str]:
    return [f"{seen.standing}: {seen.because}" for seen in observe([rule], report(*measurements, **parts), LABELS)]


def test_a_streak_of_failed_builds_began_with_the_first_of_them_whenever_it_was_collected() -> None:
    details = (
        ("workflow", "ci.yml"),
        ("first failed", "c0ffee111111 in run 31, 2026-11-24 05:06 UTC"),
        ("last passed", "600d22222222 in run 30, 2026-11-24 03:00 UTC"),
    )
    rule = replace(STREAK, match="*/build_failure_streak")
    given = report(value("failure_streak", 4, details=details))
    url = "https://github.com/o/r/actions/runs/"
    seen = only(rule, replace(given, run=replace(given.run, url=f"{url}99")))
    assert seen.because == "build failure streak of ci.yml is 4, above 3"
    began = datetime(2026, 11, 24, 5, 6, tzinfo=UTC)
    assert seen.bad == Sighting(at=began, commit="c0ffee111111", url=f"{url}31", report=given.run.id)
    assert seen.good
    assert (seen.good.commit, seen.good.url) == ("600d22222222", f"{url}30")
    assert only(rule, report(value("failure_streak", 3, details=details))).bad is None
    strange = (("first failed", "c0ffee111111 in run 31, 2026-99-24 05:06 UTC"),)
    assert only(rule, report(value("failure_streak", 4, details=strange))).bad is None


def test_a_summary_stands_before_what_is_wrong() -> None:
    rule = replace(COVERAGE, summary="Too little is tested")
    assert said(rule, value("test_coverage", 78.4)) == [
        "bad: Too little is tested: test coverage is 78.40 %, below 80 %"
    ]


def only(rule: AlertRule, given: Report) -> Observation:
    (seen,) = observe([rule], given, LABELS)
    return seen


@pytest.mark.parametrize(
    ("rule", "measured", "expected"),
    [
        (SECURITY, value("critical_vulnerabilities", 1), "critical vulnerabilities are 1, above 0"),
        (STREAK, value("workflow_failure_streak", 4, "ci.yml"), "workflow failure streak of ci.yml is 4, above 3"),
        (PACKAGE, value("package_available", 0, "edge-tpu"), "package available of edge-tpu is no"),
        (COVERAGE, value("test_coverage", 78.4), "test coverage is 78.40 %, below 80 %"),
        (
            DEPENDENCY,
            value("medium_or_graver_vulnerable_dependencies", 2),
            "medium or graver vulnerable dependencies are 2, above 0",
        ),
    ],
)
def test_the_value_stands_against_its_threshold(rule: AlertRule, measured: Measurement, expected: str) -> None:
    assert said(rule, measured) == [f"bad: {expected}"]


def test_a_value_on_the_threshold_is_good() -> None:
    assert said(STREAK, value("workflow_failure_streak", 3, "ci.yml")) == [
        "good: workflow failure streak of ci.yml is 3"
    ]
    assert said(COVERAGE, value("test_coverage", 80)) == ["good: test coverage is 80 %"]


def test_an_alias_is_what_the_value_is_called() -> None:
    rule = replace(STREAK, match="*/build_failure_streak")
    assert said(rule, value("failure_streak", 4)) == ["bad: build failure streak is 4, above 3"]


def test_of_a_glob_the_metric_has_its_own_name() -> None:
    rule = replace(STREAK, match="ci.yml/*")
    assert said(rule, value("workflow_failure_streak", 3, "ci.yml")) == ["good: workflow failure streak of ci.yml is 3"]


def test_labels_tell_alerts_apart_and_lead_to_the_run() -> None:
    seen = only(STREAK, report(value("workflow_failure_streak", 4, "ci.yml"), minutes=7))
    assert seen.labels == LABELS | {
        "alertname": "build_failure_streak",
        "severity": "critical",
        "priority": "p0_critical",
        "subject": "ci.yml",
    }
    assert seen.seen == Sighting(at=at(7), value=4, commit="c000007", report="run-000007")


def test_a_metric_is_labelled_by_its_own_name() -> None:
    rule = AlertRule(name="x", match="*/build_failure_streak", above=3, by=("metric",))
    for metric in ("failure_streak", "build_failure_streak"):
        assert only(rule, report(value(metric, 4))).labels["metric"] == "failure_streak"


def test_what_a_machine_measured_says_which() -> None:
    rule = AlertRule(name="slow", match="*/throughput_fps", below=800, by=("subject", "device"))
    seen = only(rule, report(THROUGHPUT, machine="pi5"))
    assert seen.labels == LABELS | {
        "alertname": "slow",
        "severity": "warning",
        "machine": "pi5",
        "subject": "mobilenet",
        "device": "cpu",
    }


@pytest.mark.parametrize("nothing", [None, nan, inf, -inf])
@pytest.mark.parametrize("rule", [STREAK, replace(STREAK, above=None, below=3)])
def test_what_is_missing_or_no_number_is_unknown(rule: AlertRule, nothing: float | None) -> None:
    seen = only(rule, report(value("workflow_failure_streak", nothing, "ci.yml")))
    assert (seen.standing, seen.seen.value) == ("unknown", None)


def test_what_is_unknown_says_why() -> None:
    assert said(COVERAGE, value("test_coverage", None)) == [
        "unknown: nothing is known of test coverage: GitHub did not answer"
    ]


def test_of_what_was_not_measured_nothing_is_said() -> None:
    assert said(COVERAGE, value("package_available", 1, "edge-tpu")) == []


def test_only_a_rule_on_what_is_missing_misses_what_it_names() -> None:
    assert said(replace(COVERAGE, match="repository/test_coverage"), value("package_available", 1, "edge-tpu")) == []


def test_what_is_the_same_wherever_it_is_collected_is_of_no_machine() -> None:
    rule = AlertRule(name="x", match="*/*", above=0)
    assert "machine" not in only(rule, report(value("test_coverage", 90), machine="pi5")).labels
    assert "machine" not in only(rule, report(value("of_another_tool", 90))).labels


def test_a_rule_on_a_key_figure_is_no_matter_of_a_benchmark_run() -> None:
    rule = AlertRule(name="gone", match="repository/test_coverage", missing_above=0)
    assert said(rule, THROUGHPUT, machine="pi5") == []


@pytest.mark.parametrize(
    ("over", "values", "limit", "expected"),
    [
        ("", (1, 5, 2), {"above": 4}, "bad"),
        ("", (1, None, 5), {"above": 4}, "bad"),
        ("", (1, None, 2), {"above": 4}, "unknown"),
        ("", (1, 5, 2), {"below": 2}, "bad"),
        ("max", (1, 2, 5), {"below": 6}, "bad"),
        ("max", (1, 2, None), {"below": 6}, "unknown"),
        ("max", (1, 7, None), {"below": 6}, "good"),
        ("min", (5, 6, 7), {"above": 4}, "bad"),
        ("min", (5, 6, None), {"above": 4}, "unknown"),
        ("min", (5, 3, None), {"above": 4}, "good"),
        ("sum", (1, 2, 2), {"above": 4}, "bad"),
        ("sum", (1, 2, 1), {"above": 4}, "good"),
        ("sum", (1, 9, None), {"above": 4}, "unknown"),
        ("avg", (4, 4, 5), {"above": 4}, "bad"),
        ("avg", (4, 4, 4), {"above": 4}, "good"),
        ("avg", (9, None, 9), {"above": 4}, "unknown"),
        ("count", (1, 1, 1), {"below": 3}, "good"),
        ("count", (1, 1, None), {"below": 3}, "unknown"),
        ("count", (1, 1), {"below": 3}, "bad"),
        ("count", (1, 1, None), {"above": 1}, "bad"),
        ("max", (None, None), {"above": 4}, "unknown"),
    ],
)
def test_values_of_a_run_are_brought_together(
    over: str, values: tuple[float | None, ...], limit: dict[str, float], expected: str
) -> None:
    rule = AlertRule(name="x", match="*/open_alerts", over=over, by=(), **limit)  # type: ignore[arg-type]
    seen = only(rule, report(*(value("open_alerts", one, f"s{n}") for n, one in enumerate(values))))
    assert seen.standing == expected
    assert "subject" not in seen.labels
    assert "inf" not in seen.because


@pytest.mark.parametrize(
    ("over", "expected"),
    [
        ("", "bad: open alerts of b are 5, above 0"),
        ("sum", "bad: the sum of open alerts is 6, above 0"),
        ("avg", "bad: the mean of open alerts is 3, above 0"),
        ("count", "bad: the number of values of open alerts is 2, above 0"),
    ],
)
def test_what_was_brought_together_says_how(over: str, expected: str) -> None:
    rule = AlertRule(name="x", match="*/open_alerts", over=over, by=(), above=0)  # type: ignore[arg-type]
    assert said(rule, value("open_alerts", 1, "a"), value("open_alerts", 5, "b")) == [expected]


def test_how_many_have_a_value_has_no_unit() -> None:
    rule = replace(COVERAGE, over="count", below=3)
    assert said(rule, value("test_coverage", 90)) == ["bad: the number of values of test coverage is 1, below 3"]


def test_a_word_of_a_unit_is_left_out_where_the_value_has_that_unit() -> None:
    rule = AlertRule(name="x", match="*/*", above=2)
    assert said(rule, value("security_scan_age_hours", 3)) == ["bad: security scan age is 3 h, above 2 h"]
    assert said(rule, value("office_hours", 3)) == ["bad: office hours are 3, above 2"]


def test_each_subject_has_an_alert_of_its_own() -> None:
    streaks = [value("workflow_failure_streak", n, f"{n}.yml") for n in (2, 5)]
    found = observe([STREAK], report(*streaks), LABELS)
    assert [(seen.labels["subject"], seen.standing) for seen in found] == [("2.yml", "good"), ("5.yml", "bad")]


def test_the_file_and_line_that_a_measurement_names_is_where() -> None:
    details = (("by", "alice 12:30"), ("first", "src/run.py:12"))
    assert only(SECURITY, report(value("critical_vulnerabilities", 1, details=details))).where == "src/run.py:12"
    assert only(SECURITY, report(value("critical_vulnerabilities", 1))).where == ""


def test_a_speed_below_its_limit_on_a_busy_machine_is_unknown_where_the_calm_value_is_good() -> None:
    rule = AlertRule(name="slow", match="*/throughput_fps", below=800)
    calm = value("throughput_sustained_fps", 820, "mobilenet", device="cpu")
    assert said(rule, THROUGHPUT, calm, machine="pi5") == ["bad: throughput of mobilenet is 700 1/s, below 800 1/s"]
    (busy,) = said(rule, THROUGHPUT, calm, machine="pi5", contended="load 4")
    assert busy.startswith("unknown: throughput of mobilenet is 700 1/s, below 800 1/s, but the machine was busy")
    other = replace(calm, subject="yolo")
    assert said(rule, THROUGHPUT, other, machine="pi5", contended="load 4")[0].startswith("bad:")
    slow = replace(calm, value=790.0)
    assert [text[:4] for text in said(rule, THROUGHPUT, slow, machine="pi5", contended="load 4")] == ["bad:"]


def test_a_speed_that_heat_spoilt_is_not_bad() -> None:
    rule = AlertRule(name="slow", match="*/throughput_fps", below=800)
    hot = value("throttled_percent", 90, "mobilenet")
    assert [text[:8] for text in said(rule, THROUGHPUT, hot, machine="pi5")] == ["unknown:"]
    assert [text[:5] for text in said(rule, replace(THROUGHPUT, value=900.0), hot, machine="pi5")] == ["good:"]
    errors = AlertRule(name="errors", match="*/error_rate_percent", above=5)
    assert said(errors, value("error_rate_percent", 6, "mobilenet"), hot, machine="pi5")[0].startswith("bad:")


def test_a_run_that_broke_is_bad_where_it_says_so_and_never_good() -> None:
    rule = AlertRule(name="errors", match="*/error_rate_percent", above=5)
    broke = value("first_inference_ms", 3, "mobilenet", failed=True, reason="it crashed")
    assert said(rule, value("error_rate_percent", 6, "mobilenet"), broke, machine="pi5")[0].startswith("bad")
    assert said(rule, value("error_rate_percent", 0, "mobilenet"), broke, machine="pi5") == [
        "unknown: error rate of mobilenet is 0 %, but it crashed"
    ]


def test_what_stands_in_a_file_is_known_of_a_run_that_broke() -> None:
    broke = value("first_inference_ms", 3, "mobilenet", failed=True, reason="it crashed")
    size = value("ops_on_cpu", 2, "mobilenet")
    most = AlertRule(name="cpu", match="*/ops_on_cpu", above=5)
    assert said(most, size, broke, machine="pi5") == ["good: ops on cpu of mobilenet is 2"]
    more = AlertRule(name="cpu", match="*/ops_on_cpu", worse_by_percent=0)
    grown = Comparison(subject="mobilenet", metric="ops_on_cpu", base=1, head=2, ratio=2.0, finding="regressed")
    assert said(more, size, broke, machine="pi5", comparisons=(grown,))[0].startswith("bad:")


def test_a_lasting_change_for_the_worse_is_looked_for_in_the_calm_metric_and_says_since_when() -> None:
    seen = only(REGRESSION, shifted(1000, 850))
    assert (seen.standing, seen.because) == (
        "bad",
        "throughput of mobilenet: 15 % slower since 1a2b3c4 … 9f8e7d6 (4 commits), confirmed, beyond the 10 % allowed",
    )
    assert seen.bad is not None
    assert seen.good is not None
    assert (seen.good.commit, seen.bad.commit, seen.bad.at) == ("1a2b3c4", "9f8e7d6", at(-10))


@pytest.mark.parametrize(
    ("given", "standing"),
    [
        (shifted(1000, 950), "good"),
        (shifted(1000, 900), "good"),
        (shifted(1000, 900.5), "good"),
        (shifted(1000, 899), "bad"),
        (shifted(1000, 850, runs=8), "bad"),
        (shifted(1000, 850, "suspected"), "good"),
        (shifted(850, 1000), "good"),
        (shifted(1000, 850, runs=7), "unknown"),
        (report(THROUGHPUT, machine="pi5"), "unknown"),
    ],
)
def test_only_a_confirmed_change_beyond_the_percents_is_bad(given: Report, standing: str) -> None:
    assert only(REGRESSION, given).standing == standing


def test_of_no_percents_any_confirmed_change_is_too_much() -> None:
    assert only(replace(REGRESSION, worse_by_percent=0), shifted(1000, 995)).standing == "bad"


def test_the_history_of_something_else_says_nothing() -> None:
    bad = shifted(1000, 850)
    (history,) = bad.history
    assert only(REGRESSION, replace(bad, history=(replace(history, subject="yolo"),))).standing == "unknown"


def test_without_a_value_nothing_is_known_of_a_change() -> None:
    nothing = replace(THROUGHPUT, value=None, reason="it crashed")
    given = report(nothing, machine="pi5", comparisons=(compared("regressed", "baseline"),))
    assert only(REGRESSION, given).because == "nothing is known of throughput of mobilenet: it crashed"


def compared(finding: str, against: str, ratio: float = 0.8) -> Comparison:
    return Comparison(
        subject="mobilenet",
        metric="throughput_sustained_fps",
        base=1000,
        head=1000 * ratio,
        ratio=ratio,
        finding=finding,  # type: ignore[arg-type]
        against=against,  # type: ignore[arg-type]
        because="the machine was busy" if finding == "inconclusive" else "",
    )


@pytest.mark.parametrize(
    ("comparison", "standing"),
    [
        (compared("regressed", "baseline"), "bad"),
        (compared("regressed", "base commit"), "bad"),
        (compared("regressed", "baseline", ratio=0.95), "good"),
        (compared("unchanged", "baseline", ratio=1.0), "good"),
        (compared("improved", "baseline", ratio=1.2), "good"),
        (compared("inconclusive", "baseline"), "unknown"),
        (compared("regressed", "previous run"), "unknown"),
        (compared("unchanged", "previous run", ratio=1.0), "unknown"),
    ],
)
def test_a_comparison_counts_where_somebody_decided_what_it_is_held_against(
    comparison: Comparison, standing: str
) -> None:
    assert only(REGRESSION, report(THROUGHPUT, machine="pi5", comparisons=(comparison,))).standing == standing


def test_what_became_worse_than_the_baseline_says_by_how_much() -> None:
    given = report(THROUGHPUT, machine="pi5", comparisons=(compared("regressed", "baseline"),))
    assert only(REGRESSION, given).because == (
        "throughput of mobilenet: 20 % slower than the baseline, beyond the 10 % allowed"
    )


def test_history_and_baseline_are_both_heard() -> None:
    history = History(subject="mobilenet", metric="throughput_sustained_fps", runs=20)
    both = report(THROUGHPUT, machine="pi5", history=(history,), comparisons=(compared("regressed", "baseline"),))
    assert only(REGRESSION, both).standing == "bad"
    undecided = replace(both, comparisons=(compared("inconclusive", "baseline"),))
    assert only(REGRESSION, undecided).standing == "good"


def test_nothing_is_said_of_changes_in_a_run_that_broke() -> None:
    broke = value("first_inference_ms", 3, "mobilenet", failed=True, reason="it crashed")
    given = report(THROUGHPUT, broke, machine="pi5", comparisons=(compared("unchanged", "baseline", 1.0),))
    assert only(REGRESSION, given).standing == "unknown"


def verdict(status: str, metric: str = "test_pass_rate") -> Verdict:
    return Verdict(subject="repository", metric=metric, status=status, weight="fail", because="98 % is too few")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ((verdict("failed"),), "bad: test pass rate failed: 98 % is too few"),
        ((verdict("passed"), verdict("failed")), "bad: test pass rate failed: 98 % is too few"),
        ((verdict("passed"),), "good: test pass rate did not fail: 98 % is too few"),
        ((verdict("warned"),), "good: test pass rate did not fail: 98 % is too few"),
        ((verdict("unknown"),), "unknown: nothing is known of test pass rate: 98 % is too few"),
        (
            (verdict("failed", "test_coverage"),),
            "unknown: nothing is known of test pass rate: no rule or gate is on it",
        ),
    ],
)
def test_a_streak_counts_runs_in_which_a_rule_or_gate_failed(verdicts: tuple[Verdict, ...], expected: str) -> None:
    rule = AlertRule(name="gate", match="*/test_pass_rate", streak_above=3)
    assert said(rule, value("test_pass_rate", 98), verdicts=verdicts) == [expected]


MISSING = AlertRule(name="missing", match="*/throughput_fps", missing_above=1)


def watched(rule: AlertRule, given: Report, *, good: bool = True) -> list[Watched]:
    return [
        Watched(fingerprint="", rule=rule.name, labels=seen.labels, last=seen.seen, good=seen.seen if good else None)
        for seen in observe([rule], given, LABELS)
    ]


def test_for_a_rule_on_what_is_missing_a_value_is_good_and_none_is_bad() -> None:
    assert said(MISSING, THROUGHPUT, machine="pi5") == ["good: there is a value of throughput of mobilenet"]
    assert said(MISSING, replace(THROUGHPUT, value=None, reason="it crashed"), machine="pi5") == [
        "bad: there is no value of throughput of mobilenet: it crashed"
    ]
    assert said(MISSING, replace(THROUGHPUT, value=nan), machine="pi5") == [
        "bad: there is no value of throughput of mobilenet"
    ]


def test_a_run_that_broke_has_the_value_that_it_has() -> None:
    broke = value("first_inference_ms", 3, "mobilenet", failed=True, reason="it crashed")
    assert said(MISSING, THROUGHPUT, broke, machine="pi5") == ["good: there is a value of throughput of mobilenet"]


def test_what_an_earlier_run_had_and_this_one_does_not_is_missing() -> None:
    earlier = watched(MISSING, report(THROUGHPUT, machine="pi5"))
    now = report(value("throughput_fps", 90, "yolo"), machine="pi5")
    assert [
        (seen.labels["subject"], seen.standing, seen.because) for seen in observe([MISSING], now, LABELS, earlier)
    ] == [
        ("mobilenet", "bad", "there is no value of throughput of mobilenet: it was not measured in this run"),
        ("yolo", "good", "there is a value of throughput of yolo"),
    ]
    assert observe([MISSING], now, LABELS, earlier)[0].labels == earlier[0].labels


def test_another_machine_branch_or_kind_of_run_does_not_miss_it() -> None:
    earlier = watched(MISSING, report(THROUGHPUT, machine="pi5"))
    other = value("latency_p50_ms", 90, "yolo")
    assert observe([MISSING], report(other, machine="pi4"), LABELS, earlier) == ()
    assert observe([MISSING], report(other, machine="pi5"), LABELS | {"branch": "dev"}, earlier) == ()
    assert observe([MISSING], report(value("test_coverage", 90)), LABELS, earlier) == ()
    assert len(observe([MISSING], report(other, machine="pi5"), LABELS, earlier)) == 1


def test_what_never_had_a_value_or_is_no_longer_expected_is_not_missed() -> None:
    earlier = watched(MISSING, report(THROUGHPUT, machine="pi5"), good=False)
    assert observe([MISSING], report(value("latency_p50_ms", 90, "yolo"), machine="pi5"), LABELS, earlier) == ()


def test_what_another_rule_watches_is_not_missed_by_this_one() -> None:
    earlier = watched(replace(MISSING, name="other"), report(THROUGHPUT, machine="pi5"))
    assert observe([MISSING], report(value("latency_p50_ms", 90, "yolo"), machine="pi5"), LABELS, earlier) == ()


def test_what_is_missing_is_named_by_its_labels() -> None:
    rule = replace(MISSING, match="*/*", by=("subject", "metric", "device"))
    earlier = watched(rule, report(THROUGHPUT, machine="pi5"))
    (missed,) = (
        one
        for one in observe([rule], report(value("cameras", 1, "yolo"), machine="pi5"), LABELS, earlier)
        if one.standing == "bad"
    )
    assert missed.because == "there is no value of throughput of mobilenet: it was not measured in this run"
    assert missed.labels == earlier[0].labels


def test_what_a_rule_names_letter_by_letter_is_missing_from_the_first_run_on() -> None:
    rule = replace(MISSING, match="repository/test_coverage")
    assert said(rule, value("package_available", 1, "edge-tpu")) == [
        "bad: there is no value of test coverage: it was not measured in this run"
    ]
    assert said(rule, value("test_coverage", 81)) == ["good: there is a value of test coverage"]
    on_device = replace(MISSING, match="mobilenet/throughput_fps", by=("subject", "device"))
    assert said(on_device, THROUGHPUT, machine="pi5") == ["good: there is a value of throughput of mobilenet"]


def test_an_alert_belongs_to_its_rule_only_as_it_is_now() -> None:
    labels = only(STREAK, report(value("workflow_failure_streak", 4, "ci.yml"))).labels
    assert belongs(STREAK, labels)
    assert belongs(replace(STREAK, above=5, summary="other words"), labels)
    for changed in ({"severity": "error"}, {"priority": ""}, {"by": ()}, {"name": "other"}):
        assert not belongs(replace(STREAK, **changed), labels)
