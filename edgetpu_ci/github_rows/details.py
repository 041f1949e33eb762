"""What only REST tells of jobs, asked of a sample of runs: when a job was queued, for which runner, its steps."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from itertools import chain, islice, zip_longest
from typing import Annotated, Final

from msgspec import Meta, Struct

from edgetpu_ci.github_rows import runs
from edgetpu_ci.kpis.rows import Job, WorkflowRun
from edgetpu_ci.transport.github import GitHub

NEEDS: Final = "actions: read"

When = Annotated[datetime, Meta(tz=True)]


class _Step(Struct, frozen=True):
    name: str
    started_at: When | None = None
    completed_at: When | None = None


class Listed(Struct, frozen=True):
    """An execution of a job as REST shows it."""

    name: str
    run_attempt: int = 1
    conclusion: str | None = None
    created_at: When | None = None
    started_at: When | None = None
    completed_at: When | None = None
    labels: tuple[str, ...] = ()
    runner_group_name: str | None = None
    steps: tuple[_Step, ...] | None = None


class Page(Struct, frozen=True):
    """A page of jobs."""

    jobs: tuple[Listed, ...]


def job(listed: Listed) -> Job:
    """What is kept of it."""
    return Job(
        name=listed.name,
        conclusion=listed.conclusion or "",
        started=listed.started_at,
        completed=listed.completed_at,
        created=listed.created_at,
        attempt=listed.run_attempt,
        labels=listed.labels,
        group=listed.runner_group_name or "",
        steps=tuple((step.name, step.started_at, step.completed_at) for step in listed.steps or ()),
    )


def sample(known: Iterable[WorkflowRun], size: int) -> list[WorkflowRun]:
    """The newest runs without details, as many of one workflow as of another."""
    by_workflow: dict[str, list[WorkflowRun]] = defaultdict(list)
    for run in sorted(known, key=lambda run: run.created, reverse=True):
        if run.status == runs.COMPLETED and run.jobs and not runs.is_detailed(run):
            by_workflow[run.workflow].append(run)
    turns = chain.from_iterable(zip_longest(*(by_workflow[name] for name in sorted(by_workflow))))
    return list(islice((run for run in turns if run), size))


def read(github: GitHub, run: WorkflowRun) -> tuple[Job, ...]:
    """All executions of the jobs of a run, with their details, oldest first."""
    path = f"/repos/{github.repository}/actions/runs/{run.id}/jobs"
    pages = github.pages(path, Page, needs=NEEDS, query={"filter": "all"})
    jobs = [job(listed) for page in pages for listed in page.jobs]
    return tuple(sorted(jobs, key=lambda one: (one.started is None, one.started, one.name)))
