"""PagerDuty: an incident is one alert there, opened, acknowledged and resolved by events."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct, field

from edgetpu_ci import codec
from edgetpu_ci.config.step import Variable
from edgetpu_ci.errors import ConfigError, DeliveryError, DeniedError, DocumentError
from edgetpu_ci.incidents.record import Acknowledged, Incident, Kind, Notice, Receipt
from edgetpu_ci.model import Report
from edgetpu_ci.notify import on_call
from edgetpu_ci.notify.post import SECONDS, Letter, post
from edgetpu_ci.render import pagerduty
from edgetpu_ci.render.pagerduty import Action, Event
from edgetpu_ci.supply import web
from edgetpu_ci.transport.answer import Answer
from edgetpu_ci.transport.plain import Plain, told
from edgetpu_ci.world import World

DEFAULT: Final = "default"
ENQUEUE: Final = "/v2/enqueue"

_KEY: Final = 32
_MARK: Final = 12
_OF_RULESETS: Final = "R"
_NO_EVENT: Final = 400
_CHANGES: Final = "/v2/change/enqueue"
_ACTIONS: Final[Mapping[Kind, Action]] = {
    "opened": "trigger",
    "updated": "trigger",
    "escalated": "trigger",
    "acknowledged": "acknowledge",
    "resolved": "resolve",
}


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where alerts go by their priority, and what PagerDuty is told and asked beside.

    `routing_keys` has the names of the variables with integration keys: of priorities ("p0" is that of "p0_critical"
    too), and `default`. `url` is https://events.eu.pagerduty.com for accounts in Europe. `changes` tells of runs of the
    main line as change events, which notify nobody. `token` names the variable with a REST API token that may read
    incidents, to know who acknowledged; without it nobody asks.
    """

    routing_keys: dict[str, Variable] = field(default_factory=lambda: {DEFAULT: "PAGERDUTY_ROUTING_KEY"})
    url: str = "https://events.pagerduty.com"
    changes: bool = False
    token: str = ""


def check(options: Options, world: World) -> None:
    """ConfigError for keys that are not set or cannot be any, and an address that would show them to others."""
    if DEFAULT not in options.routing_keys:
        raise ConfigError("`routing_keys` of pagerduty has no `default`, for alerts of all other priorities.")
    if not _is_safe(options.url):
        raise ConfigError(f'"{options.url}" is no address for pagerduty; give one with https://.')
    for variable in _variables(options):
        if found := fault(options, variable, world):
            raise ConfigError(found)
        if options.changes and world.env[variable].strip().startswith(_OF_RULESETS):
            raise ConfigError(f"{variable} has the key of a ruleset, which takes no `changes`; give that of a service.")
    if options.token and not world.env.get(options.token):
        raise ConfigError(f"{options.token} is not set; it holds the token to read PagerDuty's incidents with.")


def _is_safe(url: str) -> bool:
    """Whether nobody on the way reads what is sent there."""
    host = web.host(url)
    return bool(host) and (urlsplit(url).scheme == "https" or host in {"127.0.0.1", "::1", "localhost"})


def address(options: Options, labels: dict[str, str], channel: str) -> str:  # noqa: ARG001 - as all notifiers have it
    """The variable with the key for the alert's priority."""
    priority = labels.get("priority", "")
    known = options.routing_keys
    return known.get(priority) or known.get(priority.partition("_")[0]) or known[DEFAULT]


def tell(options: Options, notice: Notice, world: World) -> Receipt:
    """An event under the incident's key; of an update nothing is sent, it could page again what was closed by hand."""
    if notice.earlier and notice.intent.kind == "updated":
        return notice.earlier
    variable = notice.address
    key = _key(options, variable, world)
    receipt = Receipt(ref=f"{variable} {_mark(key)}", at=world.now(), said=notice.incident.change)
    action = _ACTIONS[notice.intent.kind]
    if notice.earlier and notice.earlier.ref != receipt.ref:
        _renewed(variable, notice, action, world)
    _send(options, ENQUEUE, pagerduty.event(notice, action, key), world)
    if notice.intent.kind == "opened" and notice.incident.acknowledged_at:
        # Taken on before it could be told: it is on record there, and pages nobody on.
        _send(options, ENQUEUE, pagerduty.event(notice, "acknowledge", key), world)
    return receipt


