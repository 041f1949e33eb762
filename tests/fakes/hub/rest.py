"""GitHub's REST answers that are made of a repository's rows: runs, jobs, issues and what was released."""

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.fakes.hub.endpoints import REPOSITORY, Listed, item
from tests.fakes.hub.repository import BOT, Deployment, Execution, Issue, Pull, Release, Repository, Run

CAP: Final = 1000
"""Of a filtered list of runs no more are given out."""

MOST: Final = 40_000
"""Of an unfiltered one no more either, and who goes on is refused."""

RUNS: Final = f"{REPOSITORY}/actions/runs"
JOBS: Final = f"{REPOSITORY}/actions/runs/{{run_id}}/jobs"
_FILTERS: Final = ("actor", "branch", "check_suite_id", "created", "event", "head_sha", "status")
_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)
_EVER: Final = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))

Query = Mapping[str, str]


class TooLongError(Exception):
    """GitHub refuses to go on in a list that is so long."""


def about(of: Repository) -> dict[str, Any]:
    """What is said of the repository itself."""
    owner, _, name = of.name.partition("/")
    return {"name": name, "full_name": of.name, "owner": {"login": owner}, "default_branch": of.branch}


def runs(of: Repository, query: Query, workflow: str | None = None) -> Listed:
    """Runs, newest first; `about` counts all of them, the items end at GitHub's cap."""
    low, high = _span(query["created"]) if "created" in query else _EVER
    others = query.keys() & set(_FILTERS) - {"created"}
    found = [run for run in of.runs.values() if low <= run.created <= high and workflow in (None, run.workflow)]
    if others:
        found = [run for run in found if _matches(run, query)]
    found.sort(key=lambda run: (run.created, run.id), reverse=True)
    is_filtered = any(name in query for name in _FILTERS)
    if not is_filtered and int(query.get("page", 1)) * int(query.get("per_page", 30)) > MOST:
        raise TooLongError
    return Listed(found[: CAP if is_filtered else MOST], "workflow_runs", {"total_count": len(found)}, run_shown)


def _matches(run: Run, query: Query) -> bool:
    actual: dict[str, Callable[[], str]] = {
        "actor": lambda: _login(run.actor),
        "branch": lambda: run.branch,
        "check_suite_id": lambda: run.suite.removeprefix("CS_"),
        "event": lambda: run.event,
        "head_sha": lambda: run.commit,
    }
    if any(name in query and query[name] != known() for name, known in actual.items()):
        return False
    return "status" not in query or query["status"] in {run.status, run.conclusion}


def _span(said: str) -> tuple[datetime, datetime]:
    """As GitHub's search takes a span: A..B, >=A, <A, or a day; an end that is a day is the whole of it."""
    for sign, ends in _SIGNS.items():
        if said.startswith(sign):
            return ends(said.removeprefix(sign))
    low, dots, high = said.partition("..")
    return (_EVER[0] if low == "*" else _first(low)), (_EVER[1] if high == "*" else _last(high if dots else low))


def _first(said: str) -> datetime:
    at = datetime.fromisoformat(said)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _last(said: str) -> datetime:
    return _first(said) + (_DAY - _SECOND if len(said) == len("2026-01-01") else timedelta())


_SIGNS: Final[dict[str, Callable[[str], tuple[datetime, datetime]]]] = {
    ">=": lambda said: (_first(said), _EVER[1]),
    "<=": lambda said: (_EVER[0], _last(said)),
    ">": lambda said: (_last(said) + _SECOND, _EVER[1]),
    "<": lambda said: (_EVER[0], _first(said) - _SECOND),
}


def attempt(run: Run, number: int) -> dict[str, Any] | None:
    """An attempt of a run, as it ended; None where there was none."""
    if number == run.attempt:
        return run_shown(run)
    found = [execution for execution in run.executions if execution.attempt == number]
    if not found:
        return None
    bad = [execution.conclusion for execution in found if execution.conclusion not in {"success", "skipped"}]
    return run_shown(run) | {
        "run_attempt": number,
        "status": "completed",
        "conclusion": bad[0] if bad else "success",
        "run_started_at": text(min(execution.created for execution in found)),
        "updated_at": text(max(execution.completed or execution.started for execution in found)),
    }


