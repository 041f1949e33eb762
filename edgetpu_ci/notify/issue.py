"""An incident as a GitHub issue that anyone can acknowledge: opened, kept up to date, closed when it is over.

Opening takes four requests (look, labels, create, look again) and one for each label that is missing; what has not
changed takes the look alone. Needs `issues: write`.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Final

from msgspec import Meta, Struct

from edgetpu_ci.errors import DeliveryError, DeniedError, GoneError, MissingError
from edgetpu_ci.github_api import PER_PAGE, Api
from edgetpu_ci.incidents.record import Acknowledged, Incident, Notice, Receipt
from edgetpu_ci.notify import issue_timeline
from edgetpu_ci.render import incident as text
from edgetpu_ci.world import World

NEEDS: Final = "issues: write"
LATER: Final = "the next run says it"

Label = Annotated[str, Meta(pattern=r"^[^,\s][^,\n]{0,48}[^,\s]$")]

_COLOURS: Final = ("b60205", "0e8a16", "d93f0b")
_NOTIFIES: Final = {"escalated", "acknowledged", "resolved"}
_CALLS: Final = {"opened", "escalated"}


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How issues of incidents are marked.

    `label` is that of every one, as `incident_label` of `use: compliance` looks for it. Who sets `acknowledged` on one
    takes it on. `severity` and how grave it is are its third label; nothing: none. `author` is the login the token
    writes as: needed only for a GitHub App of one's own.
    """

    label: Label = "incident"
    acknowledged: Label = "acknowledged"
    severity: Annotated[str, Meta(pattern=r"^[^,\n]{0,40}$")] = "severity: "
    author: str = ""

    def labels(self, severity: str) -> tuple[str, ...]:
        """Those of an issue from its beginning."""
        return (self.label, *([f"{self.severity}{severity}"] if self.severity else []))


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
    pull_request: dict[str, object] | None = None


class _Comment(Struct, frozen=True):
    body: str | None = None
    user: _Named | None = None


def check(options: Options, world: World) -> None:
    """ConfigError where there is no repository, no token, or one label for two things."""
    del options
    _api(world.env.get("GITHUB_REPOSITORY", ""), world)


def address(options: Options, labels: dict[str, str], channel: str) -> str:
    """The repository it is of."""
    del options, channel
    return labels.get("repo", "")


def tell(options: Options, notice: Notice, world: World) -> Receipt:
    """Open the issue or bring it up to date, and say in a comment what people are to be notified of.

    An address is a repository ("acme/incidents"), or a person or team of the incident's own, who is mentioned. An issue
    that is closed stays closed: a new incident has a new issue.
    """
    repository = where(notice.address, notice.incident)
    try:
        return _tell(_Issues(options, notice, _api(repository, world), world), notice, world)
    except GoneError:
        raise DeniedError(
            f"{repository} has no issues: switch them on in its settings, or do without `use: issue`."
        ) from None


def answers(options: Options, incidents: Sequence[Incident], world: World) -> Sequence[Acknowledged]:
    """Who acknowledged an incident by label or comment, or closed its issue.

    A request for each repository with issues of them, and one for each issue that was closed, labelled or commented.
    """
    found: list[Acknowledged] = []
    for repository, numbered in issue_timeline.told(incidents, where).items():
        api = _api(repository, world)
        found += issue_timeline.read(api, numbered, options.label, options.acknowledged)
    return found


def where(address: str, incident: Incident) -> str:
    """The repository an issue lies in; a mention is of the incident's own."""
    return incident.labels.get("repo", "") if text.MENTION.fullmatch(address) else address


def _api(repository: str, world: World) -> Api:
    return Api(repository, world, NEEDS, LATER)


def _tell(issues: "_Issues", notice: Notice, world: World) -> Receipt:
    shown = issues.known() or issues.listed()
    if shown is None and notice.incident.is_open:
        shown = issues.open()
    if shown is None:
        return Receipt(ref="", at=world.now(), said=notice.intent.change)
    issues.renew(shown)
    if _is_said(notice):
        issues.comment(shown)
    return Receipt(ref=str(shown.number), at=world.now(), said=notice.intent.change)


