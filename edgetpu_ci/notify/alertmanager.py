"""An Alertmanager of one's own: it gets the alerts, and groups, routes, repeats and silences them itself."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from edgetpu_ci import codec
from edgetpu_ci.config import durations
from edgetpu_ci.errors import ConfigError, DeliveryError, DeniedError, DocumentError
from edgetpu_ci.incidents.record import Acknowledged, Incident, Notice, Receipt
from edgetpu_ci.notify import silences
from edgetpu_ci.notify.post import Letter, post
from edgetpu_ci.render import alertmanager
from edgetpu_ci.supply import web
from edgetpu_ci.transport.answer import Answer
from edgetpu_ci.transport.plain import Plain, told
from edgetpu_ci.world import World

FADES: Final = True
"""What was said is over after `hold` unless it is said again."""

_ALERTS: Final = "/api/v2/alerts"
_STATUS: Final = "/api/v2/status"
_GOOD: Final = 200


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where it is, the variable with a bearer `token` if it wants one, and how long an alert lasts unseen.

    `hold` must be longer than the longest time between two runs, or Alertmanager takes alerts for resolved meanwhile.
    """

    url: str
    token: str = ""
    hold: str = "3 days"


def check(options: Options, world: World) -> None:
    """ConfigError for what is no address or no time, and a token that is not set."""
    if fault := _fault(options.url):
        raise ConfigError(fault)
    if not durations.time(options.hold, "`hold` of alertmanager"):
        raise ConfigError("`hold` of alertmanager is no time at all; give one longer than between two runs.")
    if options.token and not world.env.get(options.token):
        raise ConfigError(f"{options.token} is not set; it holds the token for Alertmanager.")


def address(options: Options, labels: dict[str, str], channel: str) -> str:  # noqa: ARG001 - as all notifiers have it
    """The Alertmanager; its own routes do the rest."""
    return options.url.rstrip("/")


def tell(options: Options, notice: Notice, world: World) -> Receipt:
    """All alerts of the incident as they are now; Alertmanager knows them by their labels."""
    if fault := _fault(notice.address):
        raise DeniedError(fault)
    alerts = alertmanager.posted(notice, world.now(), durations.time(options.hold, "`hold` of alertmanager"))
    token = world.env.get(options.token, "").strip()
    letter = Letter(
        to=f"Alertmanager at {web.host(notice.address)}",
        url=notice.address + _ALERTS,
        data=msgspec.json.encode(alerts),
        headers=_open(token),
        secrets=(token,),
    )
    if alerts:
        post(letter, world, _words)
    return Receipt(ref=notice.address, at=world.now(), said=notice.incident.change)


def reach(options: Options, world: World) -> str:
    """Ask for its status."""
    to = Plain(f"Alertmanager at {web.host(options.url)}", world)
    token = world.env.get(options.token, "").strip()
    answer = to.patiently(lambda: to.get(address(options, {}, "") + _STATUS, _open(token)))
    if answer.status != _GOOD:
        raise DeliveryError(f"Alertmanager at {web.host(options.url)} {told(answer)}.")
    return "it tells its status"


def _fault(url: str) -> str:
    """Why a text is no address of an Alertmanager; empty when it is."""
    if "@" in url:
        return "The address of an Alertmanager has a password in it; give a `token` instead, it stays secret."
    if not web.host(url):
        return f'"{url}" is no address of an Alertmanager; give one like http://alertmanager:9093.'
    return ""


def _open(token: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def _words(answer: Answer) -> str:
    """It complains with a text, and of what fits no schema with a record."""
    try:
        return codec.decode_json(answer.data, str, "")
    except DocumentError:
        return answer.words


def answers(options: Options, incidents: Sequence[Incident], world: World) -> Sequence[Acknowledged]:
    """A silence of all alerts of an incident is an acknowledgement."""
    token = world.env.get(options.token, "").strip()
    urls = sorted({url for incident in incidents for url in _told(incident)})
    kept = {url: silences.since(url, _open(token), world) for url in urls}
    return [
        found
        for incident in incidents
        for url in _told(incident)
        if (found := silences.acknowledged(incident, kept[url], web.host(url)))
    ]


def _told(incident: Incident) -> list[str]:
    """The Alertmanagers that were told of it."""
    return [receipt.ref for target, receipt in incident.receipts.items() if target.startswith("alertmanager ")]
