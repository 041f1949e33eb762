"""Issues by GraphQL, those that changed last first; pull requests are none there."""

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Final

from msgspec import Meta, Struct

from edgetpu_ci.github_rows import bots, lists
from edgetpu_ci.github_rows.lists import Connection
from edgetpu_ci.github_rows.shelf import Kind
from edgetpu_ci.kpis.rows import Issue

NEEDS: Final = "issues: read"

FIELDS: Final = """
number createdAt updatedAt closedAt stateReason
author { __typename login }
labels(first: 20) { nodes { name } }
"""

When = Annotated[datetime, Meta(tz=True)]


class Node(Struct, frozen=True, rename="camel"):
    """An issue as GraphQL shows it; `closed_at` is the last time, and empty once it was opened again."""

    number: int
    created_at: When
    updated_at: When
    closed_at: When | None = None
    state_reason: str | None = None
    author: bots.Account | None = None
    labels: Connection[lists.Label] | None = None


def row(node: Node, known: Collection[str]) -> Issue:
    """What is kept of an issue."""
    return Issue(
        number=node.number,
        created=node.created_at,
        closed=node.closed_at,
        reason=(node.state_reason or "").lower() if node.closed_at else "",
        labels=lists.names(node.labels),
        bot=bots.name(node.author, known),
        updated=node.updated_at,
    )


KIND: Final = Kind[Issue](
    name="issues",
    row=Issue,
    key=lambda issue: str(issue.number),
    at=lambda issue: issue.created,
    touched=lambda issue: issue.updated,
    # GitHub's times are whole seconds: of the same one, what was read last.
    newer=lambda old, new: max(new, old, key=lambda issue: issue.updated),
)
