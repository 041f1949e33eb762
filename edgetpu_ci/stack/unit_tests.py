"""Unit tests of the rules for `promtool test rules`: each firing, quiet, at its limit and resolved. Pure."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from math import ceil
from typing import Final, NamedTuple

from edgetpu_ci import config
from edgetpu_ci.config import Config
from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.config.observability import Flavour
from edgetpu_ci.stack import annotations, document, escalation, hearing, promql, rules, samples
from edgetpu_ci.stack.place import Place
from edgetpu_ci.stack.samples import Sample

FILE: Final = "prometheus/tests/alerts.yml"
OF_TWINS: Final = "prometheus/tests/escalation.yml"
CASES: Final = ("firing", "quiet", "at its limit", "resolved")

_MINUTE: Final = timedelta(minutes=1)
_LONG: Final = 10
"""Minutes: longer than Prometheus remembers a value that was pushed once."""


class Firing(NamedTuple):
    """That an alert with these labels beside those of its group fires once it was bad for so long."""

    after: timedelta
    labels: dict[str, str]

    @property
    def minute(self) -> int:
        """When it is seen, where one looks each minute."""
        return ceil(self.after / _MINUTE)


class Look(NamedTuple):
    """So many minutes after the first value, which is `value` by then, these fire and no others."""

    minute: int
    value: float
    firing: Sequence[Firing] = ()


class Case(NamedTuple):
    """Values and for how many minutes each of them holds; and when it is looked what fires."""

    name: str
    values: Sequence[tuple[float, int]]
    looks: Sequence[Look]


def files(settings: Config, place: Place) -> dict[str, str]:
    """The tests of the rules, and those of their twins; none of what there is not."""
    named, flavour = config.alert_rules(settings), settings.observability.stack.flavour
    hearers = hearing.of(settings.alerting, named)
    alerts = [test for rule in named for test in _tests(rule, [_alert(rule)], place, flavour)]
    twins = [
        test
        for rule in named
        for test in _tests(rule, [_twin(rule, step) for step in escalation.steps(rule, hearers)], place, flavour)
    ]
    files = ((FILE, rules.FILE, alerts), (OF_TWINS, escalation.FILE, twins))
    return {file: document.tests(tested, "1m", tests) for file, tested, tests in files if tests}


def _alert(rule: AlertRule) -> Firing:
    return Firing(rules.delay(rule), rules.labels(rule))


def _twin(rule: AlertRule, step: escalation.Step) -> Firing:
    return Firing(rules.delay(rule) + step.after, {**rules.labels(rule), escalation.LABEL: step.label})


def _tests(rule: AlertRule, firings: Sequence[Firing], place: Place, flavour: Flavour) -> Iterator[dict[str, object]]:
    sample = samples.of(rule, place)
    for case in _cases(sample, firings) if firings else ():
        commit = {"series": samples.info(sample), "values": f"1x{case.looks[-1].minute}"}
        yield {
            "name": f"{rule.name}: {case.name}",
            "interval": "1m",
            "input_series": [{"series": sample.series, "values": promql.given(case.values, flavour)}, commit],
            "alert_rule_test": [_looked(rule, sample, look, place) for look in case.looks],
        }


def _cases(sample: Sample, firings: Sequence[Firing]) -> Iterator[Case]:
    """One for each of CASES."""
    end = firings[-1].minute + _LONG
    begun = [
        *(Look(one.minute - 1, sample.bad, firings[:n]) for n, one in enumerate(firings) if one.minute),
        *(Look(one.minute, sample.bad, firings[: n + 1]) for n, one in enumerate(firings)),
        Look(end, sample.bad, firings),
    ]
    yield Case("firing", [(sample.bad, end + 1)], begun)
    yield Case("quiet", [(sample.good, end + 1)], [Look(end, sample.good)])
    yield Case("at its limit", [(sample.limit, end + 1)], [Look(end, sample.limit)])
    over = [Look(end, sample.bad, firings), Look(end + 1, sample.good)]
    yield Case("resolved", [(sample.bad, end + 1), (sample.good, 1)], over)


def _looked(rule: AlertRule, sample: Sample, look: Look, place: Place) -> dict[str, object]:
    words = annotations.said(look.value, sample.group.get("subject", ""), samples.COMMIT)
    told = annotations.of(rule, place, words, is_direct=rules.is_direct(rule))
    firing = [{"exp_labels": {**sample.group, **one.labels}, "exp_annotations": told} for one in look.firing]
    return {"eval_time": f"{look.minute}m", "alertname": rule.name, "exp_alerts": firing}
