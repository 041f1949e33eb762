"""GitHub's GraphQL: its own schema, our rows, its limits and what it counts a query for."""

import base64
import gzip
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    build_schema,
    execute_sync,
    parse,
    validate,
)

from tests.fakes.hub.repository import BOT, Deployment, Execution, Issue, Pull, Release, Repository, Run
from tests.fakes.hub.rest import text

_NEEDS: Final = {
    ("Repository", "pullRequests"): "pull-requests: read",
    ("Repository", "issues"): "issues: read",
    ("Repository", "deployments"): "deployments: read",
    ("Repository", "releases"): "contents: read",
    ("CheckSuite", "checkRuns"): "checks: read",
}
_CURSOR: Final = "place "


@dataclass
class Data(dict[str, Any]):
    """A node whose fields are known."""

    def __init__(self, kind: str, **fields: Any) -> None:
        super().__init__(__typename=kind, **fields)


@dataclass(frozen=True)
class Listed:
    """A list that is given out in pages; `shown` makes a node of an item."""

    items: Sequence[Any]
    shown: Callable[[Any], Any]


@dataclass(frozen=True)
class Page:
    """A page of a list."""

    of: Listed
    low: int
    high: int


@cache
def schema() -> GraphQLSchema:
    """GitHub's schema, as far as we ask."""
    text = gzip.decompress(Path(__file__).with_name("github.graphql.gz").read_bytes()).decode()
    built = build_schema(text, assume_valid=True)
    for name, interface in built.type_map.items():
        if name in {"Node", "Actor", "PullRequestTimelineItems"}:
            interface.resolve_type = lambda value, *_: value["__typename"]  # type: ignore[attr-defined]
    return built


@cache
def understood(query: str) -> DocumentNode | tuple[str, ...]:
    """A query that GitHub would understand, or what is wrong with it."""
    try:
        document = parse(query, no_location=True)
    except GraphQLError as error:
        return (error.message,)
    return tuple(error.message for error in validate(schema(), document)) or document


def answer(
    document: DocumentNode, variables: Mapping[str, Any], repository: Repository, limit: Any, granted: frozenset[str]
) -> dict[str, Any]:
    """What is found; a part that is not there, or not shown, is null, with an error that says so."""
    root = Root(repository, limit)
    found = execute_sync(schema(), document, root, granted, variable_values=dict(variables), field_resolver=_resolve)
    shown: dict[str, Any] = {"data": found.data}
    errors = [_error(error) for error in found.errors or ()] + root.missing
    return shown | {"errors": errors} if errors else shown


def _error(error: GraphQLError) -> dict[str, Any]:
    return {**(error.extensions or {}), "message": error.message, "path": error.path}


@dataclass
class Root:
    """What a query begins with."""

    of: Repository
    limit: Any
    missing: list[dict[str, Any]] = field(default_factory=list)

    def repository(self, owner: str, name: str, **_: Any) -> Data | None:
        """The one repository there is."""
        if f"{owner}/{name}" == self.of.name:
            return _repository(self.of)
        text = f"Could not resolve to a Repository with the name '{owner}/{name}'."
        self.missing.append({"type": "NOT_FOUND", "path": ["repository"], "message": text})
        return None

    def node(self, one: str, path: tuple[str | int, ...]) -> Data | None:
        """A check suite, by the id of its node."""
        run = self.of.run_of(one)
        if run is None:
            text = f"Could not resolve to a node with the global id of '{one}'"
            self.missing.append({"type": "NOT_FOUND", "path": path, "message": text})
        return _suite(run) if run else None


def _resolve(source: Any, info: GraphQLResolveInfo[Any], **given: Any) -> Any:
    name = info.field_name
    if isinstance(source, Root):
        return _begin(source, name, info.path.key, given)
    if isinstance(source, Page):
        return _of_page(source, name)
    if _NEEDS.get((info.parent_type.name, name), "metadata: read") not in info.context | {"metadata: read"}:
        raise GraphQLError("Resource not accessible by integration", extensions={"type": "FORBIDDEN"})
    value = source[name]
    if callable(value):
        value = value(**given)
    if isinstance(value, Listed):
        return _page(value, given)
    return text(value) if isinstance(value, datetime) else value


def _begin(root: Root, name: str, key: str | int, given: Mapping[str, Any]) -> Any:
    if name == "rateLimit":
        return root.limit
    if name == "nodes":
        return [root.node(one, (key, place)) for place, one in enumerate(given["ids"])]
    return root.node(given["id"], (key,)) if name == "node" else root.repository(**given)


def _page(of: Listed, given: Mapping[str, Any]) -> Page:
    count = len(of.items)
    if "last" in given:
        return Page(of, max(0, count - given["last"]), count)
    low = _place(given["after"]) if given.get("after") else 0
    return Page(of, low, min(low + given.get("first", 0), count))


def _cursor(place: int) -> str:
    """As GitHub's: words in Base64 that mean nothing to the asker."""
    return base64.b64encode(f"{_CURSOR}{place}".encode()).decode()


def _place(cursor: str) -> int:
    return int(base64.b64decode(cursor).decode().removeprefix(_CURSOR))


def _of_page(page: Page, name: str) -> Any:
    if name == "totalCount":
        return len(page.of.items)
    if name == "pageInfo":
        return {"hasNextPage": page.high < len(page.of.items), "endCursor": _cursor(page.high)}
    return [page.of.shown(item) for item in page.of.items[page.low : page.high]]


