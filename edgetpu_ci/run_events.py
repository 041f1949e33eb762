"""What a run tells of itself while it goes on: the events of `logs.events`, as the parts of a run know them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from edgetpu_ci.errors import EdgeTpuCiError
from edgetpu_ci.event import Event
from edgetpu_ci.judging import judge
from edgetpu_ci.model import REPOSITORY, Machine, Measurement, Report
from edgetpu_ci.world import World

if TYPE_CHECKING:
    from edgetpu_ci.observed import Level, Value

_COMPLETED: Final = {
    "throughput_fps": "throughput_fps",
    "latency_p99_ms": "latency_p99_ms",
    "power_w": "power_watts",
    "tpu_utilization": "tpu_utilization_percent",
}
"""What is told of a model, by the name it has there, and its metric."""


def started(run: str, host: Machine, happened: Event, collectors: int, world: World) -> None:
    """A run begins to measure, with so many collectors."""
    world.observed.tell(
        "info",
        "run_started",
        world.now(),
        session_id=run,
        machine=host.key,
        commit=happened.commit,
        branch=happened.branch,
        pull_request=happened.pull_request,
        collectors=collectors,
    )


def measured(run: str, measurements: Iterable[Measurement], seconds: float, world: World) -> None:
    """Models were measured; together they took so many seconds, since they take turns."""
    values: dict[str, dict[str, float | None]] = {}
    for one in measurements:
        values.setdefault(one.subject, {})[one.metric] = one.value
    for model, known in values.items():
        if model != REPOSITORY and known.get("throughput_fps") is not None:
            fields: dict[str, Value] = {name: known.get(metric) for name, metric in _COMPLETED.items()}
            world.observed.tell(
                "info",
                "benchmark_completed",
                world.now(),
                session_id=run,
                model=model,
                **fields,
                duration_seconds=round(seconds, 3),
            )


def missed(run: str, collector: str, reason: str, world: World) -> None:
    """A collector brought nothing."""
    world.observed.tell("warning", "collector_failed", world.now(), session_id=run, collector=collector, reason=reason)


def judged(report: Report, world: World) -> None:
    """A run is judged; and what of it does not hold, an event each.

    That is a warning, not an error: whom a gate is to wake, `alerting` says, and once is enough.
    """
    run, verdicts = report.run.id, report.verdicts
    count: dict[str, Value] = {
        status: sum(one.status == status for one in verdicts) for status in ("failed", "warned", "unknown")
    }
    for one in verdicts:
        if one.status == "failed":
            world.observed.tell(
                "warning",
                "rule_failed",
                world.now(),
                session_id=run,
                subject=one.subject,
                metric=one.metric,
                because=one.because,
            )
    world.observed.tell("info", "report_judged", world.now(), session_id=run, status=judge.status(report), **count)


def saved(report: Report, place: str, world: World) -> None:
    """A report lies at a place."""
    world.observed.tell("info", "report_saved", world.now(), session_id=report.run.id, report=place)


def unsaved(
    report: Report, problems: Iterable[EdgeTpuCiError], passing: tuple[type[Exception], ...], world: World
) -> None:
    """Something of it could not be kept; what is only `passing` waits for the next run."""
    for problem in problems:
        level: Level = "warning" if isinstance(problem, passing) else "error"
        world.observed.tell(level, "report_unsaved", world.now(), session_id=report.run.id, reason=str(problem))


def undelivered(problems: Iterable[EdgeTpuCiError], world: World) -> None:
    """Somebody could not be told something."""
    for problem in problems:
        world.observed.tell("warning", "delivery_failed", world.now(), reason=str(problem))
