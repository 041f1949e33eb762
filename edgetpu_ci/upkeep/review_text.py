"""An access review as who signs it off reads it: what is new, gone or changed, and what is old. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from edgetpu_ci.upkeep import review
from edgetpu_ci.upkeep.access import Access
from edgetpu_ci.upkeep.review import Difference, Review

OLD: Final = timedelta(days=365)
"""A secret that was not changed for longer is named."""


def lines(found: Access, newest: Review | None, secret: bytes | None, now: datetime) -> Iterator[str]:
    """What differs from the newest review, or everything where there is none; secrets that are old; what is unread."""
    if newest is None:
        yield f"no review was signed off yet; {_headed(found)}"
        yield from _everything(found)
    elif secret is None or not review.is_keyed_by(newest, secret):
        yield f"the review of {newest.at:%Y-%m-%d} was made with another key; {_headed(found)}"
        yield from _everything(found)
    else:
        yield f"the last review was signed off {newest.at:%Y-%m-%d}, by {newest.role}"
        different = review.differences(newest, found, secret)
        yield from map(_line, different)
        yield from () if different else ("nothing differs from it",)
    for grant in found.grants:
        if grant.since and now - grant.since > OLD:
            yield f"old      {grant.kind} {grant.who}: not changed since {grant.since:%Y-%m-%d}"
    yield from (f"unread   {kind}: {why}" for kind, why in found.unread.items())


def _headed(found: Access) -> str:
    """What the list below is, where some or all of it could not be read."""
    if not found.grants and found.unread:
        return "nothing of what may reach the repository could be read:"
    return f"this is everything that may reach the repository{', as far as it could be read' if found.unread else ''}:"


def _everything(found: Access) -> Iterator[str]:
    return (f"{grant.kind} {grant.who}{f': {grant.what}' if grant.what else ''}" for grant in found.grants)


def _line(one: Difference) -> str:
    # Who is gone is known by a pseudonym alone.
    how = f"{one.how:<8} {one.kind} {one.who}"
    if one.how == "changed":
        return f"{how}: {one.before} before, now {one.after}"
    return f"{how}: {one.after or one.before}" if one.after or one.before else how