def _is_said(notice: Notice) -> bool:
    """Whether people are notified: once of the incident, and whoever is mentioned when called."""
    kinds = _CALLS if text.MENTION.fullmatch(notice.address) else _NOTIFIES
    return notice.intent.kind in kinds


class _Issues:
    """The issues of ours in one repository, as one incident needs them."""

    def __init__(self, options: Options, notice: Notice, api: Api, world: World) -> None:
        self._options = options
        self._notice = notice
        self._incident = notice.incident
        self._api = api
        self._world = world
        self._author = api.author(options.author)
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
        return found if here and self._is_ours(found) else None

    def listed(self) -> _Issue | None:
        """The oldest of ours among the newest hundred incidents; others are left over from a race."""
        query = {"labels": self._options.label, "state": "all", "sort": "created", "per_page": PER_PAGE}
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
        body = text.issue(self._incident, self._notice.context, earlier=self._before, label=self._options.acknowledged)
        labels = self._options.labels(self._incident.severity)
        new = {"title": text.title(self._incident), "body": body, "labels": labels}
        created = self._api.send("POST", self._issues, _Issue, body=new)
        if not self._is_by_us(created.user):
            login = created.user.login if created.user else "nobody"
            self._world.warn(f"The token opens issues as {login}: set `author: {login}` under `use: issue`.")
        return self.listed() or created

    def renew(self, shown: _Issue) -> None:
        """Bring it up to date, and close it when it is over; nothing is sent where nothing changed."""
        old = shown.body or ""
        body = text.renewed(old, self._incident, self._notice.context, label=self._options.acknowledged)
        change: dict[str, str] = {} if body == old else {"body": body}
        if shown.state == "open" and not self._incident.is_open:
            change |= {"state": "closed", "state_reason": "completed"}
        if change:
            self._api.send("PATCH", f"{self._issues}/{shown.number}", _Issue, body=change)
        if self._incident.is_open and self._incident.acknowledged_at and not self._has_acknowledged(shown):
            body_of_labels = {"labels": [self._options.acknowledged]}
            self._api.ask("POST", f"{self._issues}/{shown.number}/labels", body=body_of_labels)

    def comment(self, shown: _Issue) -> None:
        """Say it, unless a job that never told did so before."""
        intent, place = self._notice.intent, f"{self._issues}/{shown.number}/comments"
        if self._notice.perhaps and any(self._says(one) for one in self._api.pages(place, _Comment, {})):
            return
        said = text.comment(self._incident, intent.id, intent.kind, intent.text, self._notice.address)
        self._api.send("POST", place, _Comment, body={"body": said})

    def _says(self, comment: _Comment) -> bool:
        first = (comment.body or "").partition("\n")[0].strip()
        return first == text.said(self._notice.intent.id) and self._is_by_us(comment.user)

    def _has_acknowledged(self, shown: _Issue) -> bool:
        return any(label.name.casefold() == self._options.acknowledged.casefold() for label in shown.labels)

    def _is_ours(self, one: _Issue) -> bool:
        """With our marker and our name: anyone can write the marker, and a form may set the label."""
        first = (one.body or "").partition("\n")[0].strip()
        return first == self._marker and self._is_by_us(one.user) and one.pull_request is None

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
        wanted = (self._options.label, self._options.acknowledged, *self._options.labels(self._incident.severity)[1:])
        about = ("Something is wrong, across runs", "Somebody takes care of it", "How grave an incident is")
        for name, colour, description in zip(wanted, _COLOURS, about, strict=False):
            if name.casefold() not in known:
                # Another job may have been faster; and GitHub makes those of the issue itself, if without a meaning.
                with suppress(DeliveryError):
                    label = {"name": name, "color": colour, "description": description}
                    self._api.ask("POST", place, body=label)
