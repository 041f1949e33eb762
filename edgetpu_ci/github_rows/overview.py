"""What is true of the repository now, and what it gave to its users, in one query."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Final

from msgspec import Meta, Struct

from edgetpu_ci.errors import DeniedError
from edgetpu_ci.github_rows import lists
from edgetpu_ci.github_rows.lists import Connection
from edgetpu_ci.github_rows.shelf import Kind
from edgetpu_ci.kpis.rows import Deployment
from edgetpu_ci.transport import refusal
from edgetpu_ci.transport.github import GitHub

ABOUT: Final = "about"
DEPLOYMENTS: Final = "deployments"
RELEASES: Final = "releases"

NEEDS: Final = {ABOUT: "metadata: read", DEPLOYMENTS: "deployments: read", RELEASES: "contents: read"}

_VARIABLES: Final = {
    ABOUT: {},
    DEPLOYMENTS: {"$environments": "[String!]", "$deployed": "String"},
    RELEASES: {"$released": "String"},
}
_FIELDS: Final = {
    ABOUT: """isFork defaultBranchRef { name }""",
    DEPLOYMENTS: """
deployments(first: 100, after: $deployed, environments: $environments,
            orderBy: {field: CREATED_AT, direction: DESC}) {
  pageInfo { hasNextPage endCursor }
  nodes { databaseId createdAt commitOid statuses(first: 10) { nodes { state createdAt } } }
}
""",
    RELEASES: """
releases(first: 100, after: $released, orderBy: {field: CREATED_AT, direction: DESC}) {
  pageInfo { hasNextPage endCursor }
  nodes { tagName createdAt publishedAt isPrerelease isDraft tagCommit { oid } }
}
""",
}
_WENT_WELL: Final = frozenset({"SUCCESS", "ACTIVE"})
_FAILED: Final = frozenset({"FAILURE", "ERROR"})

When = Annotated[datetime, Meta(tz=True)]


class _Name(Struct, frozen=True):
    name: str


class _Status(Struct, frozen=True, rename="camel"):
    state: str
    created_at: When


class _Deployed(Struct, frozen=True, rename="camel"):
    created_at: When
    database_id: int | None = None
    commit_oid: str = ""
    statuses: Connection[_Status] | None = None


class _Commit(Struct, frozen=True):
    oid: str


class _Released(Struct, frozen=True, rename="camel"):
    tag_name: str
    created_at: When
    published_at: When | None = None
    is_prerelease: bool = False
    is_draft: bool = False
    tag_commit: _Commit | None = None


class Overview(Struct, frozen=True, rename="camel"):
    """What one query found; a part that was not asked for is empty."""

    is_fork: bool = False
    default_branch_ref: _Name | None = None
    deployments: Connection[_Deployed] = Connection()
    releases: Connection[_Released] = Connection()

    @property
    def branch(self) -> str:
        """The name of the default branch."""
        return self.default_branch_ref.name if self.default_branch_ref else ""


class _Answer(Struct, frozen=True):
    repository: Overview | None = None


def ask(github: GitHub, parts: Sequence[str], environment: str, **after: str) -> Overview:
    """Some parts of the overview; `deployed` and `released` say where those lists go on.

    DeniedError when the token may not see one of them: then GitHub shows none.
    """
    owner, _, name = github.repository.partition("/")
    declared = {"$owner": "String!", "$name": "String!"}
    for part in parts:
        declared |= _VARIABLES[part]
    given = {"owner": owner, "name": name, "environments": [environment], **after}
    query = (
        f"query({', '.join(f'{variable}: {kind}' for variable, kind in declared.items())}) "
        f"{{ repository(owner: $owner, name: $name) {{ {' '.join(_FIELDS[part] for part in parts)} }} }}"
    )
    variables = {variable: value for variable, value in given.items() if f"${variable}" in declared}
    needs = ", ".join(NEEDS[part] for part in parts)
    found = github.graphql(query, variables, _Answer, needs=needs).repository
    if found is None:
        raise DeniedError(f"GitHub shows no {github.repository}; {refusal.lacks(needs)}.", needs)
    return found


def deployments(github: GitHub, first: Overview, environment: str, since: datetime) -> Iterator[Deployment]:
    """Deployments that ended, those begun since a time and some older ones; `first` has the newest of them."""
    page = first.deployments
    while True:
        yield from filter(None, map(_deployed, page.found))
        if not page.after or _oldest(page) < since:
            return
        page = ask(github, (DEPLOYMENTS,), environment, deployed=page.after).deployments


def releases(github: GitHub, first: Overview, since: datetime) -> Iterator[Deployment]:
    """Releases that were published, likewise."""
    page = first.releases
    while True:
        yield from filter(None, map(_released, page.found))
        if not page.after or _oldest(page) < since:
            return
        page = ask(github, (RELEASES,), "", released=page.after).releases


def _oldest(page: Connection[_Deployed] | Connection[_Released]) -> datetime:
    """When the last on a page came to be; in the future on one of which this token is shown nothing."""
    return page.found[-1].created_at if page.found else datetime.max.replace(tzinfo=UTC)


def _deployed(node: _Deployed) -> Deployment | None:
    """A deployment that ended. One that went well stays so when a later one takes its place ("inactive")."""
    said = sorted(lists.found(node.statuses), key=lambda status: status.created_at)
    well = [status for status in said if status.state in _WENT_WELL]
    ended = well or [status for status in said if status.state in _FAILED]
    if not ended:
        return None
    return Deployment(
        name=str(node.database_id), at=ended[0].created_at, commit=node.commit_oid, kind="deployment", failed=not well
    )


def _released(node: _Released) -> Deployment | None:
    if node.is_draft or node.published_at is None:
        return None
    commit = node.tag_commit.oid if node.tag_commit else ""
    return Deployment(
        name=node.tag_name, at=node.published_at, commit=commit, kind="release", prerelease=node.is_prerelease
    )


KIND: Final = Kind[Deployment](
    name="deliveries",
    row=Deployment,
    key=lambda row: f"{row.kind} {row.name}",
    at=lambda row: row.at,
    touched=lambda row: row.at,
    newer=lambda _old, new: new,
)
