"""Access reviews: what was signed off, under pseudonyms, and what is different now. Pure.

A pseudonym is an HMAC of a login with a key of the quarter, which is made from one secret: with it, a review is
compared with what GitHub says; without it, neither is a login found nor are pseudonyms of two quarters joined.
"""

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final

from msgspec import Meta, Struct

from edgetpu_ci.upkeep import access
from edgetpu_ci.upkeep.access import Access, Grant

_PERSONAL: Final = frozenset({access.COLLABORATOR, access.OUTSIDE, access.DEPLOY_KEY})
_LENGTH: Final = 32


class Entry(Struct, frozen=True, order=True):
    """A grant as it is kept: people and their keys under a pseudonym."""

    kind: str
    who: str
    what: str = ""


class Review(Struct, frozen=True, kw_only=True):
    """What a role signed off: `period` and `check` tell which key its pseudonyms are of; `unread` kinds had no part."""

    at: Annotated[datetime, Meta(tz=True)]
    role: str
    period: str
    check: str
    entries: tuple[Entry, ...]
    unread: tuple[str, ...] = ()


class Difference(Struct, frozen=True):
    """What was not there before (`before` is None), is not there now, or may something else than before."""

    kind: str
    who: str
    before: str | None
    after: str | None

    @property
    def how(self) -> str:
        """Added, removed or changed."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"


def sign_off(found: Access, secret: bytes, role: str, at: datetime) -> Review:
    """The review of what GitHub says now."""
    period = f"{at.year}-Q{(at.month + 2) // 3}"
    key = _key(secret, period)
    entries = sorted({_entry(grant, key) for grant in found.grants})
    return Review(
        at=at,
        role=role,
        period=period,
        check=_pseudonym(key, ""),
        entries=tuple(entries),
        unread=tuple(sorted(found.unread)),
    )


def is_keyed_by(review: Review, secret: bytes) -> bool:
    """Whether the secret is the one the review was made with."""
    return hmac.compare_digest(review.check, _pseudonym(_key(secret, review.period), ""))


def differences(review: Review, found: Access, secret: bytes) -> list[Difference]:
    """What is different since a review, by kind; who is there now has its name, who is not its pseudonym.

    Kinds that may not be read now, or were not then, are left out: nobody knows.
    """
    key = _key(secret, review.period)
    now = {(entry.kind, entry.who): grant for grant in found.grants for entry in [_entry(grant, key)]}
    before = {(entry.kind, entry.who): entry for entry in review.entries if entry.kind not in found.unread}
    fresh = [place for place in now if place[0] not in review.unread]
    both = [_difference(place, before.get(place), now.get(place)) for place in sorted({*before, *fresh})]
    return [one for one in both if one.before != one.after]


def is_due(review: Review, days: int, now: datetime) -> bool:
    """Whether it was signed off more than so many days ago."""
    return now - review.at > timedelta(days=days)


def counted(found: Sequence[Difference]) -> str:
    """How many of each, without a name: "1 collaborator added, 2 hooks changed"."""
    kinds = [f"{one.kind} {one.how}" for one in found]
    return ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))


def _difference(place: tuple[str, str], before: Entry | None, now: Grant | None) -> Difference:
    kind, pseudonym = place
    who = now.who if now else pseudonym
    return Difference(kind, who, before.what if before else None, now.what if now else None)


def _entry(grant: Grant, key: bytes) -> Entry:
    who = _pseudonym(key, grant.who.lower()) if grant.kind in _PERSONAL else grant.who
    return Entry(grant.kind, who, grant.what)


def _key(secret: bytes, period: str) -> bytes:
    return hmac.digest(secret, f"edgetpu-ci access review {period}".encode(), "sha256")


def _pseudonym(key: bytes, name: str) -> str:
    return hmac.digest(key, name.encode(), "sha256").hex()[:_LENGTH]