def reach(options: Options, world: World) -> str:
    """Send an event that is none: it is refused as such, opens nothing, and says nothing of the routing keys."""
    to = Plain("PagerDuty", world)
    headers = {"Content-Type": "application/json"}
    answer = to.patiently(lambda: to.post(base(options) + ENQUEUE, b"{}", headers, SECONDS))
    if answer.status != _NO_EVENT:
        raise DeliveryError(f"PagerDuty {told(answer)}, where it should have refused an empty event.")
    return "it answers"


def changed(options: Options, report: Report, labels: Mapping[str, str], world: World) -> None:
    """Tell each service of a run of the main line, if `changes`; DeliveryError where it did not take it."""
    run = report.run
    if not options.changes or run.aside or run.pull_request is not None:
        return
    for key in sorted({_key(options, variable, world) for variable in _variables(options)}):
        _send(options, _CHANGES, pagerduty.change(report, labels, key), world)


def _variables(options: Options) -> list[str]:
    return sorted(set(options.routing_keys.values()))


def _key(options: Options, variable: str, world: World) -> str:
    if found := fault(options, variable, world):
        raise DeniedError(found)
    return world.env[variable].strip()


def fault(options: Options, address: str, world: World) -> str:  # noqa: ARG001 - as all notifiers have it
    """Why a variable holds no key, as a sentence; empty when it may."""
    key = world.env.get(address, "").strip()
    if not key:
        return f"{address} is not set; it holds the integration key of a PagerDuty service."
    if len(key) != _KEY or not (key.isascii() and key.isalnum()):
        return f"{address} holds no integration key of PagerDuty: that has {_KEY} letters and digits."
    return ""


def _mark(key: str) -> str:
    """By which a key is known again, and not guessed: it has 32 random digits."""
    return sha256(key.encode()).hexdigest()[:_MARK]


def _renewed(variable: str, notice: Notice, action: Action, world: World) -> None:
    """The alert was opened with another key, and only with that would PagerDuty find it."""
    by_hand = f"close by hand in PagerDuty what was opened with it (dedup_key {notice.incident.key})"
    said = f"{variable} has another key than when {notice.incident.name} was opened"
    if action != "trigger":
        raise DeniedError(f"{said}; {by_hand}.")
    world.warn(f"warning: {said}, so it is opened anew; {by_hand}.")


def _send(options: Options, path: str, event: Event, world: World) -> None:
    data = msgspec.json.encode(event)
    post(Letter(to="PagerDuty", url=base(options) + path, data=data, secrets=(event.routing_key,)), world, _words)


def base(options: Options) -> str:
    """The address of the service, whose paths take events."""
    return options.url.rstrip("/").removesuffix(ENQUEUE)


class _Complaint(Struct):
    message: str = ""
    errors: tuple[str, ...] = ()


def _words(answer: Answer) -> str:
    try:
        said = codec.decode_json(answer.data, _Complaint, "PagerDuty's answer")
    except DocumentError:
        return ""
    return ": ".join(part for part in (said.message, "; ".join(said.errors)) if part)


def answers(options: Options, incidents: Sequence[Incident], world: World) -> Sequence[Acknowledged]:
    """Which of these somebody acknowledged in PagerDuty."""
    if not options.token:
        return ()
    told = [one for one in incidents if any(target.startswith("pagerduty ") for target in one.receipts)]
    return [found for one in told for found in on_call.acknowledged(base(options), options.token, one, world)]
