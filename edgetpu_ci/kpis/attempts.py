"""What ran in each attempt of a workflow run, and how each attempt ended.

A run that is run again keeps its number, commit and time of creation; of its jobs, those that are not run again stay
as they were, and are listed with the later attempt once more.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from operator import itemgetter
from typing import Final

from msgspec import structs

from edgetpu_ci.kpis.rows import Job, WorkflowRun

SUCCESS: Final = "success"
SKIPPED: Final = "skipped"
CANCELLED: Final = "cancelled"
FAILED: Final = frozenset({"failure", "timed_out", "startup_failure"})

MOST_UNREAD: Final = 0.05

_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


def executions(run: WorkflowRun) -> dict[Job, int]:
    """Each execution of a job once, oldest first, with the attempt it belongs to.

    GraphQL does not tell the attempt: what began after the newest attempt did is of that one, what came before is of
    the attempt as which it was executed, the first time or the second.
    """
    once: dict[tuple[str, datetime | None, datetime | None], Job] = {}
    for job in sorted(run.jobs or (), key=lambda job: (job.started or _LONG_AGO, job.name, job.attempt or 0)):
        once.setdefault((job.name, job.started, job.completed), job)
    places: Counter[str] = Counter()
    found = []
    for listed in once.values():
        job = _original(run, listed)
        places[job.name] += 1
        found.append((job, _attempt(run, job, places[job.name])))
    return dict(sorted(found, key=itemgetter(1)))


def _original(run: WorkflowRun, job: Job) -> Job:
    """The execution itself of one that is listed with the newest attempt and began before that did.

    That listing says when the attempt was asked for, not when the job was.
    """
    is_copy = 1 < run.attempt == job.attempt and run.started and job.started and job.started < run.started
    return structs.replace(job, attempt=run.attempt - 1, created=None) if is_copy else job


def _attempt(run: WorkflowRun, job: Job, place: int) -> int:
    if job.attempt is not None:
        return job.attempt
    if run.attempt == 1 or (run.started and job.started and job.started >= run.started):
        return run.attempt
    return min(place, run.attempt - 1)


def too_many_unread(unread: int, runs: int) -> str:
    """Why not to go by these runs where the jobs of more than 5 % are missing; empty where one may."""
    return f"the jobs of {unread:,} of {runs:,} runs were not read" if unread > MOST_UNREAD * runs else ""


def ended(run: WorkflowRun) -> datetime | None:
    """When the last of its jobs was completed; None while it runs.

    Only of a run whose jobs are not known it is when the run was last changed, which may be later.
    """
    if run.status != "completed":
        return None
    return max((job.completed for job in run.jobs or () if job.completed), default=run.updated)


def newest(run: WorkflowRun) -> list[Job]:
    """What ran in the newest attempt: jobs that were skipped, or taken over from an earlier attempt, did not."""
    found = executions(run).items()
    return [job for job, attempt in found if attempt == run.attempt and job.conclusion != SKIPPED]


def final(run: WorkflowRun) -> list[Job]:
    """The newest execution of each job, in whichever attempt that was."""
    return list(_standing(executions(run).items(), run.attempt).values())


def conclusions(run: WorkflowRun) -> tuple[str, ...]:
    """How each attempt ended, oldest first; only the newest where nothing is known of the jobs of earlier ones."""
    found = executions(run) if run.attempt > 1 else {}
    if 1 not in found.values():
        return (run.conclusion,)
    tolerated = _tolerated(run, found)
    counted = [(job, attempt) for job, attempt in found.items() if job.name not in tolerated]
    earlier = (_conclusion(_standing(counted, attempt).values()) for attempt in range(1, run.attempt))
    return (*earlier, run.conclusion)


def _tolerated(run: WorkflowRun, found: dict[Job, int]) -> frozenset[str]:
    """The jobs that may fail (`continue-on-error`): they did, and the run succeeded."""
    last = _standing(found.items(), run.attempt).values()
    return frozenset(job.name for job in last if job.conclusion in FAILED and run.conclusion == SUCCESS)


def _standing(found: Iterable[tuple[Job, int]], attempt: int) -> dict[str, Job]:
    """The execution of each job that holds after an attempt."""
    return {job.name: job for job, of in found if of <= attempt}


def _conclusion(jobs: Iterable[Job]) -> str:
    ends = {job.conclusion for job in jobs}
    if ends & FAILED:
        return "failure"
    return CANCELLED if CANCELLED in ends else SUCCESS if SUCCESS in ends else SKIPPED
