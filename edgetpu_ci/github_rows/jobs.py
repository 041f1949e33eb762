"""The jobs of many runs at once by GraphQL: all executions of each, also those of earlier attempts."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Final

from msgspec import Meta, Struct

from edgetpu_ci.errors import DeniedError, EdgeTpuCiError, TooHeavyError
from edgetpu_ci.github_rows.lists import Connection
from edgetpu_ci.kpis.rows import Job
from edgetpu_ci.ledger import AT_ONCE
from edgetpu_ci.transport import refusal
from edgetpu_ci.transport.adaptive import PageSize
from edgetpu_ci.transport.github import GitHub

NEEDS: Final = "checks: read"

IDS: Final = 100
"""GitHub takes no more ids in one `nodes`."""

_GONE: Final = "Could not resolve"
"""What GitHub says of the id of a suite that was deleted with its run: there are no jobs to be missed."""

MOST: Final = 2 * IDS
"""So many runs in a query when all goes well."""

_FIELDS: Final = """
fragment Suite on Node { ... on CheckSuite {
  id createdAt
  checkRuns(first: 50, filterBy: {checkType: ALL}) { ...Page }
} }
"""
_PAGE: Final = """
fragment Page on CheckRunConnection {
  totalCount pageInfo { hasNextPage endCursor }
  nodes { name conclusion startedAt completedAt detailsUrl }
}
"""
_FURTHER: Final = f"""
query($id: ID!, $after: String!) {{ node(id: $id) {{ ... on CheckSuite {{
  id createdAt
  checkRuns(first: 100, after: $after, filterBy: {{checkType: ALL}}) {{ ...Page }}
}} }} }}
{_PAGE}
"""

When = Annotated[datetime, Meta(tz=True)]


class CheckRun(Struct, frozen=True, rename="camel"):
    """An execution of a job as GraphQL shows it."""

    name: str
    conclusion: str | None = None
    started_at: When | None = None
    completed_at: When | None = None
    details_url: str | None = None


class _Node(Struct, frozen=True, rename="camel"):
    """A check suite; empty where the id is no longer one."""

    id: str = ""
    created_at: When | None = None
    check_runs: Connection[CheckRun] | None = Connection()


class _Further(Struct, frozen=True):
    node: _Node | None = None


class Suite(Struct, frozen=True):
    """When a check suite came to be, and its jobs, oldest first."""

    created: datetime | None
    jobs: tuple[Job, ...]


def read(github: GitHub, ids: Sequence[str], size: PageSize) -> Iterator[dict[str, Suite]]:
    """The check suites of these ids, some at a time, in order; DeliveryError when no more can be had.

    A query that is too heavy is asked in halves.
    """
    waiting = list(ids)
    while waiting:
        batches = [waiting[at : at + size.now] for at in range(0, len(waiting), size.now)][:AT_ONCE]
        answers = github.gather([partial(_ask, github, batch) for batch in batches])
        yield {key: suite for found in answers if not isinstance(found, EdgeTpuCiError) for key, suite in found.items()}
        failed = [(batch, why) for batch, why in zip(batches, answers, strict=True) if isinstance(why, EdgeTpuCiError)]
        if final := [why for _, why in failed if not isinstance(why, TooHeavyError)]:
            raise final[0]
        for _ in range(len(batches) - len(failed)):
            size.went_well()
        if failed and not size.failed():
            raise failed[0][1]
        waiting = [key for batch, _ in failed for key in batch] + waiting[sum(map(len, batches)) :]


def _ask(github: GitHub, ids: Sequence[str]) -> dict[str, Suite]:
    """The suites of one query: as many `nodes` as the ids need."""
    parts = {f"part{at // IDS}": list(ids[at : at + IDS]) for at in range(0, len(ids), IDS)}
    query = (
        f"query({', '.join(f'${name}: [ID!]!' for name in parts)}) "
        f"{{ {' '.join(f'{name}: nodes(ids: ${name}) {{ ...Suite }}' for name in parts)} }}{_FIELDS}{_PAGE}"
    )
    unshown: list[str] = []
    found: dict[str, list[_Node | None]] = github.graphql(
        query, parts, dict[str, list[_Node | None]], needs=NEEDS, divides=True, missing=unshown.append
    )
    if denied := [sentence for sentence in unshown if _GONE not in sentence]:
        raise DeniedError(f"{denied[0]}; {refusal.lacks(NEEDS)}.", NEEDS)
    nodes = dict(zip(ids, (node or _Node() for name in parts for node in found.get(name, ())), strict=False))
    return {key: _suite(github, node) for key, node in nodes.items()}


def _suite(github: GitHub, node: _Node) -> Suite:
    """A suite with all its executions: one with more than a page is read to its end."""
    executions: list[CheckRun] = []
    page = node.check_runs
    while page:
        executions += page.found
        page = _further(github, node.id, page.after) if page.after else None
    jobs = [job(execution) for execution in executions if _is_job(execution)]
    return Suite(node.created_at, tuple(sorted(jobs, key=lambda one: (one.started is None, one.started, one.name))))


def _further(github: GitHub, key: str, after: str) -> Connection[CheckRun] | None:
    found = github.graphql(_FURTHER, {"id": key, "after": after}, _Further, needs=NEEDS).node
    return found.check_runs if found else None


def _is_job(execution: CheckRun) -> bool:
    """Whether it is a job: a check that a job made by the API lies in some suite of the same app as well."""
    return not execution.details_url or "/actions/runs/" in execution.details_url


def job(execution: CheckRun) -> Job:
    """What is kept of an execution."""
    return Job(
        name=execution.name,
        conclusion=(execution.conclusion or "").lower(),
        started=execution.started_at,
        completed=execution.completed_at,
    )
