"""Who hears of what nobody acknowledged, as alerts of their own that fire later: the twins of each rule. Pure."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final, NamedTuple

from edgetpu_ci import config
from edgetpu_ci.config import Config, durations, matrix
from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.stack import document, rules
from edgetpu_ci.stack import hearing as hearers
from edgetpu_ci.stack.hearing import Hearing, Targets
from edgetpu_ci.stack.place import Place

FILE: Final = "prometheus/rules/escalation.yml"
LABEL: Final = "escalation"
"""The label that tells a twin from its alert; a silence without it has both."""

_MINUTE: Final = timedelta(minutes=1)
_UNITS: Final = ((1440, "d"), (60, "h"), (1, "min"))


class Step(NamedTuple):
    """After so long these are told, by an alert whose label LABEL has this value, such as "15_min"."""

    after: timedelta
    label: str
    targets: Targets


def files(settings: Config, place: Place) -> dict[str, str]:
    """The twins of all rules; none where nobody hears later."""
    flavour = settings.observability.stack.flavour
    named = config.alert_rules(settings)
    hearing = hearers.of(settings, named)
    found = [_twin(rule, step, rules.alert(rule, place, flavour)) for rule in named for step in steps(rule, hearing)]
    return {FILE: document.yaml({"groups": [{"name": f"{rules.GROUP} {LABEL}", "rules": found}]})} if found else {}


def _twin(rule: AlertRule, step: Step, alert: Mapping[str, Any]) -> dict[str, Any]:
    lasting = f"{(rules.delay(rule) + step.after).total_seconds():.0f}s"
    asked = {"alert": rule.name, "expr": alert["expr"], "for": lasting}
    return {**asked, "labels": {**alert["labels"], LABEL: step.label}, "annotations": alert["annotations"]}


def steps(rule: AlertRule, hearing: Hearing) -> tuple[Step, ...]:
    """What the matrix and the response time of a rule ask for, the soonest first, in whole minutes.

    A step that tells nobody whom Alertmanager could tell is none. A response time without an `escalation` is a
    reminder to whoever heard of it.
    """
    told: dict[timedelta, list[str]] = {}
    for after, targets in _steps(rule, hearing):
        told.setdefault(max(_MINUTE, round(after / _MINUTE) * _MINUTE), []).extend(targets)
    return tuple(
        Step(after, label(after), tuple(dict.fromkeys(targets))) for after, targets in sorted(told.items()) if targets
    )


def label(after: timedelta) -> str:
    """The value of LABEL for a step after so long: in the largest unit that it is a whole number of."""
    minutes = after // _MINUTE
    size, unit = next(one for one in _UNITS if minutes % one[0] == 0)
    return f"{minutes // size}_{unit}"


def _steps(rule: AlertRule, hearing: Hearing) -> Iterator[tuple[timedelta, Targets]]:
    for rung in matrix.ladder(hearing.alerting, rule.priority):
        if rung.after:
            yield rung.after, hearing.of_contacts(rung.contacts, rule)
    if rule.response_time:
        after = durations.time(rule.response_time, f"the response_time of {rule.name}")
        named = hearing.of_contacts([rule.escalation], rule)
        yield after, named if rule.escalation else hearing.at_once(rule)
