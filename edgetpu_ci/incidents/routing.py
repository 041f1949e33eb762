"""Where an alert is said: by its level, its channel, and who is told at once. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Final

from edgetpu_ci.config import checking, matrix
from edgetpu_ci.config.alerting import Alerting, AlertRule, default_routing

Addresses = Mapping[str, Callable[[dict[str, str], str], str]]
"""Of each way of `notify`, where an alert with such labels and such a channel goes; empty where nowhere."""

_HAS_CHANNELS: Final = "slack"


def targets(alerting: Alerting, addresses: Addresses, rule: AlertRule, labels: dict[str, str]) -> tuple[str, ...]:
    """Where it is said when it begins, such as "slack #dev-quality"; each once.

    That is what `routing` says of its level, its own channel, and whoever the matrix names `immediate`.
    """
    level = alerting.routing.get(rule.severity, default_routing()[rule.severity])
    names = [*level, *([_HAS_CHANNELS] if rule.channel else []), *_at_once(alerting, rule.priority)]
    found = (target for name in names for target in said_to(name, alerting, addresses, rule.channel, labels))
    return tuple(dict.fromkeys(found))


def of_contact(alerting: Alerting, name: str) -> tuple[str, ...]:
    """Where a contact is told: each way it has an address for."""
    return tuple(f"{way} {address}" for way, address in alerting.contacts.get(name, {}).items())


def _at_once(alerting: Alerting, priority: str) -> Iterable[str]:
    return (name for rung in matrix.ladder(alerting, priority) if rung.after == timedelta(0) for name in rung.contacts)


def said_to(name: str, alerting: Alerting, addresses: Addresses, channel: str, labels: dict[str, str]) -> Iterator[str]:
    """What a name of the table means: a contact, a way, or all of them. A way that is not in `notify` is none."""
    yield from of_contact(alerting, name)
    for way in addresses if name == checking.ALL else [name]:
        if way in addresses and (address := addresses[way](labels, channel)):
            yield f"{way} {address}"