def _repository(of: Repository) -> Data:
    return Data(
        "Repository",
        id="R_1",
        isArchived=False,
        isFork=False,
        defaultBranchRef={"id": "REF_1", "name": of.branch},
        pullRequests=lambda **given: Listed(_pulls(of, **given), _pull),
        issues=lambda **given: Listed(_issues(of, **given), _issue),
        deployments=lambda **given: Listed(_deployments(of, **given), _deployment),
        releases=lambda **_: Listed(sorted(of.releases, key=lambda one: one.created, reverse=True), _release),
    )


def _pulls(of: Repository, states: Iterable[str] | None = None, **given: Any) -> list[Pull]:
    chosen = [pull for pull in of.pulls.values() if states is None or _state(pull) in states]
    return _ordered(chosen, given)


def _state(item: Pull | Issue) -> str:
    if isinstance(item, Pull) and item.merged:
        return "MERGED"
    return "CLOSED" if item.closed else "OPEN"


def _issues(of: Repository, states: Iterable[str] | None = None, **given: Any) -> list[Issue]:
    since = (given.get("filterBy") or given.get("filter_by") or {}).get("since")
    chosen = [issue for issue in of.issues.values() if states is None or _state(issue) in states]
    return _ordered(
        [one for one in chosen if not since or one.updated.isoformat() >= since.replace("Z", "+00:00")], given
    )


def _deployments(of: Repository, environments: Iterable[str] | None = None, **_: Any) -> list[Deployment]:
    chosen = [one for one in of.deployments if environments is None or one.environment in environments]
    return sorted(chosen, key=lambda one: one.created, reverse=True)


def _ordered(items: list[Any], given: Mapping[str, Any]) -> list[Any]:
    order = given.get("orderBy") or {"field": "CREATED_AT", "direction": "ASC"}
    name = {"UPDATED_AT": "updated", "CREATED_AT": "created"}[order["field"]]
    return sorted(items, key=lambda one: (getattr(one, name), one.number), reverse=order["direction"] == "DESC")


def _author(login: str) -> Data | None:
    """Nobody where the account was deleted."""
    return Data("Bot" if login == BOT else "User", id=f"U_{login}", login=login) if login else None


def _labels(names: Sequence[str]) -> Callable[..., Listed]:
    return lambda **_: Listed(names, lambda name: {"id": f"L_{name}", "name": name})


def _pull(pull: Pull) -> Data:
    return Data(
        "PullRequest",
        id=f"PR_{pull.number}",
        number=pull.number,
        baseRefName=pull.base,
        createdAt=pull.created,
        updatedAt=pull.updated,
        mergedAt=pull.merged,
        closedAt=pull.closed,
        isDraft=pull.is_draft,
        author=_author(pull.author),
        mergeCommit={"id": "C_1", "oid": f"{pull.number:040x}"} if pull.merged else None,
        labels=_labels(pull.labels),
        commits=lambda **_: Listed([pull.committed or pull.created], _first_commit),
        reviews=lambda **_: Listed(pull.reviews, _review),
        timelineItems=lambda **_: Listed(pull.turns, _turn),
    )


def _first_commit(at: datetime) -> Data:
    return Data("PullRequestCommit", id="PC_1", commit=Data("Commit", id="C_2", oid="c" * 40, authoredDate=at))


def _review(review: tuple[datetime, str]) -> Data:
    return Data("PullRequestReview", id="RE_1", submittedAt=review[0], author=_author(review[1]))


def _turn(turn: tuple[datetime, bool]) -> Data:
    return Data("ReadyForReviewEvent" if turn[1] else "ConvertToDraftEvent", id="E_1", createdAt=turn[0])


def _issue(issue: Issue) -> Data:
    return Data(
        "Issue",
        id=f"I_{issue.number}",
        number=issue.number,
        createdAt=issue.created,
        updatedAt=issue.updated,
        closedAt=issue.closed,
        stateReason=issue.reason,
        author=_author(issue.author),
        labels=_labels(issue.labels),
    )


def _deployment(one: Deployment) -> Data:
    statuses = [Data("DeploymentStatus", id="DS_1", state=state, createdAt=at) for at, state in one.states]
    return Data(
        "Deployment",
        id=f"D_{one.id}",
        databaseId=one.id,
        createdAt=one.created,
        commitOid=one.commit,
        statuses=lambda **_: Listed(statuses, lambda status: status),
        latestStatus=statuses[-1] if statuses else None,
    )


def _release(one: Release) -> Data:
    return Data(
        "Release",
        id=f"RL_{one.tag}",
        tagName=one.tag,
        createdAt=one.created,
        publishedAt=None if one.draft else one.created,
        isPrerelease=one.prerelease,
        isDraft=one.draft,
        tagCommit=Data("Commit", id="C_3", oid="e" * 40, authoredDate=one.created),
    )


def _suite(run: Run) -> Data:
    def runs(filterBy: Mapping[str, str] | None = None, **_: Any) -> Listed:  # noqa: N803 - GraphQL's name
        every = (filterBy or {}).get("checkType", "LATEST") == "ALL"
        return Listed(run.executions if every else run.latest, lambda execution: _check_run(run, execution))

    return Data("CheckSuite", id=run.suite, createdAt=run.created, checkRuns=runs)


def _check_run(run: Run, execution: Execution) -> Data:
    return Data(
        "CheckRun",
        id=f"CR_{run.id}_{execution.name}_{execution.attempt}",
        name=execution.name,
        conclusion=execution.conclusion.upper() if execution.completed else None,
        startedAt=execution.started,
        completedAt=execution.completed,
        detailsUrl=f"https://github.example/octo/tools/actions/runs/{run.id}/job/{execution.attempt}",
    )
