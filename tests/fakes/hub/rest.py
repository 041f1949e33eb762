"""GitHub's REST answers about workflow runs and their jobs, and a table of what is simpler."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tests.fakes.contract import contract
from tests.fakes.hub.repository import BOT, Execution, Repository, Run

CAP = 1000
"""Of a filtered list of runs no more are given out."""

RUNS = "/repos/{owner}/{repo}/actions/runs"
JOBS = "/repos/{owner}/{repo}/actions/runs/{run_id}/jobs"


def runs(of: Repository, query: Mapping[str, str]) -> tuple[dict[str, Any], int]:
    """A page of runs, newest first, and how many there are to be paged through."""
    low, high = query["created"].split("..")
    found = [run for run in of.runs.values() if _time(low) <= run.created <= _time(high)]
    found.sort(key=lambda run: (run.created, run.id), reverse=True)
    page = _page(found[:CAP], query)
    return {"total_count": len(found), "workflow_runs": [run_shown(run) for run in page]}, min(len(found), CAP)


def jobs(run: Run, query: Mapping[str, str], attempt: int | None = None) -> tuple[dict[str, Any], int]:
    """A page of the jobs of a run: of its newest attempt, of all, or of one."""
    found: Sequence[Execution] = run.latest if query.get("filter", "latest") == "latest" else run.executions
    if attempt is not None:
        found = [execution for execution in run.executions if execution.attempt == attempt]
    page = _page(found, query)
    return {"total_count": len(found), "jobs": [job_shown(run, execution) for execution in page]}, len(found)


def run_shown(run: Run) -> dict[str, Any]:
    """A run as GitHub shows it: its own example, with what is of this run."""
    example: dict[str, Any] = contract().example("get", RUNS, 200)["workflow_runs"][0]
    bot = run.actor == BOT
    actor = {**example["actor"], "login": f"{run.actor}[bot]" if bot else run.actor, "type": "Bot" if bot else "User"}
    return example | {
        "id": run.id,
        "run_number": run.number,
        "run_attempt": run.attempt,
        "path": f".github/workflows/{run.workflow}",
        "name": run.workflow,
        "event": run.event,
        "head_branch": run.branch,
        "head_sha": run.commit,
        "status": run.status,
        "conclusion": run.conclusion,
        "created_at": text(run.created),
        "updated_at": text(run.updated),
        "run_started_at": text(run.started),
        "check_suite_node_id": run.suite,
        "actor": actor,
        "triggering_actor": actor,
        "pull_requests": [],
        "referenced_workflows": [],
    }


def job_shown(run: Run, execution: Execution) -> dict[str, Any]:
    """An execution of a job as GitHub shows it."""
    example: dict[str, Any] = contract().example("get", JOBS, 200)["jobs"][0]
    ended = text(execution.completed) if execution.completed else None
    steps = [
        {
            "name": "Run tests",
            "status": "completed" if ended else "in_progress",
            "conclusion": execution.conclusion if ended else None,
            "number": 1,
            "started_at": text(execution.started),
            "completed_at": ended,
        }
    ]
    return example | {
        "id": hash((run.id, execution.name, execution.attempt)) % 10**9,
        "run_id": run.id,
        "run_attempt": execution.attempt,
        "name": execution.name,
        "status": "completed" if ended else "in_progress",
        "conclusion": execution.conclusion if ended else None,
        "created_at": text(execution.created),
        "started_at": text(execution.started),
        "completed_at": ended,
        "labels": list(execution.labels),
        "steps": steps,
        "runner_group_name": "GitHub Actions",
    }


def text(at: datetime) -> str:
    """A time as GitHub writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _time(said: str) -> datetime:
    at = datetime.fromisoformat(said)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _page(items: Sequence[Any], query: Mapping[str, str]) -> Sequence[Any]:
    size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
    return items[(page - 1) * size : page * size]


OBJECTS: dict[str, Any] = {
    "/community/profile": {"health_percentage": 85},
}
"""What is answered below a repository's own path, where nothing depends on its rows."""
