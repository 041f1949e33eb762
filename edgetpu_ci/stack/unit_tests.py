"""Unit tests of the rules for `promtool test rules`: each firing, quiet, at its limit and resolved. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from math import ceil, gcd
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

FIRING: Final = "firing"
QUIET: Final = "quiet"
LIMIT: Final = "at its limit"
RESOLVED: Final = "resolved"
CASES: Final = (FIRING, QUIET, LIMIT, RESOLVED)
"""What becomes of each rule at once, on branches that are called so."""

_MINUTE: Final = timedelta(minutes=1)
_MOST: Final = 300
"""Looks of a test, about: with each, all rules are evaluated."""

_LONG: Final = 10
"""Minutes: longer than Prometheus remembers a value that was pushed once."""


class Firing(NamedTuple):
    """That an alert with these labels beside those of its group fires in this minute of being bad."""

    minute: int
    labels: Mapping[str, str]


class Trial(NamedTuple):
    """A rule and its sample, what fires of it in which order, and every how many minutes Prometheus looks."""

    rule: AlertRule
    sample: Sample
    firings: Sequence[Firing]
    step: int

    @property
    def end(self) -> int:
        """The last minute in which what is resolved is bad."""
        return self.firings[-1].minute + self.step * ceil(_LONG / self.step)

    @property
    def last(self) -> int:
        """When it is seen to be resolved."""
        return self.end + self.step


def files(settings: Config, place: Place) -> dict[str, str]:
    """The tests of the rules, and those of their twins; none of what there is not."""
    named, flavour = config.alert_rules(settings), settings.observability.stack.flavour
    hearers = hearing.of(settings, named)
    alerts = {rule: [_firing(rules.delay(rule), rules.labels(rule))] for rule in named}
    twins = {rule: [_twin(rule, step) for step in escalation.steps(rule, hearers)] for rule in named}
    files = ((FILE, rules.FILE, alerts), (OF_TWINS, escalation.FILE, twins))
    return {file: _file(tested, found, place, flavour) for file, tested, found in files if any(found.values())}


def _firing(after: timedelta, labels: Mapping[str, str]) -> Firing:
    return Firing(ceil(after / _MINUTE), labels)


def _twin(rule: AlertRule, step: escalation.Step) -> Firing:
    return _firing(rules.delay(rule) + step.after, {**rules.labels(rule), escalation.LABEL: step.label})


def _file(tested: str, firings: Mapping[AlertRule, Sequence[Firing]], place: Place, flavour: Flavour) -> str:
    minutes = [one.minute for found in firings.values() for one in found]
    # Each minute would take long where one fires after days; three looks before the soonest see what is too soon.
    step = max(1, gcd(*minutes) // 3, max(minutes) // _MOST)
    looked = {rule: [_looked(one, step) for one in found] for rule, found in firings.items() if found}
    trials = [Trial(rule, samples.of(rule, place), found, step) for rule, found in looked.items()]
    return document.tests(tested, f"{step}m", [_test(beside, place, flavour) for beside in _beside_each_other(trials)])


def _beside_each_other(trials: Iterable[Trial]) -> Iterable[Collection[Trial]]:
    """Those that one test may try at once: they take equally long, and no two of them ask for the same series."""
    found: list[tuple[int, dict[str, Trial]]] = []
    for trial in trials:
        asked = trial.sample.name if rules.is_direct(trial.rule) else trial.rule.name
        free = next((there for last, there in found if last == trial.last and asked not in there), None)
        if free is None:
            found.append((trial.last, free := {}))
        free[asked] = trial
    return [there.values() for _, there in found]


def _looked(one: Firing, step: int) -> Firing:
    """The same as it is seen by who looks each `step` minutes."""
    return one._replace(minute=step * ceil(one.minute / step))


def _test(trials: Collection[Trial], place: Place, flavour: Flavour) -> dict[str, object]:
    last = max(trial.last for trial in trials)
    given = {
        samples.series(trial.sample, case): promql.given(values, flavour)
        for trial in trials
        for case, values in _values(trial).items()
    }
    commits = {samples.commit(trial.sample, case): f"1x{last}" for trial in trials for case in CASES}
    return {
        "name": ", ".join(trial.rule.name for trial in trials),
        "interval": "1m",
        "input_series": [{"series": series, "values": values} for series, values in {**given, **commits}.items()],
        "alert_rule_test": [look for trial in trials for look in _looks(trial, place)],
    }


def _looks(trial: Trial, place: Place) -> Iterator[dict[str, object]]:
    words = annotations.said(trial.sample.bad, trial.sample.group.get("subject", ""), samples.COMMIT)
    told = annotations.of(trial.rule, place, words, is_direct=rules.is_direct(trial.rule))
    for minute in _minutes(trial):
        yield {"eval_time": f"{minute}m", "alertname": trial.rule.name, "exp_alerts": _fires(trial, minute, told)}


def _values(trial: Trial) -> dict[str, list[tuple[float, int]]]:
    """The values of each case, and for how many minutes each of them holds."""
    sample, always = trial.sample, trial.last + 1
    limit = 60 * trial.last - sample.limit if sample.is_time else sample.limit
    return {
        FIRING: [(sample.bad, always)],
        QUIET: [(sample.good, always)],
        LIMIT: [(limit, always)],
        RESOLVED: [(sample.bad, trial.end + 1), (sample.good, trial.step)],
    }


def _minutes(trial: Trial) -> list[int]:
    """When it is looked: just before each fires and when it does, and before and after what is resolved."""
    around = {minute for one in trial.firings for minute in (one.minute - trial.step, one.minute) if minute >= 0}
    return sorted({*around, trial.end, trial.last})


def _fires(trial: Trial, minute: int, told: Mapping[str, str]) -> list[dict[str, object]]:
    bad = [FIRING, *([RESOLVED] if minute <= trial.end else [])]
    return [
        {"exp_labels": {**trial.sample.group, "branch": case, **one.labels}, "exp_annotations": told}
        for one in trial.firings
        if one.minute <= minute
        for case in bad
    ]
