"""Alerts as rules of Prometheus: which value they ask for, and that no name breaks out of what it stands in."""

import re
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any

import promql_parser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetpu_ci import codec, config
from edgetpu_ci.config import Config
from edgetpu_ci.config.alerting import Alerting, AlertRule
from edgetpu_ci.config.observability import Flavour, Observability, Stack
from edgetpu_ci.exposition import names
from edgetpu_ci.stack import annotations, dead_man, promql, recording, rules, runbooks, unit_tests
from edgetpu_ci.stack.place import Place

PLACE = Place(repository="o/r", url="https://github.com/o/r", runbooks={"slow": "runbooks/slow.md"})
FAR_APART = [
    AlertRule(name="soon", match="*/build_time", above=300, for_="1 min"),
    AlertRule(name="late", match="*/build_time", above=300, for_="2 days"),
]
GROUPS = "max by (repo, branch, subject, machine)"


def rule(match: str, **parts: Any) -> AlertRule:
    return AlertRule(name="slow", match=match, **parts)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (rule("*/build_time", above=300), f"{GROUPS} (edgetpu_ci_build_time_seconds) > 300"),
        (
            rule("repository/test_coverage", below=80),
            'min by (repo, branch, subject, machine) (edgetpu_ci_test_coverage_ratio{subject="repository"}) < 0.8',
        ),
        (
            rule("ci-*.y?ml/code_coverage", below=33, by=("subject", "metric")),
            f'{GROUPS.replace("max", "min")} (edgetpu_ci_test_coverage_ratio{{subject=~"(?s)ci-.*\\\\.y.ml"}}) < 0.33',
        ),
        (rule("*/pr_merge_time_hours", above=2, for_="2 days"), f"{GROUPS} (edgetpu_ci_pr_merge_time_seconds) > 7200"),
    ],
)
def test_a_key_figure_is_asked_for_itself_in_the_unit_of_its_name(asked: AlertRule, expected: str) -> None:
    assert rules.expr(asked, "scrape") == expected


@pytest.mark.parametrize(
    ("asked", "runs"),
    [
        (rule("*/build_time", above=300, for_="3 runs"), 2),
        (rule("*/build_time", streak_above=3), 3),
        (rule("*/build_time", missing_above=0), 0),
        (rule("*/build_time", streak_above=3, for_="7 runs"), 6),
        (rule("*/build_time", above=300, by=()), 0),
        (rule("*/build_time", above=0, over="count"), 0),
        (rule("*/build_*", above=300), 0),
        (rule("[ab]/build_time", above=300), 0),
        (rule("*/made_up", above=300), 0),
        (rule("*/throughput_fps", worse_by_percent=10), 0),
        (rule("*/latency_p99_ms", above=5), 0),
        (rule("*/error_rate_percent", above=1), 0),
    ],
)
def test_of_everything_else_prometheus_is_told_how_many_runs_were_bad(asked: AlertRule, runs: int) -> None:
    by = "".join(f"{name}, " for name in asked.by)
    expected = f'max by (repo, branch, {by}machine) (edgetpu_ci_alert_bad_runs{{rule="slow"}}) > {runs}'
    assert rules.expr(asked, "scrape") == expected


def test_of_silence_prometheus_is_told_when_there_was_last_a_value() -> None:
    asked = rule("*/throughput_fps", silent_above_hours=48)
    heard = 'edgetpu_ci_alert_heard_timestamp_seconds{rule="slow"}'
    assert rules.expr(asked, "scrape") == f"time() - {GROUPS} ({heard}) > 172800"
    told = rules.alert(asked, PLACE, "scrape")["annotations"]
    assert isinstance(told, dict)
    assert told["description"] == "nothing was heard of */throughput_fps for more than 48 hours"


def test_what_was_pushed_once_is_the_newest_value_for_a_month() -> None:
    assert "(last_over_time(edgetpu_ci_build_time_seconds[30d]))" in rules.expr(rule("*/build_time", above=1), "push")


def test_a_rule_has_our_labels_and_what_is_told_of_it() -> None:
    asked = rule(
        "*/build_time",
        above=300,
        for_="15 min",
        by=("subject", "metric"),
        severity="error",
        priority="p{{1}}",
        owner="{{ql}}",
        response_time="< 1 hour",
        summary='{{ query "up" }}',
    )
    found = rules.alert(asked, PLACE, "scrape")
    assert found["for"] == "900s"
    assert found["labels"] == {
        "severity": "error",
        "priority": 'p{{"{"}}{{"{"}}1}}',
        "metric": "build_time_seconds",
    }
    told: Any = found["annotations"]
    assert told == {
        "summary": '{{"{"}}{{"{"}} query "up" }}',
        "description": 'build time of {{ $labels.subject }} is {{ printf "%.4g" $value }} seconds, above 300 s',
        "runbook_url": "https://github.com/o/r/blob/HEAD/runbooks/slow.md",
        "owner": '{{"{"}}{{"{"}}ql}}',
        "response_time": "< 1 hour",
        "commit": told["commit"],
    }
    assert "last_run_info{repo=%q, branch=%q, machine=%q}" in told["commit"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (rule("*/test_coverage", below=80), "test coverage of repository is 78.4%, below 80 %"),
        (rule("*/package_available", below=1), "package available of repository is no"),
        (rule("*/build_time", streak_above=3), "*/build_time fails a rule or gate; bad runs in a row: 1"),
        (rule("*/build_time", missing_above=3), "*/build_time has no value; bad runs in a row: 1"),
        (rule("*/latency_p99_ms", above=5), "*/latency_p99_ms is above 5 ms; bad runs in a row: 1"),
        (rule("*/flaky_tests", over="count", above=5), "*/flaky_tests is above 5; bad runs in a row: 1"),
        (
            rule("*/throughput_fps", worse_by_percent=10),
            "*/throughput_fps is lastingly worse by more than 10 %; bad runs in a row: 1",
        ),
    ],
)
def test_what_is_wrong_is_said_in_words(asked: AlertRule, said: str) -> None:
    words = annotations.said(0.784, "repository", "c0ffee")
    told = annotations.of(asked, PLACE, words, is_direct=rules.is_direct(asked))
    assert (told["description"], told["commit"]) == (said, "c0ffee")


