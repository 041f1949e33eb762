"""Bad runs in a row, counted without a book, are those of the state machine of incidents."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.exposition.streaks import Streaks
from edgetpu_ci.incidents import evaluate, machine
from edgetpu_ci.incidents.record import Book, Watched
from tests.fakes.alerting import COVERAGE, LABELS, START, at, report, value

RULES = st.builds(
    lambda for_, resolve_after: replace(COVERAGE, for_=for_, resolve_after=resolve_after),
    st.sampled_from(["", "2 runs", "3 runs", "10 min"]),
    st.integers(1, 3),
)
RUNS = st.lists(st.tuples(st.integers(0, 40), st.sampled_from([70.0, 90.0, None])), max_size=14)


@settings(max_examples=50)
@given(RULES, RUNS)
def test_they_are_those_of_the_machine_whatever_the_order(
    rule: AlertRule, runs: list[tuple[int, float | None]]
) -> None:
    streaks, book, now = Streaks((rule,)), Book(), START + timedelta(hours=1)
    for minutes, coverage in runs:
        one = report(value("test_coverage", coverage), minutes=minutes)
        seen = evaluate.observe((rule,), one, LABELS, book.watched)
        book = machine.advance(book, seen, (rule,), now)
        streaks.take(seen, now)
        open_ = [alert for incident in book.incidents if incident.is_open for alert in incident.alerts]
        known = {alert.rule: alert.bad_runs for alert in (*book.alerts, *open_) if alert.state != "resolved"}
        assert [sample.value for sample in streaks.samples()] == [known.get(one.rule, 0) for one in book.watched]
        assert [(one.last, one.good) for one in streaks.watched.values()] == [(w.last, w.good) for w in book.watched]


def test_a_sample_is_named_by_the_rule_and_what_the_alert_is_of() -> None:
    streaks = Streaks((COVERAGE,))
    streaks.take(evaluate.observe((COVERAGE,), report(value("test_coverage", 70)), LABELS), at(1))
    (sample,) = streaks.samples()
    assert (dict(sample.labels), sample.value) == (
        {
            "rule": "test_coverage_drop",
            "severity": "warning",
            "priority": "p2_medium",
            "repo": "o/r",
            "branch": "main",
            "subject": "repository",
        },
        1,
    )


def test_two_runs_of_one_moment_both_count_and_neither_twice() -> None:
    streaks, run = Streaks((COVERAGE,)), report(value("test_coverage", 70))
    for name in ("a", "b", "a", "b"):
        streaks.take(evaluate.observe((COVERAGE,), replace(run, run=replace(run.run, id=name)), LABELS), at(1))
    assert [sample.value for sample in streaks.samples()] == [2]


def test_of_silence_it_is_told_when_there_was_last_a_value() -> None:
    silent = AlertRule(name="silent", match="*/test_coverage", silent_above_hours=1)
    streaks = Streaks((silent, COVERAGE))
    for minutes, found in ((0, 70), (5, 90), (7, None)):
        one = report(value("test_coverage", found), minutes=minutes)
        streaks.take(evaluate.observe(streaks.rules, one, LABELS), at(10))
    assert [(dict(one.labels)["rule"], one.value) for one in streaks.heard()] == [("silent", at(5).timestamp())]


@pytest.mark.parametrize(("minutes", "told"), [(-50_000, 5), (7, 7)])
def test_of_silence_the_book_of_the_store_remembers_more_than_the_reports_that_are_read(
    minutes: float, told: float
) -> None:
    silent = AlertRule(name="silent", match="*/test_coverage", silent_above_hours=1)
    streaks = Streaks((silent,))
    here, gone = (evaluate.observe((silent,), report(value("test_coverage", 9, who)), LABELS) for who in ("a", "b"))
    streaks.take((replace(here[0], seen=replace(here[0].seen, at=at(5))),), at(10))
    heard = replace(here[0].seen, at=at(minutes))
    # What is due is bad from when it was due, and its last news is what it was.
    due = Watched(fingerprint="x", rule="silent", labels=gone[0].labels, last=heard, good=gone[0].seen)
    book = [
        due,
        replace(due, labels=here[0].labels, good=heard),
        replace(due, labels={**due.labels, "severity": "was"}),
    ]
    found = [(dict(one.labels)["subject"], one.value) for one in streaks.heard(book)]
    assert sorted(found) == [("a", at(told).timestamp()), ("b", START.timestamp())]
