"""From what runs observe to incidents: when an alert fires, what it says, and when it is over."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

import pytest
from msgspec.structs import replace

from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.incidents import by_hand, forgetting
from edgetpu_ci.incidents.evaluate import observe
from edgetpu_ci.incidents.incident import MOST_EVENTS, event, firing
from edgetpu_ci.incidents.keys import group_key
from edgetpu_ci.incidents.machine import advance
from edgetpu_ci.incidents.record import Acknowledged, Book, Incident, Muted
from edgetpu_ci.model import Measurement
from tests.fakes.alerting import COVERAGE, LABELS, PACKAGE, REGRESSION, STREAK, at, report, shifted, value

DAY = 24 * 60


def after(rule: AlertRule, *runs: Iterable[Measurement], book: Book | None = None, start: float = 0) -> Book:
    """The book after runs ten minutes apart, each evaluated when it ended."""
    book = book or Book()
    for n, measured in enumerate(runs):
        given = report(*measured, minutes=start + 10 * n)
        book = advance(book, observe([rule], given, LABELS, book.watched), [rule], given.run.at)
    return book


def streak(*failed: float | None, workflow: str = "ci.yml") -> list[list[Measurement]]:
    return [[value("workflow_failure_streak", one, workflow)] for one in failed]


def coverage(*percents: float | None) -> list[list[Measurement]]:
    return [[value("test_coverage", one)] for one in percents]


def only(book: Book) -> Incident:
    (one,) = book.incidents
    return one


def lines(book: Book) -> list[str]:
    return [f"{line.kind}: {line.text}" for one in book.incidents for line in one.timeline]


def test_four_failures_in_a_row_open_an_incident_and_two_successes_end_it() -> None:
    assert after(STREAK, *streak(0, 1, 2, 3)).incidents == ()
    book = after(STREAK, *streak(0, 1, 2, 3, 4, 5, 0))
    one = only(book)
    assert one.is_open
    assert one.key == group_key("critical", LABELS | {"alertname": "build_failure_streak"})
    assert (one.severity, one.priority, one.opened_at) == ("critical", "p0_critical", at(40))
    assert one.name == "build_failure_streak f329e9e0-1"
    book = after(STREAK, *streak(0), book=book, start=70)
    assert only(book).resolved_at == at(70)
    assert lines(book) == [
        "opened: workflow failure streak of ci.yml is 4, above 3",
        "resolved: workflow failure streak of ci.yml is 0; 2 good runs in a row",
    ]


def test_an_alert_knows_the_last_good_run_and_the_first_bad_one() -> None:
    (alert,) = only(after(STREAK, *streak(0, 3, None, 4, 5))).alerts
    assert alert.good
    assert (alert.good.commit, alert.bad.commit, alert.last.commit) == ("c000010", "c000030", "c000040")
    assert (alert.since, alert.bad_runs, alert.because) == (
        at(30),
        2,
        "workflow failure streak of ci.yml is 5, above 3",
    )


def test_an_alert_fires_since_somebody_looked_and_not_since_a_run_that_was_late() -> None:
    seen = observe([COVERAGE], report(value("test_coverage", 70)), LABELS)
    one = only(advance(Book(), seen, [COVERAGE], at(30)))
    assert (one.opened_at, one.alerts[0].since, one.alerts[0].bad.at) == (at(30), at(30), at(0))


def test_an_alert_says_how_it_is_now_and_what_told_last() -> None:
    where = (("first", "src/run.py:12"),)
    book = after(STREAK, *streak(4), [value("workflow_failure_streak", 5, "ci.yml", details=where)])
    (alert,) = only(book).alerts
    assert (alert.because, alert.where) == ("workflow failure streak of ci.yml is 5, above 3", "src/run.py:12")
    (alert,) = only(after(STREAK, *streak(0), book=book, start=20)).alerts
    assert (alert.because, alert.where) == ("workflow failure streak of ci.yml is 5, above 3", "src/run.py:12")
    assert (alert.last.at, alert.good_runs, alert.state) == (at(20), 1, "firing")


def test_of_a_lasting_change_the_range_is_that_of_its_history() -> None:
    given = shifted(1000, 850)
    book = advance(Book(), observe([REGRESSION], given, LABELS), [REGRESSION], at(0))
    (alert,) = only(book).alerts
    assert alert.good
    assert (alert.good.commit, alert.bad.commit, alert.last.at) == ("1a2b3c4", "9f8e7d6", at(0))


def test_what_is_unknown_neither_fires_nor_resolves() -> None:
    rule = replace(COVERAGE, for_="2 runs")
    assert after(rule, *coverage(70, None, None)).incidents == ()
    assert only(after(rule, *coverage(70, None, 70))).is_open
    assert only(after(rule, *coverage(70, 70, None, None, None, 90, None))).is_open
    assert not only(after(rule, *coverage(70, 70, None, 90, None, 90))).is_open


def test_a_bad_run_between_good_ones_begins_their_count_anew() -> None:
    assert only(after(COVERAGE, *coverage(70, 90, 70, 90))).is_open
    assert not only(after(COVERAGE, *coverage(70, 90, 70, 90, 90))).is_open
    at_once = after(replace(COVERAGE, resolve_after=1), *coverage(70, 90))
    assert lines(at_once)[1:] == ["resolved: test coverage is 90 %; 1 good run"]


@pytest.mark.parametrize(
    ("lasting", "bad_runs"), [("", 1), ("1 run", 1), ("3 runs", 3), ("20 min", 3), ("15 min", 3), ("immediate", 1)]
)
def test_it_fires_once_it_has_lasted(lasting: str, bad_runs: int) -> None:
    rule = replace(COVERAGE, for_=lasting)
    assert after(rule, *coverage(*[70] * (bad_runs - 1))).incidents == ()
    assert only(after(rule, *coverage(*[70] * bad_runs))).is_open


def test_a_good_run_takes_back_what_is_pending() -> None:
    rule = replace(COVERAGE, for_="3 runs")
    book = after(rule, *coverage(70, 70, 90))
    assert book.alerts == ()
    assert after(rule, *coverage(70, 70, 90, 70, 70)).incidents == ()


def test_what_is_missing_fires_after_more_runs_in_a_row_than_allowed() -> None:
    rule = AlertRule(name="x", match="*/test_coverage", missing_above=2)
    nothing = [[value("package_available", 1, "edge-tpu")]]
    (pending,) = after(rule, *coverage(90), *nothing * 2).alerts
    assert pending.because == "there is no value of test coverage: it was not measured in this run"
    book = after(rule, *coverage(90), *nothing, *coverage(None), *nothing)
    assert lines(book) == [
        "opened: there is no value of test coverage: it was not measured in this run, in 3 runs in a row, more than 2"
    ]
    assert after(rule, *nothing * 9).incidents == ()
    assert not only(after(rule, *coverage(90, 90), book=book, start=100)).is_open


def test_the_same_again_changes_nothing_and_nor_does_what_is_older() -> None:
    book = after(COVERAGE, *coverage(90, 70, 90))
    for minutes, percent in ((20, 90.0), (10, 70.0), (0, 90.0), (5, 60.0)):
        again = report(value("test_coverage", percent), minutes=minutes)
        assert advance(book, observe([COVERAGE], again, LABELS), [COVERAGE], at(20)) == book
    assert only(book).is_open


def test_of_two_reports_of_one_second_each_counts_once() -> None:
    bad = report(value("test_coverage", 70))
    reports = [bad, replace(bad, run=replace(bad.run, id="run-second"))]
    seen = [one for given in reports for one in observe([COVERAGE], given, LABELS)]
    rule = replace(COVERAGE, for_="2 runs")
    assert only(advance(Book(), [*seen, *seen], [rule], at(0))).is_open
    assert advance(Book(), [*seen[:1], *seen[:1]], [rule], at(0)).incidents == ()


def test_a_run_of_the_future_says_nothing_yet() -> None:
    ahead = observe([COVERAGE], report(value("test_coverage", 70), minutes=DAY), LABELS)
    assert advance(Book(), ahead, [COVERAGE], at(0)) == Book()
    assert advance(Book(), ahead, [COVERAGE], at(DAY - 10.1)) == Book()
    assert only(advance(Book(), ahead, [COVERAGE], at(DAY - 10))).is_open


def test_after_a_clock_that_jumped_what_comes_is_heard() -> None:
    book = after(COVERAGE, *coverage(70), start=DAY)
    assert only(book).is_open
    book = advance(book, observe([COVERAGE], report(value("test_coverage", 90)), LABELS), [COVERAGE], at(0))
    assert only(after(COVERAGE, *coverage(90), book=book, start=10)).resolved_at == at(10)


def test_what_a_clock_that_jumped_called_good_is_not_before_what_is_bad() -> None:
    book = after(COVERAGE, *coverage(70), book=after(COVERAGE, *coverage(90), start=DAY))
    assert only(book).alerts[0].good is None


def test_what_a_clock_that_jumped_began_still_has_to_last() -> None:
    rule = replace(COVERAGE, for_="15 min")
    book = after(rule, *coverage(70), start=DAY)
    book = after(rule, *coverage(70, 70), book=book)
    assert book.incidents == ()
    assert only(after(rule, *coverage(70), book=book, start=20)).alerts[0].bad.at == at(0)


def test_what_began_long_before_anybody_looked_says_nothing_of_today() -> None:
    seen = observe([COVERAGE], report(value("test_coverage", 70)), LABELS)
    assert advance(Book(), seen, [COVERAGE], at(0) + forgetting.UNSEEN + timedelta(minutes=1)) == Book()
    assert advance(Book(), seen, [COVERAGE], at(0) + forgetting.UNSEEN) != Book()


def test_alerts_of_a_group_are_one_incident() -> None:
    both = [[value("workflow_failure_streak", 4, "ci.yml"), value("workflow_failure_streak", 5, "docs.yml")]]
    book = after(STREAK, *streak(4), *both)
    assert [alert.labels["subject"] for alert in firing(only(book))] == ["ci.yml", "docs.yml"]
    well = [[value("workflow_failure_streak", 0, "ci.yml")]]
    book = after(STREAK, *well * 2, book=book, start=20)
    assert only(book).is_open
    book = after(STREAK, *streak(0, 0, workflow="docs.yml"), book=book, start=40)
    assert only(book).resolved_at == at(50)
    assert lines(book) == [
        "opened: workflow failure streak of ci.yml is 4, above 3",
        "updated: workflow failure streak of docs.yml is 5, above 3",
        "updated: workflow failure streak of ci.yml is 0; 2 good runs in a row",
        "resolved: workflow failure streak of docs.yml is 0; 2 good runs in a row",
    ]
    assert only(book).change == 4


def test_an_alert_that_fires_again_while_its_incident_is_open_takes_its_place() -> None:
    both = [[value("workflow_failure_streak", 4, name) for name in ("ci.yml", "docs.yml")]]
    book = after(STREAK, *both, *streak(0, 0, 6))
    assert [(alert.labels["subject"], alert.bad.at) for alert in firing(only(book))] == [
        ("ci.yml", at(30)),
        ("docs.yml", at(0)),
    ]
    assert only(book).change == 4


def test_branches_and_grouping_labels_make_incidents_of_their_own() -> None:
    seen = [
        one
        for branch in ("main", "dev")
        for name in ("ci.yml", "docs.yml")
        for one in observe([STREAK], report(value("workflow_failure_streak", 4, name)), LABELS | {"branch": branch})
    ]
    assert [one.labels["branch"] for one in advance(Book(), seen, [STREAK], at(0)).incidents] == ["main", "dev"]
    alone = advance(Book(), seen, [STREAK], at(0), group_by=["alertname", "branch", "repo", "subject"])
    assert len({one.key for one in alone.incidents}) == 4


def test_an_incident_has_the_gravest_priority_of_its_alerts() -> None:
    mild = replace(COVERAGE, name="mild", below=90, priority="")
    low = replace(COVERAGE, name="low", below=60, priority="p1_high")
    rules = [mild, COVERAGE, low]
    book = Book()
    for minutes, percent, priority in ((0, 85, ""), (10, 70, "p2_medium"), (20, 50, "p1_high"), (30, 50, "p1_high")):
        seen = observe(rules, report(value("test_coverage", percent), minutes=minutes), LABELS)
        book = advance(book, seen, rules, at(minutes), ["repo"])
        assert only(book).priority == priority
    assert [alert.rule for alert in firing(only(book))] == ["mild", "test_coverage_drop", "low"]


def test_what_comes_again_has_the_same_key_and_another_number() -> None:
    book = after(COVERAGE, *coverage(70, 90, 90, 70))
    first, second = book.incidents
    assert (first.key, first.is_open, second.is_open) == (second.key, False, True)
    assert (first.number, second.number) == (1, 2)
    assert second.alerts[0].good
    assert second.alerts[0].good.at == at(20)
    put_away = replace(book, incidents=())
    assert only(after(COVERAGE, *coverage(70), book=put_away, start=100)).number == 3


@pytest.mark.parametrize(
    ("rules", "minutes"),
    [
        ([], 10.1 + DAY),
        ([PACKAGE], 10.1 + DAY),
        ([replace(COVERAGE, severity="error")], 20),
        ([replace(COVERAGE, by=("metric",))], 20),
    ],
)
def test_with_its_rule_an_incident_ends_and_says_so(rules: Sequence[AlertRule], minutes: float) -> None:
    book = advance(after(COVERAGE, *coverage(90, 70)), (), rules, at(minutes))
    assert only(book).resolved_at == at(minutes)
    assert lines(book)[1:] == ["resolved: no rule of the configuration asks for it any more"]
    assert (book.watched, book.alerts) == ((), ())
    assert advance(book, (), rules, at(minutes + 10)) == book


def test_what_another_configuration_of_the_store_asks_for_goes_on() -> None:
    book = after(COVERAGE, *coverage(90, 70, 71))
    assert advance(book, (), [PACKAGE], at(20 + DAY)) == book
    seen = observe([COVERAGE], report(value("test_coverage", 72), minutes=20 + DAY), LABELS)
    still = advance(advance(book, seen, [COVERAGE], at(20 + DAY)), (), [PACKAGE], at(20 + 2 * DAY))
    assert only(still).is_open


def test_another_threshold_keeps_the_incident() -> None:
    book = after(COVERAGE, *coverage(70))
    assert advance(book, (), [replace(COVERAGE, below=75)], at(20)) == book


def test_observations_of_no_rule_say_nothing() -> None:
    seen = observe([COVERAGE], report(value("test_coverage", 70)), LABELS)
    assert advance(Book(), seen, [PACKAGE], at(0)) == Book()


def acknowledge(book: Book, one: Incident, by: str, minutes: float) -> Book:
    said = Acknowledged(key=one.key, number=one.number, by=by, at=at(minutes), how="a comment")
    return by_hand.acknowledge(book, said)


def close(book: Book, one: Incident, reason: str) -> Book:
    said = Acknowledged(key=one.key, number=one.number, by="maintainer", at=at(15), how="a comment", over=reason)
    return by_hand.close(book, said)


def test_an_incident_is_acknowledged_once_and_what_is_over_is_not() -> None:
    bad = after(COVERAGE, *coverage(90, 70))
    book = acknowledge(bad, only(bad), "octocat", 15)
    assert (only(book).acknowledged_at, only(book).acknowledged_by, only(book).change) == (at(15), "octocat", 2)
    assert [(line.kind, line.by, line.at) for line in only(book).timeline[1:]] == [("acknowledged", "octocat", at(15))]
    assert acknowledge(book, only(bad), "hubot", 16) == book
    assert acknowledge(bad, replace(only(bad), number=2), "hubot", 16) == bad
    over = after(COVERAGE, *coverage(90, 90), book=book, start=20)
    assert acknowledge(over, only(over), "hubot", 50) == over
    assert only(over).acknowledged_by == "octocat"
    again = after(COVERAGE, *coverage(70), book=over, start=40)
    assert again.incidents[1].acknowledged_at is None
    assert acknowledge(again, again.incidents[1], "hubot", 50).incidents[0] == only(over)


def test_what_is_closed_by_hand_is_over_until_a_later_run_is_bad_again() -> None:
    bad = after(COVERAGE, *coverage(90, 70))
    one = only(bad)
    book = close(bad, one, "the limit was wrong")
    assert lines(book)[1:] == ["resolved: closed by hand: the limit was wrong"]
    assert only(book).timeline[1].by == "maintainer"
    assert only(book).resolved_at == at(15)
    assert [(alert.state, alert.resolved_at) for alert in only(book).alerts] == [("resolved", at(15))]
    assert close(book, one, "once more") == book
    assert close(bad, replace(one, number=2), "the limit was wrong") == bad
    assert after(COVERAGE, *coverage(70), book=book, start=10) == book
    closed, again = after(COVERAGE, *coverage(70), book=book, start=20).incidents
    assert (closed.is_open, again.is_open) == (False, True)
    assert again.alerts[0].good
    assert again.alerts[0].good.at == at(0)


def test_what_was_missing_is_expected_no_more_once_somebody_closed_it() -> None:
    rule = AlertRule(name="x", match="*/test_coverage", missing_above=0)
    nothing = [value("package_available", 1, "edge-tpu")]
    book = after(rule, *coverage(90), nothing)
    assert lines(book)[0].endswith("it was not measured in this run, in 1 run in a row, more than 0")
    book = close(book, only(book), "we test no more")
    assert len(after(rule, nothing, book=book, start=20).incidents) == 1
    assert len(after(rule, *coverage(90), nothing, book=book, start=20).incidents) == 2


def test_what_was_not_seen_for_long_is_forgotten_unless_it_fires() -> None:
    rule = replace(STREAK, for_="2 runs")
    both = [[value("workflow_failure_streak", 4, name) for name in ("ci.yml", "docs.yml")]]
    book = after(rule, *both, *streak(5))
    book = replace(book, silences=(Muted(match={}, until=at(0), reason="moving"),))
    late = at(10) + forgetting.UNSEEN
    assert advance(book, (), [rule], late - timedelta(minutes=10)) == book
    forgotten = advance(book, (), [rule], late + timedelta(minutes=1))
    assert [one.labels["subject"] for one in forgotten.watched] == ["ci.yml"]
    assert (forgotten.alerts, forgotten.silences) == ((), ())
    assert forgotten.incidents == book.incidents


def test_a_book_watches_a_limited_number_of_the_newest() -> None:
    (one,) = after(COVERAGE, *coverage(90)).watched
    many = [
        replace(one, fingerprint=str(n), last=replace(one.last, at=at(n / 100))) for n in range(forgetting.MOST + 5)
    ]
    kept = forgetting.forget(Book(watched=tuple(many)), at(0)).watched
    assert list(kept) == many[5:]


def test_a_timeline_keeps_its_beginning_and_the_newest() -> None:
    one = only(after(COVERAGE, *coverage(70)))
    for n in range(MOST_EVENTS + 10):
        one = event(one, "updated", str(n), at(n))
    assert len(one.timeline) == MOST_EVENTS
    assert (one.timeline[0].kind, one.timeline[-1].text) == ("opened", str(MOST_EVENTS + 9))
    assert one.change == MOST_EVENTS + 11
