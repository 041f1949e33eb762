"""How long jobs wait for a runner, whatever the clocks of GitHub's machines say of each other."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from edgetpu_ci.kpis import attempts, summary
from edgetpu_ci.kpis.attempts import CANCELLED, SKIPPED
from edgetpu_ci.kpis.rows import Job, Rows, Source, WorkflowRun
from edgetpu_ci.kpis.scope import Scope
from edgetpu_ci.kpis.window import Window
from edgetpu_ci.model import REPOSITORY, Measurement

NEEDS: Final[tuple[Source, ...]] = ("runs",)
METRICS: Final = ("queue_time_seconds", "suite_queue_time_seconds")

_GITHUBS: Final = ("github actions", "larger runners")
_SELF_HOSTED: Final = "self-hosted"
_SECOND: Final = timedelta(seconds=1)


class Wait(Struct, frozen=True):
    """From when a job or suite was made to when it began; `seconds` are below 0 where two clocks disagree."""

    began: datetime
    seconds: float


def of(rows: Rows, scope: Scope) -> Iterator[Measurement]:
    """The key figures of `METRICS`, and of self-hosted runners where a job ran on one."""
    waits = [(job, waited) for run in rows.runs for job in queued(run) if (waited := wait(job))]
    looked_at = sum(any(job.created for job in run.jobs or ()) for run in scope.window.ended(rows.runs, attempts.ended))
    sampled = ("looked at", f"{looked_at:,} runs: GitHub tells of a job when it was queued only one run at a time")
    hosted = [waited for job, waited in waits if not is_self_hosted(job)]
    own = [waited for job, waited in waits if is_self_hosted(job)]
    yield _waits("queue_time_seconds", hosted, "jobs on GitHub's runners", (sampled,), scope)
    if own:
        yield _waits("self_hosted_queue_time_seconds", own, "jobs on self-hosted runners", (sampled,), scope)
    suites = [waited for run in rows.runs if (waited := suite_wait(run))]
    yield _waits("suite_queue_time_seconds", suites, "runs", (), scope)


def queued(run: WorkflowRun) -> list[Job]:
    """The executions that waited for a runner: what was skipped, or cancelled before it began, did not."""
    return [job for job in attempts.executions(run) if _ran(job)]


def _ran(job: Job) -> bool:
    return job.conclusion != SKIPPED and (job.conclusion != CANCELLED or bool(job.steps))


def wait(job: Job) -> Wait | None:
    """How long a job waited; None where it is not known when it was queued or began.

    GitHub may say of a job that it began while it was still queued: its first step began no earlier than it did.
    """
    if not job.created or not job.started:
        return None
    began = max(job.started, min((start for _, start, _ in job.steps if start), default=job.started))
    return Wait(began, (began - job.created) / _SECOND)


def suite_wait(run: WorkflowRun) -> Wait | None:
    """From when the check suite of a run came to be to when the first of its jobs began, in its first attempt."""
    starts = [job.started for job, attempt in attempts.executions(run).items() if attempt == 1 and _began(job)]
    began = min((start for start in starts if start), default=None)
    return Wait(began, (began - run.suite_created) / _SECOND) if began and run.suite_created else None


def _began(job: Job) -> bool:
    return job.conclusion not in {SKIPPED, CANCELLED}


def is_self_hosted(job: Job) -> bool:
    """Whether it ran on a runner of one's own: its labels say so, or it is in none of GitHub's groups of runners.

    A runner of one's own may be asked for by another label alone, such as "coral".
    """
    group = job.group.lower()
    return _SELF_HOSTED in map(str.lower, job.labels) or bool(group and not any(name in group for name in _GITHUBS))


def _waits(
    metric: str, waits: Sequence[Wait], of: str, details: Iterable[tuple[str, str]], scope: Scope
) -> Measurement:
    def values(window: Window) -> list[float]:
        return [max(0.0, waited.seconds) for waited in waits if window.has(waited.began)]

    below = sum(waited.seconds < 0 and scope.window.has(waited.began) for waited in waits)
    clamped = ("counted as 0", summary.listed([("began before they were queued, by the clocks", below)]))
    return scope.spread(REPOSITORY, metric, values, of=of, details=(*details, clamped))
