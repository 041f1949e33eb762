"""Our readers take what the real GitHub answered: exchanges that PyGithub's authors recorded over the years."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from edgetpu_ci.github_rows import details, runs, standing
from edgetpu_ci.kpis.rows import WorkflowRun
from edgetpu_ci.supply import advisories, posture
from edgetpu_ci.supply.locks import Wanted
from edgetpu_ci.transport.github import GitHub, connect
from edgetpu_ci.upkeep import access, account, records
from tests.fakes import replay
from tests.fakes.endpoints import REPOSITORY, Endpoints, hub
from tests.fakes.hub.endpoints import find

AT: Final = datetime(2024, 6, 1, tzinfo=UTC)
RUN: Final = WorkflowRun(
    id=1, number=1, attempt=1, workflow="", event="", branch="", commit="", status="", created=AT, updated=AT
)

FEW: Final = 4

Recorded = Mapping[str, list[Any]]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """All good answers by what is below the repository's path in GitHub's description."""
    package = replay.download(tmp_path_factory.mktemp("pygithub"))
    if package is None:
        pytest.skip("no package registry has PyGithub's source package")
    found: dict[str, list[Any]] = defaultdict(list)
    for one in replay.exchanges(package):
        endpoint = find(one.path) if (one.verb, one.status) == ("GET", 200) else None
        if endpoint and _is_whole(said := json.loads(one.body)):
            found[endpoint.template.removeprefix("/repos/{owner}/{repo}")].append(said)
    return found


def _is_whole(said: Any) -> bool:
    """Some were cut short by hand, to an id or a name: what GitHub gives is longer."""
    items = said if isinstance(said, list) else [said]
    return all(isinstance(one, dict) and (len(one) > FEW or "total_count" in one) for one in items)


def _repository(said: Mapping[str, Any]) -> posture.Repository:
    owner = posture.Owner(said["owner"].get("type", "User"))
    return posture.Repository(said["private"], owner, said.get("default_branch", ""))


READERS: Final[dict[str, tuple[str, Callable[[GitHub], object], Callable[[Any], object]]]] = {
    "": ("", posture.repository, _repository),
    "/actions/runs/{run_id}": (
        "/actions/runs/1",
        lambda github: runs.row(runs.by_id(github, 1), ()).id,
        lambda said: said["id"],
    ),
    "/actions/runs/{run_id}/jobs": (
        "/actions/runs/1/jobs",
        lambda github: sorted(job.name for job in details.read(github, RUN)),
        lambda said: sorted(job["name"] for job in said["jobs"]),
    ),
    "/actions/artifacts": (
        "/actions/artifacts",
        lambda github: [one.size_in_bytes for one in account.artifacts(github)],
        lambda said: [one["size_in_bytes"] for one in said["artifacts"] if not one["expired"]],
    ),
    "/actions/runners": (
        "/actions/runners",
        lambda github: standing.runners(github).total,
        lambda said: len(said["runners"]),
    ),
    "/actions/workflows/{workflow_id}/runs": (
        "/actions/workflows/ci.yml/runs",
        lambda github: records.scan(github, "ci.yml"),
        lambda said: _time(said["workflow_runs"][0]["updated_at"]) if said["workflow_runs"] else None,
    ),
    "/issues": (
        "/issues",
        lambda github: [one.name for one in records.incidents(github, "incident", 5, AT)],
        lambda said: [f"#{one['number']}" for one in said if _is_old_incident(one)],
    ),
    "/advisories": (
        "/advisories",
        lambda github: len(advisories.read(github, [Wanted(name="nothing", version="1")])),
        lambda _said: 0,
    ),
}


def _time(said: str) -> datetime:
    return datetime.fromisoformat(said)


def _is_old_incident(one: Mapping[str, Any]) -> bool:
    if "pull_request" in one or not one["closed_at"]:
        return False
    return 5 < (AT - _time(one["closed_at"])).total_seconds() / 86_400 < 365


@pytest.mark.parametrize("below", READERS)
def test_what_was_recorded_is_read(below: str, recorded: Recorded, tmp_path: Path) -> None:
    path, read, expected = READERS[below]
    assert recorded[below]
    for said in recorded[below]:
        answers = {f"/repos/{REPOSITORY}{path}": said, path: said}
        with hub(Endpoints(answers), tmp_path) as world:
            assert read(connect(world)) == expected(said)


@pytest.mark.parametrize(
    ("below", "kinds", "key"),
    [
        ("/collaborators", (access.OUTSIDE,), ""),
        ("/keys", (access.DEPLOY_KEY,), ""),
        ("/hooks", (access.HOOK,), ""),
        ("/actions/secrets", (access.SECRET,), "secrets"),
        ("/environments", (access.ENVIRONMENT,), "environments"),
    ],
)
def test_who_may_what_is_read_as_it_was_recorded(
    below: str, kinds: tuple[str, ...], key: str, recorded: Recorded, tmp_path: Path
) -> None:
    assert recorded[below]
    for said in recorded[below]:
        with hub(Endpoints({f"/repos/{REPOSITORY}{below}": said}), tmp_path) as world:
            found = [access.asks(connect(world))[kind]() for kind in kinds]
        assert [len(grants) for grants in found] == [len(said[key] if key else said)]
