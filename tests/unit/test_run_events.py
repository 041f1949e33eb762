"""What a run tells of its report: at which level, and of which verdicts."""

from pathlib import Path

from edgetpu_ci import run_events
from edgetpu_ci.errors import DeliveryError, StoreError
from edgetpu_ci.model import Report, Status, Verdict
from edgetpu_ci.observed import Event
from edgetpu_ci.world import World
from tests.fakes.alerting import THROUGHPUT, report
from tests.fakes.world import world


def heard() -> tuple[World, list[Event]]:
    events: list[Event] = []
    here = world(Path("nowhere"))
    here.observed.sinks.append(events.append)
    return here, events


def judged() -> Report:
    statuses: tuple[Status, ...] = ("passed", "failed", "warned", "unknown")
    verdicts = (Verdict(subject="m", metric=one, status=one, weight="fail", because="so it is") for one in statuses)
    return report(THROUGHPUT, verdicts=tuple(verdicts))


def test_of_verdicts_only_those_that_failed_are_warnings() -> None:
    here, events = heard()
    run_events.judged(judged(), here)
    failed, whole = events
    assert (failed.level, failed.name, failed.fields["metric"]) == ("warning", "rule_failed", "failed")
    assert (whole.level, whole.fields["failed"], whole.fields["warned"], whole.fields["unknown"]) == ("info", 1, 1, 1)


def test_a_report_that_only_waits_for_its_store_is_no_error() -> None:
    here, events = heard()
    run_events.unsaved(judged(), (DeliveryError("later."), StoreError("full.")), (DeliveryError,), here)
    assert [(one.level, one.fields["reason"]) for one in events] == [("warning", "later."), ("error", "full.")]
