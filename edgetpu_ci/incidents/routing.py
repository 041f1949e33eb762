"""Where an alert is said: by its level, its channel, and who is told at once. Pure."""

from collections.abc import Callable, Iterator, Mapping

from edgetpu_ci.config import checking
from edgetpu_ci.config.alerting import Alerting, AlertRule

Addresses = Mapping[str, Callable[[dict[str, str], str], str]]
"""Of each way of `notify`, where an alert with such labels and such a channel goes; empty where nowhere."""


def targets(alerting: Alerting, addresses: Addresses, rule: AlertRule, labels: dict[str, str]) -> tuple[str, ...]:
    """Where it is said when it begins, such as "slack #dev-quality"; each once.

    That is what `routing` says of its level, its own channel, and whoever the matrix names `immediate`.
    """
    names = checking.hearers(alerting, rule)
    found = (target for name in names for target in said_to(name, alerting, addresses, rule.channel, labels))
    return tuple(dict.fromkeys(found))


def said_to(name: str, alerting: Alerting, addresses: Addresses, channel: str, labels: dict[str, str]) -> Iterator[str]:
    """What a name of the table means: a contact, a way, or all of them. A way that is not in `notify` is none."""
    for way, address in alerting.contacts.get(name, {}).items():
        if way in addresses:
            yield f"{way} {address}"
    for way in addresses if name == checking.ALL else [name]:
        if way in addresses and (address := addresses[way](labels, channel)):
            yield f"{way} {address}"
