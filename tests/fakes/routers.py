"""Our router, as a job of ours asks it, and routers that are wrong."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from msgspec.structs import replace

from edgetpu_ci import config
from edgetpu_ci.config import Config
from edgetpu_ci.config.alerting import Alerting, AlertRule
from edgetpu_ci.incidents import escalation, muting, routing
from edgetpu_ci.incidents.record import Book
from edgetpu_ci.notify import bind
from edgetpu_ci.stack import hearing
from edgetpu_ci.stack.escalation import LABEL, label
from tests.fakes import incidents

Told = Counter[tuple[str, int]]
"""How often an alert, by its number, was told where: "slack #ci"."""


@dataclass(frozen=True)
class Numbered:
    """An alert: its labels, and the number by which it is known again in what is said of it."""

    number: int
    labels: Mapping[str, str]


@dataclass
class Ours:
    """Our router, as a job of ours asks it."""

    alerting: Alerting
    rules: Sequence[AlertRule]

    def __post_init__(self) -> None:
        self.addresses = {one.use: bind(one, "notify").address for one in self.alerting.notify}

    def told(self, alerts: Sequence[Numbered]) -> Told:
        """Who is told of which of these, that all fire now."""
        firing, now = [one.labels for one in alerts], datetime.now(UTC)
        found: Told = Counter()
        for one in alerts:
            is_silenced = muting.is_silenced(one.labels, Book(), self.alerting, now)
            if not (is_silenced or muting.is_inhibited(one.labels, firing, self.alerting.inhibit)):
                found.update((target, one.number) for target in self.targets(dict(one.labels)))
        return found

    def targets(self, labels: dict[str, str]) -> set[str]:
        """Where this one is told, as far as Alertmanager can."""
        rule = next(rule for rule in self.rules if rule.name == labels["alertname"])
        if LABEL in labels:
            return self.later(rule, labels).get(labels[LABEL], set())
        return _possible(routing.targets(self.alerting, self.addresses, rule, labels))

    def later(self, rule: AlertRule, labels: dict[str, str]) -> dict[str, set[str]]:
        """Who is told of it in each step, by what the step is called."""
        alert = incidents.alert(rule=rule.name, labels=labels)
        incident = incidents.incident(alerts=(alert,), priority=rule.priority, told_at=incidents.NOW)
        found: dict[str, set[str]] = {}
        for due in escalation.ladder(incident, escalation.Plan(alerting=self.alerting, rules=self.rules)):
            targets = routing.said_to(due.contact, self.alerting, self.addresses, "", labels)
            if not due.contact:
                targets = iter(routing.targets(self.alerting, self.addresses, rule, labels))
            found.setdefault(label(due.at - incidents.NOW), set()).update(_possible(targets))
        return {step: targets for step, targets in found.items() if targets}


def _possible(targets: Iterable[str]) -> set[str]:
    return {target for target in targets if target.partition(" ")[0] in hearing.TOLD}


def right(settings: Config) -> Ours:
    """Our router as it is."""
    return Ours(hearing.alerting(settings), config.alert_rules(settings))


def _changed(change: Callable[[Alerting], Alerting]) -> Callable[[Config], Ours]:
    def ours(settings: Config) -> Ours:
        alerting = change(hearing.alerting(settings))
        return Ours(alerting, alerting.rules)

    return ours


def _rules(alerting: Alerting, **given: Any) -> Alerting:
    return replace(alerting, rules=tuple(replace(rule, **given) for rule in alerting.rules))


def _matrix(alerting: Alerting, keep: Callable[[str, tuple[str, ...]], tuple[str, ...]]) -> Alerting:
    rows = alerting.escalation_matrix.items()
    kept = {name: {after: keep(after, who) for after, who in row.items()} for name, row in rows}
    return replace(alerting, escalation_matrix=kept)


MUTANTS: Final[Mapping[str, Callable[[Config], Ours]]] = {
    "an alert's own channel is ignored": _changed(lambda one: _rules(one, channel="")),
    "nobody hears at once": _changed(lambda one: _matrix(one, lambda after, who: () if after == "immediate" else who)),
    "only the first contact hears later": _changed(
        lambda one: _matrix(one, lambda after, who: who if after == "immediate" else who[:1])
    ),
    "response times escalate nothing": _changed(lambda one: _rules(one, response_time="", escalation="")),
    "all priorities page alike": _changed(lambda one: _rules(one, priority="")),
    "levels have the default routing": _changed(lambda one: replace(one, routing={})),
    "inhibiting needs nothing equal": _changed(
        lambda one: replace(one, inhibit=tuple(replace(rule, equal=()) for rule in one.inhibit))
    ),
    "nothing is inhibited": _changed(lambda one: replace(one, inhibit=())),
    "nothing is silenced": _changed(lambda one: replace(one, silences=())),
}
"""Routers that are wrong, each in one way; the comparison has to find every one."""
