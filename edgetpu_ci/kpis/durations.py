"""How long runs, builds and tests take, from the times of their jobs: those of a run change long after it ended."""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby
from math import ceil
from typing import Final

from msgspec import structs

from edgetpu_ci.kpis import attempts, builds, summary
from edgetpu_ci.kpis.attempts import SKIPPED, SUCCESS
from edgetpu_ci.kpis.rows import Job, Rows, Source, WorkflowRun
from edgetpu_ci.kpis.scope import Scope
from edgetpu_ci.kpis.summary import Details
from edgetpu_ci.kpis.window import Window
from edgetpu_ci.model import REPOSITORY, Measurement

NEEDS: Final[tuple[Source, ...]] = ("runs",)
METRICS: Final = ("run_duration_seconds", "build_time_seconds", "test_job_time_seconds", "minutes_used")

_SECOND: Final = timedelta(seconds=1)
_MINUTE: Final = timedelta(minutes=1)

_OF: Final = "successful runs of the default branch"


def of(rows: Rows, scope: Scope) -> Iterator[Measurement]:
    """The key figures of `METRICS`, and the duration of each workflow. A run that failed may have ended early."""
    succeeded = [run for run in rows.runs if builds.is_build(run, rows.branch) and run.conclusion == SUCCESS]
    yield _durations(REPOSITORY, "run_duration_seconds", succeeded, _OF, scope)
    yield _matched("build_time_seconds", succeeded, "build_pattern", scope.options.build_pattern, scope)
    yield _matched("test_job_time_seconds", succeeded, "test_pattern", scope.options.test_pattern, scope)
    yield _minutes(rows.runs, scope)
    for workflow, group in groupby(sorted(succeeded, key=_workflow), _workflow):
        runs = list(group)
        if scope.window.ended(runs, attempts.ended):
            yield _durations(workflow, "workflow_duration_seconds", runs, f"successful runs of {workflow}", scope)


def _workflow(run: WorkflowRun) -> str:
    return run.workflow


def duration(run: WorkflowRun) -> float | None:
    """Seconds from when the first job of the newest attempt began to when the last ended; None without their times."""
    times = [(job.started, job.completed) for job in attempts.newest(run)]
    starts = [start for start, end in times if start and end]
    ends = [end for start, end in times if start and end]
    return max(0.0, (max(ends) - min(starts)) / _SECOND) if starts else None


def estimate(run: WorkflowRun) -> float:
    """Seconds from the beginning of the newest attempt to the last change of the run, which may come after its end."""
    return max(0.0, (run.updated - (run.started or run.created)) / _SECOND)


def _durations(subject: str, metric: str, runs: Sequence[WorkflowRun], of: str, scope: Scope) -> Measurement:
    def values(window: Window) -> list[float]:
        known = [(run, duration(run)) for run in window.ended(runs, attempts.ended)]
        return [estimate(run) if seconds is None else seconds for run, seconds in known]

    estimated = sum(duration(run) is None for run in scope.window.ended(runs, attempts.ended))
    without = "of runs whose jobs are not known: last change less start, which may be too long"
    details = (("estimated", summary.listed([(without, estimated)])),)
    return scope.spread(subject, metric, values, of=of, details=details)


def _matched(metric: str, runs: Sequence[WorkflowRun], option: str, pattern: str, scope: Scope) -> Measurement:
    """Of the jobs whose names match, where any does in the time that is compared; else of the steps that are known.

    Steps are read of some runs, ever more of them: a sum of both would grow with that and not with the builds.
    """
    matching = re.compile(pattern, re.IGNORECASE)
    whole = [run for window in (scope.window, scope.before) if window for run in window.ended(runs, attempts.ended)]
    by_job = any(matching.search(job.name) for run in whole for job in run.jobs or ())
    counted = [
        structs.replace(run, jobs=_without_steps(run)) if by_job else run for run in runs if by_job or _has_steps(run)
    ]

    def values(window: Window) -> list[float]:
        found = (matched(run, matching) for run in window.ended(counted, attempts.ended))
        return [seconds for seconds in found if seconds is not None]

    details = (("pattern", pattern), *_looked_at(runs, scope, by_job=by_job))
    return scope.spread(REPOSITORY, metric, values, of=f"{_OF} that match `{option}`", details=details)


def _without_steps(run: WorkflowRun) -> tuple[Job, ...] | None:
    return None if run.jobs is None else tuple(structs.replace(job, steps=()) for job in run.jobs)


def _has_steps(run: WorkflowRun) -> bool:
    return any(job.steps for job in run.jobs or ())


def _looked_at(runs: Sequence[WorkflowRun], scope: Scope, *, by_job: bool) -> Details:
    if by_job:
        return (("excluded", "runs without a job whose name matches"),)
    ended = scope.window.ended(runs, attempts.ended)
    sampled = f"{sum(map(_has_steps, ended)):,} of {len(ended):,} runs, whose steps were read"
    return (("sampled", sampled), ("excluded", "runs without a step whose name matches"))


def matched(run: WorkflowRun, matching: re.Pattern[str]) -> float | None:
    """Seconds of the jobs whose name matches, or of the steps where no job's does, together; None where none does.

    Never of both: steps are known of a sample of runs alone, which must not take longer for it.
    """
    jobs = [job for job in attempts.final(run) if job.conclusion != SKIPPED]
    whole = [(job.name, job.started, job.completed) for job in jobs]
    named = [one for one in whole if matching.search(one[0])] or [
        step for job in jobs for step in job.steps if matching.search(step[0])
    ]
    found = [(end - start) / _SECOND for _, start, end in named if start and end and end >= start]
    return sum(found) if found else None


def billed_minutes(job: Job) -> int:
    """Minutes of one execution as GitHub bills them: each begun minute is a whole one; none where it was skipped."""
    if job.conclusion == SKIPPED or not job.started or not job.completed:
        return 0
    return max(0, ceil((job.completed - job.started) / _MINUTE))


def _minutes(runs: Sequence[WorkflowRun], scope: Scope) -> Measurement:
    now = _used(runs, scope.window)
    if isinstance(now, str):
        return summary.unknown(REPOSITORY, "minutes_used", now, details=scope.details)
    # No "earlier": executions of a day are not independent, and of a sum nobody could say what is beyond noise.
    return summary.plain(REPOSITORY, "minutes_used", sum(now), n=len(now), details=scope.details)


def _used(runs: Sequence[WorkflowRun], window: Window) -> list[int] | str:
    """Of each execution that ended in a window and cost something, in whichever attempt; or why that is not known."""
    ended = window.ended(runs, attempts.ended)
    executed = (job for run in runs for job in attempts.executions(run) if window.has(job.completed))
    unread = sum(run.jobs is None for run in ended)
    return attempts.too_many_unread(unread, len(ended)) or [found for job in executed if (found := billed_minutes(job))]
