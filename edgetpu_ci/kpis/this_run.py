"""How long the run takes that asks, and each of its jobs: what can be told from within, before it has ended."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from edgetpu_ci.kpis import attempts, durations, queues, summary
from edgetpu_ci.kpis.options import Options
from edgetpu_ci.kpis.rows import Job, WorkflowRun
from edgetpu_ci.kpis.summary import Details
from edgetpu_ci.model import Measurement

_SECOND: Final = timedelta(seconds=1)
_NO_QUEUE: Final = "GitHub does not tell when a job was queued"


def of(run: WorkflowRun, options: Options) -> Iterator[Measurement]:
    """The key figures of a run, whose subject is its workflow, and of each job that ran in its newest attempt."""
    details = (("of", f"this run, attempt {run.attempt}, without the job that asks"), ("source", "the run itself"))
    newest = attempts.newest(run)
    waits = {job.name: max(0.0, waited.seconds) for job in newest if (waited := queues.wait(job))}
    yield _value(run.workflow, "run_so_far_seconds", durations.duration(run), len(newest), "no job has ended", details)
    yield _matched(run, "run_build_seconds", "build_pattern", options.build_pattern, details)
    yield _matched(run, "run_test_seconds", "test_pattern", options.test_pattern, details)
    minutes = float(sum(map(durations.billed_minutes, newest)))
    yield _value(run.workflow, "run_minutes", minutes if newest else None, len(newest), "no job has ended", details)
    longest = max((max(0.0, seconds) for seconds in waits.values()), default=None)
    yield _value(
        run.workflow, "run_queue_time_seconds", longest, len(waits), "no job tells when it was queued", details
    )
    for job in newest:
        yield from _of_job(run, job, waits.get(job.name), details)


def _matched(run: WorkflowRun, metric: str, option: str, pattern: str, details: Details) -> Measurement:
    seconds = durations.matched(run, re.compile(pattern, re.IGNORECASE))
    reason = f"no job or step has a name that matches `{option}`"
    return _value(run.workflow, metric, seconds, 1, reason, (("pattern", pattern), *details))


def _of_job(run: WorkflowRun, job: Job, wait: float | None, details: Details) -> Iterator[Measurement]:
    subject = f"{run.workflow}: {job.name}"
    seconds = (job.completed - job.started) / _SECOND if job.started and job.completed else None
    shown = (("conclusion", job.conclusion), *details)
    yield _value(subject, "job_seconds", seconds, 1, "it does not tell when it began and ended", shown)
    yield _value(subject, "job_queue_time_seconds", wait, 1, _NO_QUEUE, shown)


def _value(subject: str, metric: str, value: float | None, n: int, reason: str, details: Details) -> Measurement:
    if value is None:
        return summary.unknown(subject, metric, reason, details=details)
    return summary.plain(subject, metric, value, n=n, details=details)
