"""What `observability.logs` means: where events of each level go, for how long, and of which somebody is told. Pure."""

from collections.abc import Mapping
from typing import Final

from edgetpu_ci.config.alerting import Alerting, AlertRule, Level
from edgetpu_ci.config.observability import Destination, LogLevel, Logs, Route, default_levels
from edgetpu_ci.errors import ConfigError

ALL: Final = "all_channels"

RULES: Final[Mapping[str, LogLevel]] = {
    f"logged_{level.lower()}": level for level in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
}
"""The names of alerts on what is logged, and their levels."""

_WAYS: Final[Mapping[Destination, str]] = {
    "slack_webhook": "slack",
    "pagerduty": "pagerduty",
    ALL: ALL,
    "emergency_contacts": "emergency_contacts",
}
"""What destinations are called in `alerting`: ways of `notify`, or a contact."""

_SEVERITY: Final[Mapping[LogLevel, Level]] = {
    "DEBUG": "info",
    "INFO": "info",
    "WARNING": "warning",
    "ERROR": "error",
    "CRITICAL": "critical",
}


class LoggedRule(AlertRule, frozen=True, kw_only=True):
    """An alert on events of a level: one for each name of an event, told `to` the destinations of its level."""

    to: tuple[str, ...]


def levels(logs: Logs) -> dict[LogLevel, Route]:
    """The route of each level."""
    return {**default_levels(), **logs.levels}


def retention(logs: Logs) -> dict[LogLevel, int]:
    """For how many days each level is kept."""
    return {level: route.retention_days for level, route in levels(logs).items()}


def is_in_file(route: Route) -> bool:
    """Whether events are written to files here."""
    return not {"local_file", ALL}.isdisjoint(route.destinations)


def is_aggregated(route: Route) -> bool:
    """Whether events are sent to the aggregator."""
    return not {"remote_aggregator", ALL}.isdisjoint(route.destinations)


def aggregated(logs: Logs) -> list[LogLevel]:
    """The levels of which an aggregator has all that is logged."""
    return [level for level, route in levels(logs).items() if logs.aggregator and is_aggregated(route)]


def rules(logs: Logs, alerting: Alerting) -> tuple[LoggedRule, ...]:
    """An alert for each level that goes to somebody who can be told."""
    routes, known = levels(logs), _known(alerting)
    found = ((name, level, tuple(way for way in _told(routes[level]) if way in known)) for name, level in RULES.items())
    return tuple(
        LoggedRule(name=name, match=f"*/{name}", above=0, severity=_SEVERITY[level], to=to)
        for name, level, to in found
        if to
    )


def _told(route: Route) -> tuple[str, ...]:
    return tuple(_WAYS[destination] for destination in route.destinations if destination in _WAYS)


def _known(alerting: Alerting) -> set[str]:
    """Who can be told: ways of `notify`, all of them where there is one, and contacts."""
    ways = {step.use for step in alerting.notify}
    return ways | set(alerting.contacts) | ({ALL} if ways else set())


def check(logs: Logs, alerting: Alerting) -> None:
    """ConfigError for a destination that a level names and nobody can be reached by; those of the defaults may lack."""
    known = _known(alerting)
    for level, route in logs.levels.items():
        place = f"observability.logs.levels.{level}"
        if "remote_aggregator" in route.destinations and logs.aggregator is None:
            raise ConfigError(f"{place} goes to remote_aggregator, and `observability.logs` has no `aggregator`.")
        for destination in route.destinations:
            if destination in _WAYS and _WAYS[destination] not in known:
                raise ConfigError(f"{place} goes to {destination}, and {_STEPS[destination]}")


_LIST: Final = "list one, such as {use: slack}, or leave it out."
_STEPS: Final[Mapping[Destination, str]] = {
    ALL: f"`alerting.notify` lists none; {_LIST}",
    "slack_webhook": f"`alerting.notify` has no slack; {_LIST}",
    "pagerduty": "`alerting.notify` has no pagerduty; list {use: pagerduty}, or leave it out.",
    "emergency_contacts": "`alerting.contacts` has no emergency_contacts; give it addresses, or leave it out.",
}
