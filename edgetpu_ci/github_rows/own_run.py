"""The workflow run this job is part of, from its own jobs: one request, a second where it is run again."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from edgetpu_ci.errors import ConfigError
from edgetpu_ci.github_rows import details, runs
from edgetpu_ci.kpis.rows import WorkflowRun
from edgetpu_ci.transport.github import GitHub
from edgetpu_ci.world import World

NEEDS: Final = "actions: read"


class _Listed(details.Listed, frozen=True):
    status: str = ""
    runner_name: str | None = None


class _Page(Struct, frozen=True):
    jobs: tuple[_Listed, ...]


class Own(Struct, frozen=True):
    """The run with its jobs that ended, and the names of others that had not, the one that asks left out."""

    run: WorkflowRun
    running: tuple[str, ...]


def read(github: GitHub, world: World) -> Own:
    """The run that GITHUB_RUN_ID and GITHUB_RUN_ATTEMPT name; ConfigError outside a job."""
    number, attempt = _number(world.env, "GITHUB_RUN_ID"), _number(world.env, "GITHUB_RUN_ATTEMPT")
    place = f"/repos/{github.repository}/actions/runs/{number}/attempts/{attempt}"
    listed = [job for page in github.pages(f"{place}/jobs", _Page, needs=NEEDS) for job in page.jobs]
    ended = [job for job in listed if job.status == runs.COMPLETED]
    began = github.get(place, runs.Listed, needs=NEEDS).run_started_at if attempt > 1 else None
    own = WorkflowRun(
        id=number,
        number=0,
        attempt=attempt,
        workflow=runs.workflow(world.env.get("GITHUB_WORKFLOW_REF", "")) or "workflow",
        event=world.env.get("GITHUB_EVENT_NAME", ""),
        branch=world.env.get("GITHUB_REF_NAME", ""),
        commit=world.env.get("GITHUB_SHA", ""),
        status="in_progress",
        created=world.now(),
        started=began,
        updated=world.now(),
        jobs=tuple(map(details.job, ended)),
    )
    return Own(own, tuple(job.name for job in listed if job.status != runs.COMPLETED and not _is_ours(job, world.env)))


def _is_ours(job: _Listed, env: Mapping[str, str]) -> bool:
    """Whether it is the job that asks: it runs, on our runner."""
    return job.status == "in_progress" and job.runner_name == env.get("RUNNER_NAME")


def _number(env: Mapping[str, str], name: str) -> int:
    if not (text := env.get(name, "")).isdecimal():
        raise ConfigError(
            f"github_actions: there is no {name}; it times the workflow run it is part of, in a job of it."
        )
    return int(text)
