"""The alerts of the users' document, as examples/alerts has them: who is told of a report, and who a while later."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from edgetpu_ci import collect, config
from edgetpu_ci.incidents import escalation, evaluate, intents, machine, muting, routing
from edgetpu_ci.incidents.escalation import Plan
from edgetpu_ci.incidents.record import Book, Incident, Step
from edgetpu_ci.model import Measurement, Report
from tests.fakes.incidents import acknowledged
from tests.fakes.kpi_reports import figure, report
from tests.fakes.world import AT

EXAMPLE = Path(__file__).parents[2] / "examples/alerts/edgetpu-ci.yml"
SETTINGS = config.load(EXAMPLE)
ALERTING, RULES = SETTINGS.alerting, config.alert_rules(SETTINGS)
PLAN = Plan(alerting=ALERTING, rules=RULES)
ADDRESSES: routing.Addresses = {
    "slack": lambda _labels, channel: channel or "#ci",
    "pagerduty": lambda labels, _channel: "PAGERDUTY_P0" if labels["priority"] == "p0" else "PAGERDUTY_ROUTING_KEY",
    "issue": lambda labels, _channel: labels["repo"],
}
WELL = {
    "failure_streak": 0.0,
    "test_coverage": 91.0,
    "critical_vulnerabilities": 0.0,
    "critical_vulnerable_dependencies": 0.0,
    "medium_or_graver_vulnerable_dependencies": 0.0,
    "package_available": 1.0,
}
AT_ONCE = ["slack #ci", "pagerduty PAGERDUTY_P0", "issue o/r", "slack #emergency", "slack #security", "slack #leads"]


class Reach:
    """As a run knows it."""

    def __init__(self, book: Book, now: datetime) -> None:
        self.heard = {one.number for one in muting.told(book, ALERTING, now)}

    def targets(self, incident: Incident) -> tuple[str, ...] | None:
        if incident.number not in self.heard:
            return None
        names = {alert.rule for alert in incident.alerts}
        rules = [rule for rule in RULES if rule.name in names]
        labels = incident.alerts[0].labels
        return tuple(target for rule in rules for target in routing.targets(ALERTING, ADDRESSES, rule, labels))

    def escalated(self, _incident: Incident, step: Step) -> tuple[str, ...]:
        return routing.of_contact(ALERTING, step.contact)

    def exists(self, target: str) -> bool:
        return target.partition(" ")[0] in ADDRESSES


def measured(**values: float | None) -> list[Measurement]:
    return [figure(name, value) for name, value in {**WELL, **values}.items()]


def looked(book: Book, found: Sequence[Measurement], now: datetime) -> Book:
    """What a run at that time makes of the book, all that waited before having been said."""
    made = report(found)
    of_now: Report = replace(made, run=replace(made.run, id=f"{now:%Y%m%dT%H%M%SZ}-0", at=now))
    seen = evaluate.observe(RULES, of_now, {"repo": "o/r", "branch": "main"}, book.watched)
    after = machine.advance(replace(book, outbox=()), seen, RULES, now, ALERTING.group_by)
    after = escalation.escalate(after, PLAN, now)
    return intents.plan(book, after, Reach(after, now), now)


def said(book: Book) -> list[str]:
    return [one.target for one in book.outbox]


def after(minutes: float) -> datetime:
    return AT + timedelta(minutes=minutes)


BROKEN = measured(failure_streak=4)
OPENED = looked(Book(), BROKEN, AT)


def test_it_collects_what_its_alerts_read() -> None:
    for number, one in enumerate(SETTINGS.kpis):
        assert collect.bind(one, f"kpis[{number}]").is_of_repository, one.use


def test_it_raises_no_doubt() -> None:
    assert config.doubts(SETTINGS, AT) == ()


def test_a_fourth_failing_build_is_told_where_the_document_says() -> None:
    assert looked(Book(), measured(failure_streak=3), AT).incidents == ()
    (incident,) = OPENED.incidents
    assert (incident.severity, incident.priority) == ("critical", "p0")
    assert said(OPENED) == AT_ONCE
    assert {one.kind for one in OPENED.outbox} == {"opened"}


def test_who_is_told_later_is_told_when_the_document_says() -> None:
    book, heard = OPENED, {}
    for minutes in (14, 15, 29, 30, 31):
        book = looked(book, BROKEN, after(minutes))
        heard[minutes] = [one.target for one in book.outbox if one.kind == "escalated"]
    assert heard == {
        14: [],
        15: ["slack #management"],
        29: [],
        30: ["slack #development", "pagerduty PAGERDUTY_EXTERNAL"],
        31: [],
    }


def test_acknowledged_stops_it() -> None:
    taken_on = replace(OPENED, incidents=tuple(map(acknowledged, OPENED.incidents)))
    book = looked(taken_on, BROKEN, after(60))
    assert book.incidents[0].steps == ()


def test_a_warning_goes_to_its_channel_and_to_an_issue() -> None:
    book = looked(Book(), measured(test_coverage=79.9), AT)
    assert said(book) == ["slack #dev-quality", "issue o/r"]
    book = looked(Book(), measured(medium_or_graver_vulnerable_dependencies=1), AT)
    assert said(book) == ["slack #dev-security", "issue o/r"]
    book = looked(book, measured(medium_or_graver_vulnerable_dependencies=1), after(120))
    assert [step.contact for step in book.incidents[0].steps] == ["assigned_engineer"]


def test_a_critical_weakness_is_one_whichever_collector_found_it() -> None:
    for name in ("critical_vulnerabilities", "critical_vulnerable_dependencies"):
        book = looked(Book(), measured(**{name: 1}), AT)
        assert [one.labels["alertname"] for one in book.incidents] == ["security_vulnerability_detected"]
        assert said(book) == AT_ONCE


def test_a_broken_build_explains_the_rest() -> None:
    book = looked(Book(), measured(failure_streak=4, test_coverage=10), AT)
    assert len(book.incidents) == 2
    assert said(book) == AT_ONCE


def test_what_could_not_be_read_is_nothing_good_and_nothing_bad() -> None:
    unknown = [figure(name, None, reason="not known: no permission") for name in WELL]
    assert looked(Book(), unknown, AT).incidents == ()
    assert looked(OPENED, unknown, after(1440)).incidents[0].is_open


def test_a_silence_of_the_configuration_is_kept() -> None:
    quiet = datetime.fromisoformat("2027-01-04T09:00:00Z")
    book = looked(Book(), measured(package_available=0), quiet)
    assert (len(book.incidents), said(book)) == (1, [])
    assert book.incidents[0].told_at is None
    book = looked(book, measured(package_available=0), quiet + timedelta(hours=4))
    assert said(book) == AT_ONCE