def jobs(run: Run, query: Query, number: int | None = None) -> Listed:
    """The jobs of a run: the last execution of each, all of them, or those of one attempt."""
    found: Sequence[Execution] = run.executions if query.get("filter") == "all" else run.latest
    if number is not None:
        found = [execution for execution in run.executions if execution.attempt == number]
    return Listed(found, "jobs", {"total_count": len(found)}, lambda execution: job_shown(run, execution))


def run_shown(run: Run) -> dict[str, Any]:
    """A run as GitHub shows it: its own example, with what is of this run."""
    actor = _user(run.actor)
    return item(RUNS) | {
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
    is_hosted = "self-hosted" not in execution.labels
    return item(JOBS) | {
        "id": zlib.crc32(f"{run.id} {execution.name} {execution.attempt}".encode()),
        "run_id": run.id,
        "run_attempt": execution.attempt,
        "name": execution.name,
        **_state(execution),
        "created_at": text(execution.created),
        "started_at": text(execution.started),
        "completed_at": text(execution.completed) if execution.completed else None,
        "labels": list(execution.labels),
        "steps": [_step(place, *step, execution) for place, step in enumerate(execution.steps or _usual(execution), 1)],
        "runner_group_name": "GitHub Actions" if is_hosted else "Default",
    }


def _state(execution: Execution) -> dict[str, str | None]:
    ended = execution.completed is not None
    return {
        "status": "completed" if ended else execution.status,
        "conclusion": execution.conclusion if ended else None,
    }


def _usual(execution: Execution) -> tuple[tuple[str, datetime, datetime | None], ...]:
    has_begun = execution.completed or execution.status == "in_progress"
    return (("Run tests", execution.started, execution.completed),) if has_begun else ()


def _step(number: int, name: str, started: datetime, ended: datetime | None, execution: Execution) -> dict[str, Any]:
    return {
        "name": name,
        "status": "completed" if ended else "in_progress",
        "conclusion": execution.conclusion if ended else None,
        "number": number,
        "started_at": text(started),
        "completed_at": text(ended) if ended else None,
    }


def issues(of: Repository, query: Query) -> Listed:
    """Issues and pull requests, those created last first, as GitHub's list mixes them."""
    since = _first(query["since"]) if "since" in query else None
    labels = set(filter(None, query.get("labels", "").split(",")))
    both = _in_state((*of.issues.values(), *of.pulls.values()), query)
    found = [one for one in both if (since is None or one.updated >= since) and labels <= set(one.labels)]
    return Listed(_sorted(found, query), shown=issue_shown)


def pulls(of: Repository, query: Query) -> Listed:
    """Pull requests; there is no `since`."""
    return Listed(_sorted(_in_state(of.pulls.values(), query), query), shown=pull_shown)


def _in_state(items: Iterable[Issue | Pull], query: Query) -> list[Issue | Pull]:
    state = query.get("state", "open")
    return [one for one in items if state == "all" or (one.closed is not None) == (state == "closed")]


def _sorted(items: list[Issue | Pull], query: Query) -> list[Issue | Pull]:
    by_update, rising = query.get("sort") == "updated", query.get("direction") == "asc"
    return sorted(items, key=lambda one: (one.updated if by_update else one.created, one.number), reverse=not rising)


def issue_shown(one: Issue | Pull) -> dict[str, Any]:
    """An issue as REST shows it; a pull request has a part more."""
    link = "https://api.github.com/repos/octocat/Hello-World/pulls/1"
    pull = {"pull_request": {"url": link, "html_url": link, "diff_url": link, "patch_url": link}}
    reason = one.reason if isinstance(one, Issue) else None
    shown = item(f"{REPOSITORY}/issues") | {
        **_thread(one),
        "state_reason": reason.lower() if reason else None,
        "labels": [{"name": name} for name in one.labels],
    }
    shown.pop("pull_request", None)
    return shown | (pull if isinstance(one, Pull) else {})


def pull_shown(pull: Pull) -> dict[str, Any]:
    """A pull request as the list of REST shows it."""
    example = item(f"{REPOSITORY}/pulls")
    return example | {
        **_thread(pull),
        "merged_at": text(pull.merged) if pull.merged else None,
        "draft": pull.is_draft,
        "merge_commit_sha": f"{pull.number:040x}" if pull.merged else None,
        "base": example["base"] | {"ref": pull.base},
        "labels": [example["labels"][0] | {"name": name} for name in pull.labels],
    }


def _thread(one: Issue | Pull) -> dict[str, Any]:
    return {
        "number": one.number,
        "state": "closed" if one.closed else "open",
        "created_at": text(one.created),
        "updated_at": text(one.updated),
        "closed_at": text(one.closed) if one.closed else None,
        "user": _user(one.author),
    }


def releases(of: Repository) -> Listed:
    """Releases, newest first."""
    return Listed(sorted(of.releases, key=lambda one: one.created, reverse=True), shown=_release)


def _release(one: Release) -> dict[str, Any]:
    return item(f"{REPOSITORY}/releases") | {
        "tag_name": one.tag,
        "created_at": text(one.created),
        "published_at": None if one.draft else text(one.created),
        "draft": one.draft,
        "prerelease": one.prerelease,
    }


def deployments(of: Repository, query: Query) -> Listed:
    """Deployments, newest first."""
    found = [one for one in of.deployments if query.get("environment") in (None, one.environment)]
    return Listed(sorted(found, key=lambda one: one.created, reverse=True), shown=_deployment)


def _deployment(one: Deployment) -> dict[str, Any]:
    return item(f"{REPOSITORY}/deployments") | {
        "id": one.id,
        "sha": one.commit,
        "environment": one.environment,
        "created_at": text(one.created),
        "updated_at": text(one.states[-1][0] if one.states else one.created),
    }


def statuses(of: Repository, number: int) -> Listed | None:
    """What a deployment went through, the newest first."""
    example = item(f"{REPOSITORY}/deployments/{{deployment_id}}/statuses")
    known = next((one for one in of.deployments if one.id == number), None)
    shown = [example | {"state": state.lower(), "created_at": text(at)} for at, state in known.states] if known else []
    return Listed(shown[::-1]) if known else None


def _login(account: str) -> str:
    return f"{account}[bot]" if account == BOT else account


def _user(account: str) -> dict[str, Any]:
    """An account; of one that was deleted, GitHub's "ghost"."""
    kind = "Bot" if account == BOT else "User"
    example: dict[str, Any] = item(RUNS)["actor"]
    return example | {"login": _login(account) or "ghost", "type": kind}


def text(at: datetime) -> str:
    """A time as GitHub writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _run(of: Repository, number: str, show: Callable[[Run], Any]) -> Any:
    run = of.runs.get(int(number))
    return None if run is None else show(run)


ANSWERS: Final[dict[str, Callable[[Repository, tuple[str, ...], Query], Any]]] = {
    RUNS: lambda of, _parts, query: runs(of, query),
    f"{REPOSITORY}/actions/workflows/{{workflow_id}}/runs": lambda of, parts, query: runs(of, query, parts[2]),
    f"{RUNS}/{{run_id}}": lambda of, parts, _query: _run(of, parts[2], run_shown),
    f"{RUNS}/{{run_id}}/attempts/{{attempt_number}}": lambda of, parts, _query: _run(
        of, parts[2], lambda run: attempt(run, int(parts[3]))
    ),
    f"{RUNS}/{{run_id}}/attempts/{{attempt_number}}/jobs": lambda of, parts, query: _run(
        of, parts[2], lambda run: jobs(run, query, int(parts[3]))
    ),
    JOBS: lambda of, parts, query: _run(of, parts[2], lambda run: jobs(run, query)),
    f"{REPOSITORY}/issues": lambda of, _parts, query: issues(of, query),
    f"{REPOSITORY}/pulls": lambda of, _parts, query: pulls(of, query),
    f"{REPOSITORY}/releases": lambda of, _parts, _query: releases(of),
    f"{REPOSITORY}/deployments": lambda of, _parts, query: deployments(of, query),
    f"{REPOSITORY}/deployments/{{deployment_id}}/statuses": lambda of, parts, _query: statuses(of, int(parts[2])),
}
"""What is answered out of rows: nothing (None) is not found."""
