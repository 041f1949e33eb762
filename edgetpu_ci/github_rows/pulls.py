"""Pull requests by GraphQL, those that changed last first."""

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct, field

from edgetpu_ci.github_rows import bots, lists
from edgetpu_ci.github_rows.lists import Connection
from edgetpu_ci.github_rows.shelf import Kind
from edgetpu_ci.kpis.rows import Pull

NEEDS: Final = "pull-requests: read"

FIELDS: Final = """
number baseRefName createdAt updatedAt mergedAt closedAt isDraft
author { __typename login }
mergeCommit { oid }
labels(first: 20) { nodes { name } }
commits(first: 1) { nodes { commit { authoredDate } } }
reviews(first: 20) { nodes { submittedAt author { __typename login } } }
timelineItems(last: 20, itemTypes: [READY_FOR_REVIEW_EVENT, CONVERT_TO_DRAFT_EVENT]) {
  nodes { __typename ... on ReadyForReviewEvent { createdAt } ... on ConvertToDraftEvent { createdAt } }
}
"""

When = Annotated[datetime, Meta(tz=True)]


class _Authored(Struct, frozen=True):
    date: When = field(name="authoredDate")


class _Commit(Struct, frozen=True):
    commit: _Authored


class _Merge(Struct, frozen=True):
    oid: str


class _Review(Struct, frozen=True):
    submitted: When | None = field(name="submittedAt", default=None)
    author: bots.Account | None = None


class _Turn(Struct, frozen=True):
    """A pull request was made a draft, or ready."""

    kind: Literal["ReadyForReviewEvent", "ConvertToDraftEvent"] = field(name="__typename")
    at: When = field(name="createdAt")


class Node(Struct, frozen=True, rename="camel"):
    """A pull request as GraphQL shows it."""

    number: int
    base_ref_name: str
    created_at: When
    updated_at: When
    merged_at: When | None = None
    closed_at: When | None = None
    is_draft: bool = False
    author: bots.Account | None = None
    merge_commit: _Merge | None = None
    labels: Connection[lists.Label] | None = None
    commits: Connection[_Commit] | None = None
    reviews: Connection[_Review] | None = None
    timeline_items: Connection[_Turn] | None = None


def row(node: Node, known: Collection[str], default: str = "") -> Pull:
    """What is kept of a pull request; of branches only the default one, where it is known."""
    turns = sorted((turn.at, turn.kind == "ReadyForReviewEvent") for turn in lists.found(node.timeline_items))
    ready = [at for at, is_ready in turns if is_ready and (node.merged_at is None or at <= node.merged_at)]
    commits = lists.found(node.commits)
    return Pull(
        number=node.number,
        base=node.base_ref_name if default in ("", node.base_ref_name) else "",
        created=node.created_at,
        ready=max(ready, default=None),
        drafts=drafts(node.created_at, turns, is_draft=node.is_draft),
        reviewed=_reviewed(node, known),
        committed=commits[0].commit.date if commits else None,
        merged=node.merged_at,
        closed=node.closed_at,
        merged_as=node.merge_commit.oid if node.merge_commit and node.merged_at else "",
        labels=lists.names(node.labels),
        bot=bots.name(node.author, known),
        updated=node.updated_at,
    )


def drafts(
    created: datetime, turns: list[tuple[datetime, bool]], *, is_draft: bool
) -> tuple[tuple[datetime, datetime | None], ...]:
    """The spans in which it was a draft, from when it was made ready (True) and a draft (False), oldest first.

    One that is first made ready was a draft from its beginning; so was one that is a draft and never was made one.
    """
    begins = created if (turns[0][1] if turns else is_draft) else None
    found: list[tuple[datetime, datetime | None]] = []
    for at, is_ready in turns:
        if is_ready and begins:
            found.append((begins, at))
        begins = None if is_ready else (begins or at)
    return (*found, (begins, None)) if begins else tuple(found)


def _reviewed(node: Node, known: Collection[str]) -> datetime | None:
    """The first review that is neither the author's nor a program's."""
    author = node.author.login if node.author else None
    times = (
        review.submitted
        for review in (node.reviews.found if node.reviews else ())
        if review.submitted
        and not bots.name(review.author, known)
        and (not review.author or review.author.login != author)
    )
    return min(times, default=None)


KIND: Final = Kind[Pull](
    name="pulls",
    row=Pull,
    key=lambda pull: str(pull.number),
    at=lambda pull: pull.created,
    touched=lambda pull: pull.updated,
    # GitHub's times are whole seconds: of the same one, what was read last.
    newer=lambda old, new: max(new, old, key=lambda pull: pull.updated),
)
