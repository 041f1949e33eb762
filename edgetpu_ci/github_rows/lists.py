"""Lists of a repository by GraphQL: a page of what changed last first, decoded."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from msgspec import Struct

from edgetpu_ci.errors import DeliveryError, DeniedError
from edgetpu_ci.github_rows import spans
from edgetpu_ci.github_rows.walk import Page
from edgetpu_ci.transport import refusal
from edgetpu_ci.transport.adaptive import PageSize
from edgetpu_ci.transport.github import GitHub

T = TypeVar("T")
R = TypeVar("R")


class Label(Struct, frozen=True):
    """A label."""

    name: str


class PageInfo(Struct, frozen=True, rename="camel"):
    """Whether a list goes on, and where."""

    has_next_page: bool = False
    end_cursor: str | None = None


class Connection(Struct, Generic[T], frozen=True, rename="camel"):
    """A page of a list; an item this token may not see is null."""

    nodes: tuple[T | None, ...] | None = ()
    total_count: int = 0
    page_info: PageInfo = PageInfo()

    @property
    def found(self) -> tuple[T, ...]:
        """The items."""
        return tuple(node for node in self.nodes or () if node is not None)

    @property
    def after(self) -> str:
        """Where it goes on; empty at its end."""
        return (self.page_info.end_cursor or "") if self.page_info.has_next_page else ""


class Repository(Struct, Generic[T], frozen=True):
    """A repository with one of its lists, and how many of that are open."""

    items: Connection[T] | None
    open: Connection[Any] | None = None


class Answer(Struct, Generic[T], frozen=True):
    """What a query for a list finds; no repository where the token sees none."""

    repository: Repository[T] | None = None


class Of(Struct, frozen=True):
    """A list of a repository: its name in GraphQL, the fields asked of each item, what they decode into, what it needs.

    An item has `updated_at`.
    """

    name: str
    fields: str
    answer: Any
    needs: str


def found(connection: Connection[T] | None) -> tuple[T, ...]:
    """The items of a list; none of one that is not shown."""
    return connection.found if connection else ()


def names(labels: Connection[Label] | None) -> tuple[str, ...]:
    """The names of labels."""
    return tuple(label.name for label in found(labels))


def asking(github: GitHub, of: Of, row: Callable[[Any], R], unshown: list[str]) -> Callable[[str], Page[R]]:
    """How a page of a list is asked for, by where it begins; `unshown` gets a sentence for each part that is not."""
    query = (
        "query($owner: String!, $name: String!, $first: Int!, $after: String) "
        "{ repository(owner: $owner, name: $name) "
        f"{{ items: {of.name}(first: $first, after: $after, orderBy: {{field: UPDATED_AT, direction: DESC}}) "
        f"{{ totalCount pageInfo {{ hasNextPage endCursor }} nodes {{ {of.fields} }} }} "
        f"open: {of.name}(states: OPEN) {{ totalCount }} }} }}"
    )

    size = PageSize()

    def ask(after: str) -> Page[R]:
        owner, _, name = github.repository.partition("/")
        variables = {"owner": owner, "name": name, "after": after or None}
        found = github.graphql(
            query, variables, of.answer, needs=of.needs, size=size, missing=unshown.append
        ).repository
        if found is None or found.items is None:
            said = unshown[-1] if unshown else f"GitHub shows no items of {github.repository}"
            raise DeniedError(f"{said.replace('items', of.name)}; {refusal.lacks(of.needs)}.", of.needs)
        return _page(found.items, row, found.open.total_count if found.open else None)

    return ask


def _page(found: Connection[Any], row: Callable[[Any], R], are_open: int | None) -> Page[R]:
    changed = [node.updated_at for node in found.found] or [spans.EPOCH]
    if found.after and not found.found:
        raise DeliveryError("GitHub answered a list with a page of nothing; try again later.")
    return Page(tuple(map(row, found.found)), max(changed), min(changed), found.after, found.total_count, are_open)
