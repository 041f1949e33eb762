"""Whom Alertmanager tells of an alert, as our own routing has it. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from edgetpu_ci.config import Config
from edgetpu_ci.config.alerting import Alerting, AlertRule
from edgetpu_ci.incidents import routing
from edgetpu_ci.notify import bind

Targets = tuple[str, ...]
"""Ways and addresses, such as "slack #ci": each once, in the order in which they hear."""

TOLD: Final = ("pagerduty", "slack")
"""The ways that Alertmanager has a receiver for.

A GitHub issue is none. Our webhook is signed, and has a body of its own: Alertmanager can neither sign nor write it.
"""


@dataclass(frozen=True)
class Hearing:
    """The alerts, and where each way of `notify` tells one."""

    alerting: Alerting
    rules: Sequence[AlertRule]
    addresses: routing.Addresses

    def at_once(self, rule: AlertRule) -> Targets:
        """Where an alert of a rule is told when it begins."""
        return _told(routing.targets(self.alerting, self.addresses, rule, _labels(rule)))

    def of_contacts(self, names: Iterable[str], rule: AlertRule) -> Targets:
        """Where contacts are told of an alert of a rule."""
        labels = _labels(rule)
        return _told(
            target for name in names for target in routing.said_to(name, self.alerting, self.addresses, "", labels)
        )


def place(settings: Config) -> str:
    """Where the ways stand by which Alertmanager tells."""
    return "observability.stack.notify" if settings.observability.stack.notify else "alerting.notify"


def alerting(settings: Config) -> Alerting:
    """The section `alerting`, with the ways by which Alertmanager tells."""
    own = settings.observability.stack.notify
    return replace(settings.alerting, notify=own) if own else settings.alerting


def of(settings: Config, rules: Sequence[AlertRule]) -> Hearing:
    """ConfigError for a way that is not known, or has other options."""
    told, where = alerting(settings), place(settings)
    bound = [bind(one, f"{where}[{number}]") for number, one in enumerate(told.notify)]
    return Hearing(told, rules, {one.use: one.address for one in bound})


def left_out(settings: Config) -> tuple[str, ...]:
    """The ways of `alerting.notify` that only a job of ours can take."""
    return tuple(one.use for one in settings.alerting.notify if one.use not in (*TOLD, "alertmanager"))


def _labels(rule: AlertRule) -> dict[str, str]:
    return {"alertname": rule.name, "severity": rule.severity, "priority": rule.priority}


def _told(targets: Iterable[str]) -> Targets:
    return tuple(dict.fromkeys(target for target in targets if target.partition(" ")[0] in TOLD))
