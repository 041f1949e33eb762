"""The issues of incidents in one repository: found, opened, edited, commented, labelled."""

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from msgspec import Struct

from edgetpu_ci.errors import DeliveryError, MissingError
from edgetpu_ci.github_api import PER_PAGE, Api
from edgetpu_ci.incidents.record import Notice
from edgetpu_ci.render import incident as text
from edgetpu_ci.world import World

_LOOKS: Final = (
    ("b60205", "Something is wrong, across runs"),
    ("0e8a16", "Somebody takes care of it"),
    ("d93f0b", "How grave an incident is"),
)
"""Colours and meanings of the labels, in order."""


class Labels(NamedTuple):
    """The labels of an issue: of every incident, of one somebody has taken on, and of how grave it is (empty: none)."""

    incident: str
    acknowledged: str
    severity: str


class _Named(Struct, frozen=True):
    name: str = ""
    login: str = ""


class _Issue(Struct, frozen=True):
    number: int
    state: str = "open"
    body: str | None = None
    labels: tuple[_Named, ...] = ()
    user: _Named | None = None
    repository_url: str = ""


class _Comment(Struct, frozen=True):
    body: str | None = None
    user: _Named | None = None


class Tracker:
    """The issues of ours in one repository, as one incident needs them; `author` is the login we write as."""

    def __init__(self, notice: Notice, labels: Labels, author: str, api: Api, world: World) -> None:
        self._notice = notice
        self._incident = notice.incident
        self._api = api
        self._world = world
        self._labels = labels
        self._author = author
        self._issues = f"{api.repository}/issues"
        self._marker = text.marker(self._incident.key, self._incident.number)
        self._before: int | None = None

    def known(self) -> _Issue | None:
        """The one we have a receipt of, if it is still there, and ours."""
        ref = self._notice.earlier.ref if self._notice.earlier else ""
        if not re.fullmatch(r"\d{1,12}", ref):
            return None
        try:
            found = self._api.send("GET", f"{self._issues}/{ref}", _Issue)
        except MissingError:
            return None
        # Somebody may have moved it elsewhere: what is there is not ours to write.
        here = found.repository_url.casefold().endswith(self._api.repository.casefold())
        return found if here and self._is_by_us(found.user) else None

    def listed(self) -> _Issue | None:
        """The oldest of ours among the newest hundred incidents; others are left over from a race."""
        query = {"labels": self._labels.incident, "state": "all", "sort": "created", "per_page": PER_PAGE}
        found = self._api.send("GET", self._issues, list[_Issue], query={**query, "direction": "desc"})
        ours = sorted((one for one in found if self._is_ours(one)), key=lambda one: one.number)
        before = [one.number for one in found if self._is_before(one, ours)]
        self._before = max(before, default=None)
        for other in ours[1:]:
            self._withdraw(other, ours[0])
        return ours[0] if ours else None

    def open(self) -> _Issue:
        """A new one, or that of a job that was faster."""
        self._make_labels()
        body = text.issue(self._incident, self._notice.context, earlier=self._before, label=self._labels.acknowledged)
        labels = list(filter(None, (self._labels.incident, self._labels.severity)))
        new = {"title": text.title(self._incident), "body": body, "labels": labels}
        created = self._api.send("POST", self._issues, _Issue, body=new)
        if not self._is_by_us(created.user):
            login = created.user.login if created.user else "nobody"
            self._world.warn(f"warning: The token opens issues as {login}: set `author: {login}` under `use: issue`.")
        return self.listed() or created

    def renew(self, shown: _Issue) -> None:
        """Bring it up to date, and close it when it is over; nothing is sent where nothing changed."""
        old = shown.body or ""
        body = text.renewed(old, self._incident, self._notice.context, label=self._labels.acknowledged)
        change: dict[str, str] = {} if body == old else {"body": body}
        if shown.state == "open" and not self._incident.is_open:
            change |= {"state": "closed", "state_reason": "completed"}
        if change:
            self._api.send("PATCH", f"{self._issues}/{shown.number}", _Issue, body=change)
        if self._incident.is_open and self._incident.acknowledged_at and not self._has_acknowledged(shown):
            body_of_labels = {"labels": [self._labels.acknowledged]}
            self._api.ask("POST", f"{self._issues}/{shown.number}/labels", body=body_of_labels)

    def comment(self, shown: _Issue) -> None:
        """Say it, unless a job that never told did so before."""
        intent, place = self._notice.intent, f"{self._issues}/{shown.number}/comments"
        if self._notice.perhaps and any(self._says(one) for one in self._api.pages(place, _Comment, {})):
            return
        said = text.comment(self._incident, intent.id, intent.kind, intent.text, self._notice.address)
        self._api.post(place, {"body": said})

    def _says(self, comment: _Comment) -> bool:
        first = (comment.body or "").partition("\n")[0].strip()
        return first == text.said(self._notice.intent.id) and self._is_by_us(comment.user)

    def _has_acknowledged(self, shown: _Issue) -> bool:
        return any(label.name.casefold() == self._labels.acknowledged.casefold() for label in shown.labels)

    def _is_ours(self, one: _Issue) -> bool:
        """With our marker and our name: anyone can write the marker, and a form may set the label."""
        return self._marker in (one.body or "").splitlines() and self._is_by_us(one.user)

    def _is_before(self, one: _Issue, ours: Sequence[_Issue]) -> bool:
        """Whether it is of an incident of the same key, opened before this one."""
        older = not ours or one.number < ours[0].number
        return older and text.of_key(self._incident.key, one.body or "") and self._is_by_us(one.user)

    def _is_by_us(self, user: _Named | None) -> bool:
        return user is not None and user.login.casefold() == self._author.casefold()

    def _withdraw(self, other: _Issue, keep: _Issue) -> None:
        """Two jobs opened one at once: the oldest stays, in every job's eyes."""
        said = f"Two jobs opened this at once: see #{keep.number}."
        gone = {"body": said, "labels": [], "state": "closed", "state_reason": "not_planned"}
        self._api.send("PATCH", f"{self._issues}/{other.number}", _Issue, body=gone)

    def _make_labels(self) -> None:
        """Those that are missing, with what they mean: nobody can choose a label that is not there."""
        place = f"{self._api.repository}/labels"
        known = {label.name.casefold() for label in self._api.pages(place, _Named, {})}
        for name, (colour, description) in zip(self._labels, _LOOKS, strict=True):
            if name and name.casefold() not in known:
                # Another job may have been faster; and GitHub makes those of the issue itself, if without a meaning.
                with suppress(DeliveryError):
                    label = {"name": name, "color": colour, "description": description}
                    self._api.ask("POST", place, body=label)
