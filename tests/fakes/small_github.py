"""A repository in memory, as REST and GraphQL show it: behind the face of a reader, and over HTTP with limits."""

import re
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
    event: str = "push"
    conclusion: str = "success"
    bot: str = ""

    @property
    def listed(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "run_number": self.id,
            "run_attempt": self.attempt,
            "path": f".github/workflows/{self.workflow}",
            "event": self.event,
            "head_branch": "main" if self.event == "push" else f"octocat/change-{self.id}",
            "head_sha": f"{self.id:040x}",
            "status": self.status,
            "conclusion": self.conclusion if self.status == "completed" else None,
            "created_at": self.created,
            "run_started_at": self.created,
            "updated_at": self.updated,
            "check_suite_node_id": f"CS_{self.id}",
            "actor": {"login": self.bot or "octocat", "type": "Bot" if self.bot else "User"},
            "pull_requests": [],
        }

    @property
    def suite(self) -> dict[str, Any]:
        nodes = [self._check_run(place) for place in range(len(self.executions))]
        return {"id": f"CS_{self.id}", "createdAt": self.created, "nodes": nodes}

    def _ends(self, place: int) -> str:
        """The last execution ends as the run does; one that is run again had failed."""
        if place + 1 == len(self.executions):
            return self.conclusion
        return "failure" if self.executions[place][1] < self.attempt and self._again(place) else "success"

    def _again(self, place: int) -> bool:
        return any(name == self.executions[place][0] for name, _ in self.executions[place + 1 :])

    def _check_run(self, place: int) -> dict[str, Any]:
        started = self.created + timedelta(minutes=place)
        return {
            "name": self.executions[place][0],
            "conclusion": self._ends(place).upper(),
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
                "conclusion": self._ends(place),
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
    is_open: bool = False

    @property
    def node(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "baseRefName": "main",
            "createdAt": self.created,
            "updatedAt": self.updated,
            "closedAt": None if self.is_open else self.updated,
            "mergedAt": None if self.is_open else self.updated,
            "stateReason": None if self.is_open else "COMPLETED",
            "author": {"__typename": "Bot" if self.author.endswith("bot") else "User", "login": self.author},
        }


@dataclass(kw_only=True)
class Repository:
    """What there is; `unshown` are the parts of the overview that the token may not see."""

    name: str = "octo/tools"
    runs: dict[int, Run] = field(default_factory=dict)
    pulls: dict[int, Item] = field(default_factory=dict)
    issues: dict[int, Item] = field(default_factory=dict)
    unshown: tuple[str, ...] = ()
    page_of_jobs: int = 50

    def add(self, *runs: Run) -> None:
        self.runs |= {run.id: run for run in runs}

    def change(self, number: int, **parts: Any) -> None:
        self.runs[number] = replace(self.runs[number], **parts)

    def rest(self, path: str, query: Mapping[str, str | int]) -> Any:
        """What a path shows; None where there is nothing."""
        tail = path.removeprefix(f"/repos/{self.name}/")
        if tail == "actions/runs":
            return self._listed(query)
        if tail == "community/profile":
            return {"health_percentage": 71}
        if tail == "actions/runners":
            return {"runners": [{"status": "online"}, {"status": "offline"}]}
        found = re.fullmatch(r"actions/runs/(\d+)(/jobs)?", tail)
        run = self.runs.get(int(found[1])) if found else None
        if run is None or found is None:
            return None
        return {"jobs": run.jobs} if found[2] else run.listed

    def graphql(self, query: str, variables: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """What kind of query it is, and what it finds."""
        for name in ("pullRequests", "issues"):
            if f"items: {name}(" in query:
                items = self.pulls if name == "pullRequests" else self.issues
                return name, {"repository": {"items": self._page(items, variables)}}
        if "node(id: $id)" in query:
            return "suite", {"node": self._suite(variables["id"], int(variables["after"]), 100)}
        if "nodes(ids:" in query:
            return "suites", {
                name: [self._suite(key, 0, self.page_of_jobs) for key in ids] for name, ids in variables.items()
            }
        about: dict[str, Any] = {"defaultBranchRef": {"name": "main"}, "deployments": {}, "releases": {}}
        # Of a repository GitHub shows nothing at all where one part of it is refused.
        return "overview", {"repository": None if any(f"{part}(first" in query for part in self.unshown) else about}

    def _listed(self, query: Mapping[str, str | int]) -> dict[str, Any]:
        low, high = (datetime.fromisoformat(part) for part in str(query["created"]).split(".."))
        found = sorted((run for run in self.runs.values() if low <= run.created <= high), key=lambda run: -run.id)
        size = int(query["per_page"])
        first = (int(query["page"]) - 1) * size
        return {"total_count": len(found), "workflow_runs": [run.listed for run in found[:CAP][first : first + size]]}

    @staticmethod
    def _page(items: Mapping[int, Item], variables: Mapping[str, Any]) -> dict[str, Any]:
        """A page of what changed last, by a cursor that names a place in time, as GitHub's do."""
        ordered = sorted(items.values(), key=lambda item: (item.updated, item.number), reverse=True)
        after = variables["after"]
        rest = [item for item in ordered if after is None or f"{item.updated.isoformat()} {item.number:09}" < after]
        shown = rest[: variables.get("first", 100)]
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


@dataclass(kw_only=True)
class SmallGitHub(Repository, GitHub):
    """A reader of that repository: for what is decided, not for what is sent.

    `before` is called ahead of each answer with its number, and may raise.
    """

    before: Callable[[int, str], object] = lambda _number, _what: None
    asked: list[str] = field(default_factory=list)

    @property
    def repository(self) -> str:  # type: ignore[override]
        return self.name

    def get(self, path: str, into: type[T], *, needs: str, query: Mapping[str, str | int] | None = None) -> T:
        self._ask(f"GET {path}")
        found = self.rest(path, query or {})
        if found is None:
            raise MissingError(f"GitHub answered 404 to GET {path}; the token needs `{needs}`.")
        return _decoded(found, into)

    def pages(self, path: str, into: type[T], *, needs: str, query: Any = None) -> Iterator[T]:
        yield self.get(path, into, needs=needs, query=query)

    def graphql(self, query: str, variables: Mapping[str, Any], into: Any = None, **_: Any) -> Any:
        what, found = super().graphql(query, variables)
        self._ask(what)
        return _decoded(found, into)

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


def _decoded(value: object, into: type[T]) -> T:
    return codec.decode_json(msgspec.json.encode(value), into, "the small GitHub")
