"""What nobody is told of: silenced, in a maintenance window, or while something graver fires."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from edgetpu_ci.config.alerting import Alerting, Inhibition, Silence
from edgetpu_ci.incidents import muting
from edgetpu_ci.incidents.evaluate import observe
from edgetpu_ci.incidents.machine import advance
from edgetpu_ci.incidents.record import Book, Intent, Muted, Receipt
from edgetpu_ci.model import Measurement
from tests.fakes.alerting import COVERAGE, DEPENDENCY, LABELS, SECURITY, STREAK, at, report, value

GRAVE = value("critical_vulnerabilities", 1)
MILD = value("medium_or_graver_vulnerable_dependencies", 2)
RULES = (SECURITY, DEPENDENCY, STREAK, COVERAGE)
INHIBIT = Inhibition(
    source={"alertname": "security_vulnerability_detected"}, target={"alertname": "dependency_vulnerability"}
)


def book(*measured: Measurement, before: Book | None = None, minutes: float = 0) -> Book:
    given = report(*measured, minutes=minutes)
    return advance(before or Book(), observe(RULES, given, LABELS), RULES, given.run.at)


def told(known: Book, settings: Alerting, minutes: float = 0) -> list[str]:
    return [one.labels["alertname"] for one in muting.told(known, settings, at(minutes))]


def test_while_the_graver_alert_fires_the_milder_one_is_not_told() -> None:
    both = book(GRAVE, MILD)
    assert told(both, Alerting()) == ["security_vulnerability_detected", "dependency_vulnerability"]
    settings = Alerting(inhibit=(INHIBIT,))
    assert told(both, settings) == ["security_vulnerability_detected"]
    assert told(book(MILD), settings) == ["dependency_vulnerability"]
    (milder,) = (one for one in both.incidents if one.severity == "warning")
    assert muting.of(both, settings, at(0)) == {milder.alerts[0].fingerprint}


def test_what_was_inhibited_is_told_when_the_graver_one_is_over_and_it_still_fires() -> None:
    settings = Alerting(inhibit=(INHIBIT,))
    known = book(GRAVE, MILD)
    for minutes in (10, 20):
        known = book(replace(GRAVE, value=0.0), MILD, before=known, minutes=minutes)
    assert told(known, settings, 20) == ["dependency_vulnerability"]


def test_what_is_over_before_anybody_was_told_is_never_told() -> None:
    known = book(GRAVE)
    for minutes in (10, 20):
        known = book(replace(GRAVE, value=0.0), before=known, minutes=minutes)
    assert told(known, Alerting(), 20) == []


def test_who_was_told_of_it_is_told_that_it_is_over_even_while_it_is_silenced() -> None:
    known = book(GRAVE)
    (one,) = known.incidents
    begun = Intent(id="1", key=one.key, number=one.number, kind="opened", change=1, target="slack #ci")
    heard = replace(one, receipts={"slack #ci": Receipt(ref="1", at=at(1), said=1)})
    silent = Alerting(silences=(Silence(reason="moving", until=at(60)),))
    for before in (replace(known, incidents=(heard,)), replace(known, outbox=(begun,))):
        assert told(before, silent) == []
        after = before
        for minutes in (10, 20):
            after = book(replace(GRAVE, value=0.0), before=after, minutes=minutes)
        assert told(after, silent, 20) == ["security_vulnerability_detected"]


def test_another_incident_of_the_key_was_not_told_of_with_the_first() -> None:
    known = book(GRAVE)
    (one,) = known.incidents
    heard = replace(one, receipts={"slack #ci": Receipt(ref="1", at=at(1), said=1)})
    known = replace(known, incidents=(heard,))
    for minutes, found in ((10, 0.0), (20, 0.0), (30, 1.0), (40, 0.0), (50, 0.0)):
        known = book(replace(GRAVE, value=found), before=known, minutes=minutes)
    assert [one.number for one in muting.told(known, Alerting(), at(50))] == [1]


def test_an_incident_is_told_of_while_any_of_its_alerts_is_not_muted() -> None:
    known = book(*(value("workflow_failure_streak", 4, name) for name in ("ci.yml", "docs.yml")))
    docs = Silence(reason="nobody reads them", until=at(60), match={"subject": "docs.yml"})
    assert told(known, Alerting(silences=(docs,))) == ["build_failure_streak"]
    assert told(known, Alerting(silences=(docs, replace(docs, match={"subject": "ci.yml"})))) == []


@pytest.mark.parametrize(
    ("silence", "minutes", "is_told"),
    [
        (Silence(reason="moving", until=at(60)), 59, False),
        (Silence(reason="moving", until=at(60)), 60, True),
        (Silence(reason="moving", until=at(60), starts=at(30)), 29, True),
        (Silence(reason="moving", until=at(60), starts=at(30)), 30, False),
        (Silence(reason="moving", until=at(60), match={"severity": "critical", "branch": "main"}), 0, False),
        (Silence(reason="moving", until=at(60), match={"severity": "critical", "branch": "dev"}), 0, True),
        (Silence(reason="moving", until=at(60), match={"machine": ""}), 0, False),
        (Silence(reason="moving", until=at(60), match={"machine": "pi5"}), 0, True),
    ],
)
def test_a_silence_holds_from_its_start_until_it_expires(silence: Silence, minutes: float, is_told: bool) -> None:  # noqa: FBT001
    assert bool(told(book(GRAVE), Alerting(silences=(silence,)), minutes)) == is_told


def test_a_silence_made_by_hand_does_the_same() -> None:
    known = replace(book(GRAVE), silences=(Muted(match={"severity": "critical"}, until=at(60), reason="it is known"),))
    assert told(known, Alerting(), 59) == []
    assert told(known, Alerting(), 60) == ["security_vulnerability_detected"]


@pytest.mark.parametrize(("until", "is_silent"), [("2026-11-25T19:00+02:00", False), ("9999-12-31T23:59-05:00", True)])
def test_a_silence_ends_in_the_time_zone_it_is_written_in(until: str, is_silent: bool) -> None:  # noqa: FBT001
    settings = Alerting(silences=(Silence(reason="moving the runners", until=datetime.fromisoformat(until)),))
    before, after = (datetime(2026, 11, 25, hour, minute, tzinfo=UTC) for hour, minute in ((16, 59), (17, 0)))
    assert muting.is_silenced({}, Book(), settings, before)
    assert muting.is_silenced({}, Book(), settings, after) == is_silent


def inhibited(labels: dict[str, str], source: dict[str, str], rule: Inhibition) -> bool:
    return muting.is_inhibited(labels, [source], [rule])


def test_nothing_inhibits_itself_nor_what_is_source_and_target_alike() -> None:
    every = {"repo": "o/r"}
    both = Inhibition(source=every, target=every, equal=("repo",))
    assert not inhibited(every, every, both)
    assert not inhibited(every | {"alertname": "a"}, every | {"alertname": "b"}, both)


def test_a_source_that_is_a_target_too_inhibits_what_is_only_a_target() -> None:
    rule = Inhibition(source={"severity": "critical"}, target={"repo": "o/r"}, equal=("repo",))
    critical = {"severity": "critical", "repo": "o/r"}
    assert inhibited({"severity": "warning", "repo": "o/r"}, critical, rule)
    assert not inhibited(critical, critical | {"alertname": "b"}, rule)


def test_what_is_source_and_target_is_inhibited_by_what_is_only_a_source() -> None:
    rule = Inhibition(source={"severity": "critical"}, target={"alertname": "b"}, equal=())
    assert inhibited({"severity": "critical", "alertname": "b"}, {"severity": "critical", "alertname": "a"}, rule)


def test_labels_that_both_lack_are_equal() -> None:
    rule = Inhibition(source={"alertname": "a"}, target={"alertname": "b"}, equal=("branch", "machine"))
    assert inhibited({"alertname": "b", "branch": "main"}, {"alertname": "a", "branch": "main"}, rule)
    assert inhibited({"alertname": "b", "machine": ""}, {"alertname": "a"}, rule)
    assert not inhibited({"alertname": "b", "branch": "dev"}, {"alertname": "a", "branch": "main"}, rule)
    assert not inhibited({"alertname": "b", "branch": "main"}, {"alertname": "a"}, rule)


def test_any_rule_and_any_source_will_do() -> None:
    rules = [
        Inhibition(source={"alertname": "a"}, target={"alertname": "x"}, equal=()),
        Inhibition(source={"alertname": "b"}, target={"alertname": "y"}, equal=()),
    ]
    firing = [{"alertname": "x"}, {"alertname": "b"}]
    assert muting.is_inhibited({"alertname": "y"}, firing, rules)
    assert not muting.is_inhibited({"alertname": "x"}, firing, rules)


def test_what_only_pends_inhibits_nothing() -> None:
    rule = replace(SECURITY, for_="2 runs")
    rules = (rule, DEPENDENCY)
    given = report(GRAVE, MILD)
    known = advance(Book(), observe(rules, given, LABELS), rules, given.run.at)
    assert told(known, Alerting(inhibit=(INHIBIT,))) == ["dependency_vulnerability"]
