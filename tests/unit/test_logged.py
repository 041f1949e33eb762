"""What is logged, against the alerts on it: what is bad, what is good again, and of whom nothing is said."""

from datetime import UTC, datetime

from edgetpu_ci.config import logged as routes
from edgetpu_ci.config.alerting import Alerting
from edgetpu_ci.config.observability import LogLevel, Logs, Route
from edgetpu_ci.config.step import Step
from edgetpu_ci.incidents import logged
from edgetpu_ci.incidents.logged import Logged
from edgetpu_ci.incidents.record import Sighting, Watched
from edgetpu_ci.observed import Observed

SLACK = Alerting(notify=(Step(use="slack"), Step(use="pagerduty")))
RULES = routes.rules(Logs(), SLACK)
LABELS = {"repo": "o/r", "branch": "main", "machine": "pi5"}
SEEN = Sighting(at=datetime(2026, 11, 25, tzinfo=UTC), report="run-1")


def told(*names: str, whole: bool = True, known: tuple[Watched, ...] = ()) -> list[tuple[str, str, float | None]]:
    """The subject, standing and value of each observation of a run that logged errors of these names."""
    observed = Observed()
    for name in names:
        observed.tell("error", name, SEEN.at, reason="no")
    told = Logged(loud=observed.take_loud(), labels=LABELS, seen=SEEN, whole=whole)
    return [(one.labels["subject"], one.standing, one.seen.value) for one in logged.observe(RULES, told, known)]


def watched(subject: str, **labels: str) -> Watched:
    known = {**LABELS, "alertname": "logged_error", "severity": "error", "subject": subject, **labels}
    return Watched(fingerprint=subject, rule="logged_error", labels=known, last=SEEN)


def test_what_was_logged_is_bad_and_what_once_was_is_good() -> None:
    known = (watched("report_unsaved"), watched("command_failed"))
    assert told("report_unsaved", "report_unsaved", known=known) == [
        ("report_unsaved", "bad", 2.0),
        ("command_failed", "good", 0.0),
    ]


def test_of_another_machine_nothing_is_good() -> None:
    assert told(known=(watched("report_unsaved", machine="pi4"),)) == []


def test_a_command_that_broke_says_of_nothing_that_it_is_good() -> None:
    assert told("command_failed", whole=False, known=(watched("report_unsaved"),)) == [("command_failed", "bad", 1.0)]


def test_information_that_somebody_is_told_of_is_no_warning() -> None:
    levels: dict[LogLevel, Route] = {"INFO": Route(destinations=("slack_webhook",), retention_days=30)}
    found = {rule.name: rule.severity for rule in routes.rules(Logs(levels=levels), SLACK)}
    assert found == {
        "logged_info": "info",
        "logged_warning": "warning",
        "logged_error": "error",
        "logged_critical": "critical",
    }


def test_without_an_aggregator_no_level_is_kept_by_one() -> None:
    assert routes.aggregated(Logs()) == []
    assert routes.aggregated(Logs(aggregator=Step(use="otlp"))) == ["INFO", "WARNING", "ERROR", "CRITICAL"]