SUBJECT = st.text(alphabet=st.sampled_from('ab.*?[]{}()^$|+\\"\n\x00é\U0001f600'), min_size=1, max_size=12)


@given(SUBJECT, SUBJECT, st.sampled_from(["scrape", "push"]))
def test_a_glob_matches_what_our_own_does_and_no_name_breaks_out(glob: str, subject: str, flavour: Flavour) -> None:
    asked = rule(f"{glob}/test_coverage", below=80)
    parsed = promql_parser.parse(rules.expr(asked, flavour))
    if "[" not in glob:
        is_wild = bool(set(glob) & set("*?"))
        found = re.fullmatch(promql._regex(glob), subject) is not None if is_wild else glob == subject
        assert found == fnmatchcase(subject, glob)
        matchers = _matchers(parsed)
        assert matchers == ([] if glob == "*" else [promql._regex(glob) if is_wild else glob])


def _matchers(parsed: Any) -> list[str]:
    """The values of the one selector in an expression."""
    while not isinstance(parsed, promql_parser.VectorSelector):
        inside = ("lhs", "expr", "vector_selector", "args")
        part = next(getattr(parsed, name) for name in inside if getattr(parsed, name, None) is not None)
        parsed = part[0] if isinstance(part, list) else part
    return [matcher.value for matcher in parsed.matchers.matchers]


@given(st.floats(allow_nan=False, allow_infinity=False, width=32), st.sampled_from(["test_coverage", "build_time"]))
def test_a_limit_is_scaled_as_values_are(limit: float, metric: str) -> None:
    written = rules.expr(rule(f"*/{metric}", above=limit), "scrape").rpartition(" ")[2]
    assert float(written) == names.find(metric).scaled(limit)


def settings(*asked: AlertRule, flavour: Flavour = "scrape", **parts: Any) -> Config:
    return Config(alerting=Alerting(rules=asked), observability=Observability(stack=Stack(flavour=flavour)), **parts)


def test_every_rule_is_tried_firing_quiet_at_its_limit_and_resolved() -> None:
    asked = [
        rule("*/build_time", above=300),
        rule("*/x", streak_above=2),
        rule("*/y", worse_by_percent=1),
        rule("*/z", silent_above_hours=48),
    ]
    named = [AlertRule(**{**_parts(one), "name": f"r{n}"}) for n, one in enumerate(asked)]
    written = codec.load_yaml(unit_tests.files(settings(*named), PLACE)[unit_tests.FILE].encode(), "tests")
    (test,) = written["tests"]
    asks = {"r0": "build_time", **{name: f'rule="{name}"' for name in ("r1", "r2", "r3")}}
    covered = {
        name: [re.findall('branch="([^"]*)"', one["series"])[0] for one in test["input_series"] if ask in one["series"]]
        for name, ask in asks.items()
    }
    assert covered == {name: list(unit_tests.CASES) for name in asks}
    assert {look["alertname"] for look in test["alert_rule_test"]} == asks.keys()


def test_times_that_lie_far_apart_are_looked_at_a_few_hundred_times() -> None:
    found = unit_tests.files(settings(*FAR_APART), PLACE)[unit_tests.FILE]
    written = codec.load_yaml(found.encode(), "tests")
    assert written["evaluation_interval"] == "9m"
    soon, late = ([look["eval_time"] for look in test["alert_rule_test"]] for test in written["tests"])
    assert soon == ["0m", "9m", "27m", "36m"]
    assert late == ["2871m", "2880m", "2898m", "2907m"]


def test_a_runbook_that_has_no_address_is_none_that_a_dashboard_could_link() -> None:
    asked = settings(rule("*/build_time", above=300))
    assert list(runbooks.files(asked, PLACE)) == [runbooks.FILE, runbooks.TESTS]
    assert runbooks.files(asked, Place(runbooks={"slow": "runbooks/slow.md"})) == {}


def _parts(one: AlertRule) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__struct_fields__}


def test_benchmarks_that_stay_away_are_an_alert_and_prometheus_says_always_that_it_is_there() -> None:
    measured = settings(collect=(config.Step(use="inference"),))
    found = codec.load_yaml(dead_man.files(measured, PLACE)[dead_man.FILE].encode(), "rules")["groups"][0]["rules"]
    assert [one["alert"] for one in found] == ["benchmarks_too_old", "Watchdog"]
    assert f"> {timedelta(days=2).total_seconds():.0f} or absent(" in found[0]["expr"]
    without = codec.load_yaml(dead_man.files(settings(), PLACE)[dead_man.FILE].encode(), "rules")["groups"][0]["rules"]
    assert [one["alert"] for one in without] == ["Watchdog"]


def test_the_documents_names_are_in_its_units() -> None:
    found = {one.name: recording.expr(one, "scrape") for one in recording.RECORDED}
    assert found["test_coverage_percentage"] == "edgetpu_ci_test_coverage_ratio * 100"
    assert found["security_scan_score"] == "edgetpu_ci_security_score"
    assert found["benchmark_fps_yolo"] == 'edgetpu_ci_throughput_fps{subject=~"(?s).*yolo.*"}'
