"""A repository in memory behind the face of a reader of GitHub: for what is decided, not for what is sent.

`before` is called ahead of each answer with its number, and may raise.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from edgetpu_ci import codec
from edgetpu_ci.errors import EdgeTpuCiError, MissingError
from edgetpu_ci.transport.github import GitHub

T = TypeVar("T")

CAP = 1000
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Run:
    """A workflow run; `executions` are those of its jobs, (name, attempt)."""

    id: int
    created: datetime
    updated: datetime
    attempt: int = 1
    status: str = "completed"
    executions: tuple[tuple[str, int], ...] = (("build", 1), ("test", 1))
    workflow: str = "ci.yml"

    @property
    def listed(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "run_number": self.id,
            "run_attempt": self.attempt,
            "path": f".github/workflows/{self.workflow}",
            "event": "push",
            "head_branch": "main",
            "head_sha": f"{self.id:040x}",
            "status": self.status,
            "conclusion": "success" if self.status == "completed" else None,
            "created_at": self.created,
            "run_started_at": self.created,
            "updated_at": self.updated,
            "check_suite_node_id": f"CS_{self.id}",
            "actor": {"login": "octocat", "type": "User"},
            "pull_requests": [],
        }

    @property
    def suite(self) -> dict[str, Any]:
        nodes = [self._check_run(place) for place in range(len(self.executions))]
        return {"id": f"CS_{self.id}", "createdAt": self.created, "nodes": nodes}

    def _check_run(self, place: int) -> dict[str, Any]:
        started = self.created + timedelta(minutes=place)
        return {
            "name": self.executions[place][0],
            "conclusion": "SUCCESS",
            "startedAt": started,
            "completedAt": started + timedelta(seconds=50),
            "detailsUrl": f"https://github.example/o/r/actions/runs/{self.id}/job/{place}",
        }

    @property
    def jobs(self) -> list[dict[str, Any]]:
        return [
            {
                "name": name,
                "run_attempt": attempt,
                "conclusion": "success",
                "created_at": self.created,
                "started_at": self.created + timedelta(minutes=place),
                "completed_at": self.created + timedelta(minutes=place, seconds=50),
                "labels": ["ubuntu-latest"],
                "runner_group_name": "GitHub Actions",
                "steps": [],
            }
            for place, (name, attempt) in enumerate(self.executions)
        ]


@dataclass(frozen=True, kw_only=True)
class Item:
    """A pull request or an issue."""

    number: int
    created: datetime
    updated: datetime
    author: str = "octocat"

    @property
    def node(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "baseRefName": "main",
            "createdAt": self.created,
            "updatedAt": self.updated,
            "closedAt": self.updated,
            "mergedAt": self.updated,
            "author": {"__typename": "User", "login": self.author},
        }


@dataclass(kw_only=True)
class SmallGitHub(GitHub):
    """What a reader sees of one repository."""

    repository: str = "octo/tools"
    runs: dict[int, Run] = field(default_factory=dict)
    pulls: dict[int, Item] = field(default_factory=dict)
    issues: dict[int, Item] = field(default_factory=dict)
    before: Callable[[int, str], object] = lambda _number, _what: None
    asked: list[str] = field(default_factory=list)
    page_of_jobs: int = 50
    unshown: tuple[str, ...] = ()

    def add(self, *runs: Run) -> None:
        self.runs |= {run.id: run for run in runs}

    def change(self, number: int, **parts: Any) -> None:
        self.runs[number] = replace(self.runs[number], **parts)

    def get(self, path: str, into: type[T], *, needs: str, query: Mapping[str, str | int] | None = None) -> T:
        self._ask(f"GET {path}")
        tail = path.removeprefix(f"/repos/{self.repository}/")
        if tail == "actions/runs":
            return _decoded(self._listed(query or {}), into)
        if tail == "community/profile":
            return _decoded({"health_percentage": 71}, into)
        number = int(tail.removeprefix("actions/runs/"))
        if number not in self.runs:
            raise MissingError(f"GitHub answered 404 to GET {path}; the token needs `{needs}`.")
        return _decoded(self.runs[number].listed, into)

    def pages(self, path: str, into: type[T], *, needs: str, query: Any = None) -> Iterator[T]:  # noqa: ARG002
        self._ask(f"GET {path}")
        tail = path.removeprefix(f"/repos/{self.repository}/actions/")
        if tail == "runners":
            yield _decoded({"runners": [{"status": "online"}, {"status": "offline"}]}, into)
        else:
            yield _decoded({"jobs": self.runs[int(tail.split("/")[1])].jobs}, into)

    def graphql(self, query: str, variables: Mapping[str, Any], into: type[T], *, missing: Any = None, **_: Any) -> T:
        for name in ("pullRequests", "issues"):
            if f"items: {name}(" in query:
                self._ask(name)
                items = self.pulls if name == "pullRequests" else self.issues
                return _decoded({"repository": {"items": self._page(items, variables)}}, into)
        if "node(id: $id)" in query:
            self._ask("suite")
            return _decoded({"node": self._suite(variables["id"], int(variables["after"]), 100)}, into)
        if "nodes(ids:" in query:
            self._ask("suites")
            return _decoded(
                {name: [self._suite(key, 0, self.page_of_jobs) for key in ids] for name, ids in variables.items()}, into
            )
        self._ask("overview")
        about: dict[str, Any] = {"defaultBranchRef": {"name": "main"}, "deployments": {}, "releases": {}}
        for part in self.unshown:
            about[part] = None
            missing(f"GitHub does not show repository.{part}: Resource not accessible by integration")
        return _decoded({"repository": about}, into)

    def gather(self, asks: Sequence[Callable[[], T]]) -> list[T | EdgeTpuCiError]:
        found: list[T | EdgeTpuCiError] = []
        for ask in asks:
            try:
                found.append(ask())
            except EdgeTpuCiError as error:
                found.append(error)
        return found

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        self.before(len(self.asked), what)

    def _listed(self, query: Mapping[str, str | int]) -> dict[str, Any]:
        low, high = (datetime.fromisoformat(part) for part in str(query["created"]).split(".."))
        found = sorted((run for run in self.runs.values() if low <= run.created <= high), key=lambda run: -run.id)
        first, size = (int(query["page"]) - 1) * int(query["per_page"]), int(query["per_page"])
        shown = found[:CAP][first : first + size]
        return {"total_count": len(found), "workflow_runs": [run.listed for run in shown]}

    def _page(self, items: Mapping[int, Item], variables: Mapping[str, Any]) -> dict[str, Any]:
        """A page of what changed last, by a cursor that names a place in time, as GitHub's do."""
        ordered = sorted(items.values(), key=lambda item: (item.updated, item.number), reverse=True)
        after = variables["after"]
        rest = [item for item in ordered if after is None or f"{item.updated.isoformat()} {item.number:09}" < after]
        shown = rest[:100]
        return {
            "totalCount": len(items),
            "pageInfo": {
                "hasNextPage": len(rest) > len(shown),
                "endCursor": f"{shown[-1].updated.isoformat()} {shown[-1].number:09}" if shown else None,
            },
            "nodes": [item.node for item in shown],
        }

    def _suite(self, key: str, after: int, size: int) -> dict[str, Any] | None:
        run = self.runs.get(int(key.removeprefix("CS_")))
        if run is None:
            return None
        suite = run.suite
        shown = suite["nodes"][after : after + size]
        ends = after + len(shown) >= len(suite["nodes"])
        page = {"hasNextPage": not ends, "endCursor": str(after + len(shown))}
        return {
            "id": suite["id"],
            "createdAt": suite["createdAt"],
            "checkRuns": {"totalCount": len(suite["nodes"]), "pageInfo": page, "nodes": shown},
        }


def _decoded(value: object, into: type[T]) -> T:
    return codec.decode_json(msgspec.json.encode(value), into, "the small GitHub")
