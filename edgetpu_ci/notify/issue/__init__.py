"""An incident as a GitHub issue that anyone can acknowledge: opened, kept up to date, closed when it is over.

Opening takes four requests (look, labels, create, look again) and one for each label that is missing; what has not
changed takes the look alone. Needs `issues: write`.
"""

import re
from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta, Struct

from edgetpu_ci.errors import ConfigError, DeniedError, GoneError
from edgetpu_ci.github_api import Api
from edgetpu_ci.incidents.record import Acknowledged, Incident, Notice, Receipt
from edgetpu_ci.notify.issue import timeline
from edgetpu_ci.notify.issue.tracker import Labels, Tracker
from edgetpu_ci.render import incident as text
from edgetpu_ci.world import World

NEEDS: Final = "issues: write"
LATER: Final = "the next run says it"

Label = Annotated[str, Meta(pattern=r"^[^,\s][^,\n]{0,48}[^,\s]$")]

_REPOSITORY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}")
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


def check(options: Options, world: World) -> None:
    """ConfigError where there is no repository, no token, or one label for two things."""
    if options.label.casefold() == options.acknowledged.casefold():
        raise ConfigError(
            "`use: issue` has one name for `label` and `acknowledged`; with it every incident would be acknowledged."
        )
    _api(world.env.get("GITHUB_REPOSITORY", ""), world)


def address(options: Options, labels: dict[str, str], channel: str) -> str:
    """The repository it is of."""
    del options, channel
    return labels.get("repo", "")


def fault(options: Options, address: str, world: World) -> str:
    """Why an address is neither a repository nor somebody to mention; empty where it is."""
    del options, world
    if text.MENTION.fullmatch(address) or _REPOSITORY.fullmatch(address):
        return ""
    return f'"{address}" is no address of issues; give a repository (owner/name), or @login or @org/team to mention.'


def tell(options: Options, notice: Notice, world: World) -> Receipt:
    """Open the issue or bring it up to date, and say in a comment what people are to be notified of.

    An address is a repository ("acme/incidents"), or a person or team of the incident's own, who is mentioned. An issue
    that is closed stays closed: a new incident has a new issue.
    """
    repository = where(notice.address, notice.incident)
    severity = f"{options.severity}{notice.incident.severity}" if options.severity else ""
    labels = Labels(options.label, options.acknowledged, severity)
    try:
        api = _api(repository, world)
        return _tell(Tracker(notice, labels, api.author(options.author), api, world), notice, world)
    except GoneError:
        raise DeniedError(
            f"{repository} has no issues: switch them on in its settings, or do without `use: issue`."
        ) from None


def answers(options: Options, incidents: Sequence[Incident], world: World) -> Sequence[Acknowledged]:
    """Who acknowledged an incident by label or comment, or closed its issue.

    A request for each repository with issues of them, and one for each issue that was closed, labelled or commented.
    """
    found: list[Acknowledged] = []
    for repository, numbered in timeline.told(incidents, where).items():
        api = _api(repository, world)
        found += timeline.read(api, numbered, options.label, options.acknowledged)
    return found


def where(address: str, incident: Incident) -> str:
    """The repository an issue lies in; a mention is of the incident's own."""
    return incident.labels.get("repo", "") if text.MENTION.fullmatch(address) else address


def _api(repository: str, world: World) -> Api:
    return Api(repository, world, NEEDS, LATER)


def _tell(issues: Tracker, notice: Notice, world: World) -> Receipt:
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
