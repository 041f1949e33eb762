"""What somebody who may write to the repository accepts on a pull request: by label, comment or review.

A request for each hundred entries of the timeline, and one for each person who said so. docs/history.md has the rules.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from edgetpu_ci.errors import MissingError
from edgetpu_ci.event import Event
from edgetpu_ci.github_api import Api
from edgetpu_ci.model import Approval
from edgetpu_ci.world import World

COMMAND: Final = "/edgetpu-ci accept"
EVERYTHING: Final = "*"
# Managed users of an enterprise are called name_company.
_LOGIN: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")
_LONGEST_REASON: Final = 200
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


class _User(Struct, frozen=True):
    login: str = ""


class _Label(Struct, frozen=True):
    name: str = ""


class Entry(Struct, frozen=True):
    """What we read of an entry of an issue's timeline: most kinds have only some of it."""

    event: str = ""
    created_at: datetime | None = None
    actor: _User | None = None
    user: _User | None = None
    label: _Label | None = None
    body: str | None = None
    commit_id: str | None = None
    state: str | None = None
    state_reason: str | None = None
    author_association: str | None = None

    @property
    def at(self) -> datetime:
        """When it happened; long ago where GitHub does not say."""
        return self.created_at or _LONG_AGO


class _Permission(Struct, frozen=True):
    permission: str


def read(happened: Event, label: str, subjects: Sequence[str], world: World) -> tuple[Approval, ...]:
    """What was accepted of the commit that was measured; nothing where there is no pull request.

    `subjects` are all that were measured: a name that is none of them accepts nothing. DeniedError or DeliveryError
    when GitHub does not tell.
    """
    if happened.pull_request is None or happened.at is None or happened.name != "pull_request":
        return ()
    api = Api(happened.repository, world, "pull-requests: read")
    timeline = list(api.pages(f"{api.repository}/issues/{happened.pull_request}/timeline", Entry, {}))
    said = [*_labels(timeline, happened, label), *_words(timeline, happened, subjects)]
    may = {by: may_write(api, by) for by in dict.fromkeys(approval.by for approval in said)}
    return tuple(approval for approval in said if may[approval.by])


def _since(timeline: Iterable[Entry], happened: Event) -> datetime:
    """From when on words are about this head: since it was pushed, or forced back to where it had been."""
    forced = (entry.at for entry in timeline if entry.event == "head_ref_force_pushed")
    return max([happened.at or _LONG_AGO, *forced])


def _labels(timeline: Sequence[Entry], happened: Event, label: str) -> Iterator[Approval]:
    ours = [entry for entry in timeline if entry.label and entry.label.name == label and entry.event in _SETS]
    if not ours or ours[-1].event != "labeled":
        return
    # A run that the label itself started is about the head it was set on: GitHub says so in one event.
    starts = happened.label == label and ours[-1].at <= (happened.at or _LONG_AGO)
    since = max((entry.at for entry in timeline if entry.event == "head_ref_force_pushed"), default=_LONG_AGO)
    if ours[-1].at > (since if starts else _since(timeline, happened)):
        yield Approval(by=login_of(ours[-1].actor), how="by label, set by")


_SETS: Final = {"labeled", "unlabeled"}


def _words(timeline: Sequence[Entry], happened: Event, subjects: Sequence[str]) -> Iterator[Approval]:
    """A review names the commit it is of; a comment is of the head there was when it was made."""
    since = _since(timeline, happened)
    for entry in timeline:
        of_head = entry.event == "reviewed" and entry.commit_id == happened.commit and entry.state not in _NOT_SAID
        if of_head or (entry.event == "commented" and entry.at > since):
            yield from _command(entry, subjects)


_NOT_SAID: Final = {"dismissed", "pending"}


def _command(entry: Entry, subjects: Sequence[str]) -> Iterator[Approval]:
    """`/edgetpu-ci accept MODEL REASON`, or `*` for all: what is named otherwise might be a name misspelt."""
    first = (entry.body or "").strip().partition("\n")[0].strip()
    if not first.startswith(f"{COMMAND} "):
        return
    rest = first.removeprefix(COMMAND).strip().replace("`", "")
    named = next((name for name in sorted([EVERYTHING, *subjects], key=len, reverse=True) if _begins(rest, name)), None)
    reason = rest.removeprefix(named or "").lstrip(": ")
    if named and reason:
        how = "in a review by" if entry.event == "reviewed" else "in a comment by"
        subject = "" if named == EVERYTHING else named
        yield Approval(by=login_of(entry.user), how=how, subject=subject, reason=reason[:_LONGEST_REASON])


def _begins(text: str, name: str) -> bool:
    return text.startswith((f"{name} ", f"{name}: "))


def login_of(user: _User | None) -> str:
    """Who it was; GitHub has no user for an account that is gone."""
    return user.login if user else ""


def may_write(api: Api, login: str) -> bool:
    """Whether GitHub lets somebody write; apps have no such permission, and whoever is gone has none."""
    if not _LOGIN.fullmatch(login):
        return False
    try:
        found = api.send("GET", f"{api.repository}/collaborators/{login}/permission", _Permission)
    except MissingError:
        return False
    return found.permission in {"admin", "write"}
