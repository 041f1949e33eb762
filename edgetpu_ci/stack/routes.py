"""Which alerts Alertmanager tells whom: a route for each level, and those that stand before it. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple, get_args

from edgetpu_ci.config.alerting import AlertRule, Level
from edgetpu_ci.stack import escalation
from edgetpu_ci.stack.hearing import Hearing, Targets

LEVELS: Final[tuple[Level, ...]] = get_args(Level)

_PAGE: Final = "pagerduty "


class Route(NamedTuple):
    """Alerts with all of these labels are told there; one that goes on leaves them to the next routes as well."""

    matchers: tuple[str, ...]
    targets: Targets
    goes_on: bool = False


def of(hearing: Hearing) -> tuple[Route, ...]:
    """All routes below the root, in order.

    Twins stand first. Then come alerts of which others hear than of their level, beside them or in their place. Last
    comes each level, with the one matcher by which the keys of its groups are those of our incidents.
    """
    return (*_twins(hearing), *(route for level in reversed(LEVELS) for route in _of_level(level, hearing)))


def receivers(routes: Iterable[Route]) -> tuple[Targets, ...]:
    """Who is told together, each set once."""
    return tuple(dict.fromkeys(route.targets for route in routes if route.targets))


def equal(name: str, value: str) -> str:
    """A matcher of one value, as Alertmanager reads it."""
    escaped = value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return f'{name}="{escaped}"'


def _any(name: str, values: Sequence[str]) -> str:
    """A matcher of several names, in which no character has a meaning of its own."""
    return equal(name, values[0]) if len(values) == 1 else f'{name}=~"{"|".join(values)}"'


def _twins(hearing: Hearing) -> Iterator[Route]:
    named: dict[tuple[Level, str, Targets], list[str]] = {}
    for rule in hearing.rules:
        for step in escalation.steps(rule, hearing):
            named.setdefault((rule.severity, step.label, step.targets), []).append(rule.name)
    for (level, label, targets), names in named.items():
        which = (equal("severity", level), equal(escalation.LABEL, label), _any("alertname", names))
        yield Route(which, targets)


def _of_level(level: Level, hearing: Hearing) -> Iterator[Route]:
    own, named = equal("severity", level), _named(level, hearing)
    usual = _usual(level, named, hearing)
    for targets, names in named.items():
        which = (own, _any("alertname", names))
        if not set(usual) <= set(targets):
            yield Route(which, targets)
        elif more := tuple(target for target in targets if target not in usual):
            yield Route(which, more, goes_on=True)
    yield Route((own,), usual)


def _named(level: Level, hearing: Hearing) -> dict[Targets, list[str]]:
    """The alerts of a level by whom is told of them."""
    named: dict[Targets, list[str]] = {}
    for rule in hearing.rules:
        if rule.severity == level:
            named.setdefault(hearing.at_once(rule), []).append(rule.name)
    return named


def _usual(level: Level, named: dict[Targets, list[str]], hearing: Hearing) -> Targets:
    """Whom the route of the level tells.

    Where nobody is paged: whoever is told of an alert that asks for nothing of its own. Else what all alerts have in
    common that page by the key that most do: groups of another route have other keys, under which PagerDuty would open
    a second incident beside ours.
    """
    keys: Counter[str] = Counter()
    for targets, names in named.items():
        keys.update({target: len(names) for target in targets if target.startswith(_PAGE)})
    if not keys:
        return hearing.at_once(AlertRule(name="_", match="", severity=level))
    first, *others = (targets for targets in named if max(keys, key=keys.__getitem__) in targets)
    return tuple(target for target in first if all(target in targets for targets in others))
