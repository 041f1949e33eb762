"""What people did on the issues of open incidents: acknowledged by label or comment, or closed."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

from msgspec import Struct

from edgetpu_ci import approval
from edgetpu_ci.approval import Entry
from edgetpu_ci.github_api import Api
from edgetpu_ci.incidents.record import Acknowledged, Incident

Numbered = Mapping[int, Incident]
"""Incidents by the numbers of their issues."""

_COMMAND: Final = re.compile(r"/ack(nowledge)?\b", re.IGNORECASE)
_INSIDE: Final = {"OWNER", "MEMBER", "COLLABORATOR"}
_MOST_STRANGERS: Final = 10
_AGO: Final = timedelta(hours=1)
_WITH_COMMENT: Final = timedelta(minutes=1)
_LONGEST_REASON: Final = 200


class _Label(Struct, frozen=True):
    name: str = ""


class _Listed(Struct, frozen=True):
    number: int
    state: str = "open"
    comments: int = 0
    labels: tuple[_Label, ...] = ()


def told(incidents: Sequence[Incident], where: Callable[[str, Incident], str]) -> dict[str, dict[int, Incident]]:
    """By repository, the issues that incidents have; `where` an address lies."""
    found: dict[str, dict[int, Incident]] = defaultdict(dict)
    for incident in incidents:
        for target, receipt in incident.receipts.items():
            way, _, address = target.partition(" ")
            if way == "issue" and receipt.ref.isdecimal():
                found[where(address, incident)][int(receipt.ref)] = incident
    return dict(found)


def read(api: Api, issues: Numbered, label: str, acknowledged: str) -> Iterator[Acknowledged]:
    """What is new on these issues: a list, and the timeline of each on which something may be.

    DeniedError or DeliveryError when GitHub does not tell.
    """
    since = min(incident.opened_at for incident in issues.values()) - _AGO
    query = {"labels": label, "state": "all", "since": f"{since:%Y-%m-%dT%H:%M:%SZ}"}
    for listed in api.pages(f"{api.repository}/issues", _Listed, query):
        incident = issues.get(listed.number)
        if incident and _may_tell(listed, incident, acknowledged):
            timeline = list(api.pages(f"{api.repository}/issues/{listed.number}/timeline", Entry, {}))
            yield from _answers(api, listed, incident, timeline, acknowledged)


def _may_tell(listed: _Listed, incident: Incident, acknowledged: str) -> bool:
    labelled = any(label.name.casefold() == acknowledged.casefold() for label in listed.labels)
    return listed.state == "closed" or (not incident.acknowledged_at and (labelled or listed.comments > 0))


def _answers(
    api: Api, listed: _Listed, incident: Incident, timeline: Sequence[Entry], acknowledged: str
) -> Iterator[Acknowledged]:
    def answer(entry: Entry, by: str, how: str, over: str = "") -> Acknowledged:
        place = f"{how} #{listed.number}"
        return Acknowledged(key=incident.key, number=incident.number, by=by, at=entry.at, how=place, over=over)

    if not incident.acknowledged_at:
        yield from (answer(entry, by, "a label on") for entry, by in _labelled(timeline, acknowledged))
        yield from (answer(entry, by, "a comment on") for entry, by in _commented(api, timeline))
    if listed.state == "closed":
        yield from (answer(entry, by, "closing", _reason(entry, by, timeline)) for entry, by in _closed(timeline))


def _labelled(timeline: Sequence[Entry], name: str) -> Iterator[tuple[Entry, str]]:
    """Who set the label that is there: GitHub lets only those who may triage."""
    ours = [entry for entry in timeline if entry.label and entry.label.name.casefold() == name.casefold()]
    yield from _by_people(ours[-1:], "labeled")


def _closed(timeline: Sequence[Entry]) -> Iterator[tuple[Entry, str]]:
    yield from _by_people([entry for entry in timeline if entry.event in {"closed", "reopened"}][-1:], "closed")


def _by_people(entries: Sequence[Entry], event: str) -> Iterator[tuple[Entry, str]]:
    """Programs, ours among them, take care of nothing."""
    for entry in entries:
        by = approval.login_of(entry.actor)
        if entry.event == event and by and not by.endswith("[bot]"):
            yield entry, by


def _commented(api: Api, timeline: Sequence[Entry]) -> Iterator[tuple[Entry, str]]:
    """The first who said so and may write to the repository: anyone can comment."""
    said: dict[str, Entry] = {}
    for entry in timeline:
        if entry.event == "commented" and _COMMAND.match((entry.body or "").strip()):
            said.setdefault(approval.login_of(entry.user), entry)
    # GitHub shows members who hide it as strangers; of strangers a crowd may come.
    strangers = [by for by, entry in said.items() if entry.author_association not in _INSIDE][_MOST_STRANGERS:]
    for by in [by for by in said if by not in strangers]:
        if approval.may_write(api, by):
            yield said[by], by
            return


def _reason(closed: Entry, by: str, timeline: Sequence[Entry]) -> str:
    """Why, as GitHub has it, and in the words of a comment that was made with it."""
    words = [
        " ".join((entry.body or "").split())
        for entry in timeline
        if entry.event == "commented" and approval.login_of(entry.user) == by and _is_with(entry, closed)
    ]
    how = (closed.state_reason or "closed").replace("_", " ")
    return ": ".join([how, *words[-1:]])[:_LONGEST_REASON]


def _is_with(entry: Entry, closed: Entry) -> bool:
    return abs(entry.at - closed.at) < _WITH_COMMENT
