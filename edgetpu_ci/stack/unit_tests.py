"""Unit tests of the rules for `promtool test rules`: each firing, quiet, at its limit and resolved. Pure."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from math import ceil, gcd
from typing import Final, NamedTuple

from edgetpu_ci import config
from edgetpu_ci.config import Config
from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.config.observability import Flavour
from edgetpu_ci.stack import annotations, document, escalation, hearing, promql, rules, samples
from edgetpu_ci.stack.place import Place

FILE: Final = "prometheus/tests/alerts.yml"
OF_TWINS: Final = "prometheus/tests/escalation.yml"

FIRING: Final = "firing"
QUIET: Final = "quiet"
LIMIT: Final = "at its limit"
RESOLVED: Final = "resolved"
CASES: Final = (FIRING, QUIET, LIMIT, RESOLVED)
"""What becomes of each rule at once, on branches that are called so."""

_MINUTE: Final = timedelta(minutes=1)
_LONG: Final = 10
"""Minutes: longer than Prometheus remembers a value that was pushed once."""


class Firing(NamedTuple):
    """That an alert with these labels beside those of its group fires in this minute of being bad."""

    minute: int
    labels: Mapping[str, str]


def files(settings: Config, place: Place) -> dict[str, str]:
    """The tests of the rules, and those of their twins; none of what there is not."""
    named, flavour = config.alert_rules(settings), settings.observability.stack.flavour
    hearers = hearing.of(settings.alerting, named)
    alerts = {rule: [_firing(rules.delay(rule), rules.labels(rule))] for rule in named}
    twins = {rule: [_twin(rule, step) for step in escalation.steps(rule, hearers)] for rule in named}
    files = ((FILE, rules.FILE, alerts), (OF_TWINS, escalation.FILE, twins))
    return {file: _file(tested, found, place, flavour) for file, tested, found in files if any(found.values())}


def _firing(after: timedelta, labels: Mapping[str, str]) -> Firing:
    return Firing(ceil(after / _MINUTE), labels)


def _twin(rule: AlertRule, step: escalation.Step) -> Firing:
    return _firing(rules.delay(rule) + step.after, {**rules.labels(rule), escalation.LABEL: step.label})


def _file(tested: str, firings: Mapping[AlertRule, Sequence[Firing]], place: Place, flavour: Flavour) -> str:
    # Each minute would take long where one fires after a day; three looks before the soonest see what is too soon.
    step = max(1, gcd(*(one.minute for found in firings.values() for one in found)) // 3)
    tests = [_test(rule, found, step, place, flavour) for rule, found in firings.items() if found]
    return document.tests(tested, f"{step}m", tests)


def _test(rule: AlertRule, firings: Sequence[Firing], step: int, place: Place, flavour: Flavour) -> dict[str, object]:
    sample = samples.of(rule, place)
    end = firings[-1].minute + step * ceil(_LONG / step)
    values = {
        FIRING: [(sample.bad, end + step + 1)],
        QUIET: [(sample.good, end + step + 1)],
        LIMIT: [(60 * (end + step) - sample.limit if sample.is_time else sample.limit, end + step + 1)],
        RESOLVED: [(sample.bad, end + 1), (sample.good, step)],
    }
    given = [{"series": samples.series(sample, case), "values": promql.given(v, flavour)} for case, v in values.items()]
    commits = [{"series": samples.commit(sample, case), "values": f"1x{end + step}"} for case in CASES]
    told = annotations.of(
        rule,
        place,
        annotations.said(sample.bad, sample.group.get("subject", ""), samples.COMMIT),
        is_direct=rules.is_direct(rule),
    )
    looks = [
        {
            "eval_time": f"{minute}m",
            "alertname": rule.name,
            "exp_alerts": [
                {"exp_labels": {**sample.group, "branch": case, **one.labels}, "exp_annotations": told}
                for one in firings
                if one.minute <= minute
                for case in (FIRING, *([RESOLVED] if minute <= end else []))
            ],
        }
        for minute in _minutes(firings, step, end)
    ]
    return {"name": rule.name, "interval": "1m", "input_series": [*given, *commits], "alert_rule_test": looks}


def _minutes(firings: Sequence[Firing], step: int, end: int) -> list[int]:
    """When it is looked: just before each fires and when it does, and before and after what is resolved."""
    around = {minute for one in firings for minute in (one.minute - step, one.minute) if minute >= 0}
    return sorted({*around, end, end + step})
