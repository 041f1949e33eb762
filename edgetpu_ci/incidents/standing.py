"""What the values of one run say of one demand: bad, good, or unknown. Pure."""

import re
from collections.abc import Iterable, Sequence
from math import inf, isfinite
from typing import Final, NamedTuple

from edgetpu_ci import metrics
from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.incidents.record import Sighting, Standing
from edgetpu_ci.model import REPOSITORY, Measurement, Verdict

_UNITS: Final = re.compile("_(percent|ms|seconds|hours|days|fps|mb|watts|mj|celsius)$")
_PLACE: Final = re.compile(r"[\w@+./-]+\.\w+:\d+")
_TOGETHER: Final = {"sum": "the sum of ", "avg": "the mean of ", "count": "the number of values of "}
BAD: Final = "bad"
GOOD: Final = "good"
UNKNOWN: Final = "unknown"
_ORDER: Final = (GOOD, UNKNOWN, BAD)


class Found(NamedTuple):
    """How it stands, in a sentence; of which measurement, with which value, and since when, where that is known."""

    standing: Standing
    because: str
    of: Measurement
    value: float | None = None
    bad: Sighting | None = None
    good: Sighting | None = None

    @property
    def where(self) -> str:
        """The file and line that the measurement names; empty where it names none."""
        places = (_PLACE.search(text) for _, text in self.of.details)
        return next((place[0] for place in places if place), "")


def worst(found: Iterable[Found]) -> Found:
    """Of several the first that is bad, else the first that is unknown."""
    return max(found, key=lambda one: _ORDER.index(one.standing))


def name(rule: AlertRule, measured: Measurement) -> str:
    """What was measured, in the rule's own word for it: `build failure streak of ci.yml`."""
    # Of a figure of the repository that is the worst of its workflows, that workflow.
    whose = dict(measured.details).get("workflow", "") if measured.subject == REPOSITORY else measured.subject
    return f"{_metric(rule, measured)} of {whose}" if whose else _metric(rule, measured)


def _metric(rule: AlertRule, measured: Measurement) -> str:
    metric, word = metrics.find(measured.metric), rule.match.rpartition("/")[2]
    called = word if metrics.find(word).name == metric.name else metric.name
    return (_UNITS.sub("", called) if metric.unit else called).replace("_", " ")


def threshold(rule: AlertRule, measured: Sequence[Measurement]) -> Found:
    """The values together against `above` or `below`; values that are missing might be anything."""
    over = rule.over or ("min" if rule.above is None else "max")
    values = [m.value for m in measured if _is_known(m) and m.value is not None]
    low, high = _range(over, values, missing=len(measured) - len(values))
    is_above, limit = rule.above is not None, (rule.below if rule.above is None else rule.above) or 0.0
    is_bad, is_good = (low > limit, high <= limit) if is_above else (high < limit, low >= limit)
    if not is_bad and not is_good:
        return unknown(rule, next(m for m in measured if not _is_known(m)))
    extreme = low if is_bad == is_above else high
    of = next((m for m in measured if m.value == extreme), measured[0])
    return Found(BAD if is_bad else GOOD, _said(rule, measured, of, extreme, limit if is_bad else None), of, extreme)


def _range(over: str, values: Sequence[float], missing: int) -> tuple[float, float]:
    """The least and the most that the values may be together, whatever the missing ones are."""
    if over == "count":
        return len(values), len(values) + missing
    if over == "max":
        return max(values, default=-inf), inf if missing else max(values)
    if over == "min":
        return -inf if missing else min(values), min(values, default=inf)
    if missing:
        return -inf, inf
    together = sum(values) / (len(values) if over == "avg" else 1)
    return together, together


def _is_known(measured: Measurement) -> bool:
    return measured.value is not None and isfinite(measured.value)


def _said(rule: AlertRule, measured: Sequence[Measurement], of: Measurement, value: float, limit: float | None) -> str:
    """`test coverage is 78.40 %, below 80 %`; without the limit where it is kept."""
    named = {name(rule, m) for m in measured} if rule.over in _TOGETHER else {name(rule, of)}
    what = _TOGETHER.get(rule.over, "") + (named.pop() if len(named) == 1 else _metric(rule, of))
    verb = "are" if what.startswith(_metric(rule, of)) and _metric(rule, of).endswith("s") else "is"
    said = f"{what} {verb} {_amount(rule, of, value)}"
    if limit is None or metrics.is_yes_or_no(of.metric):
        return said
    return f"{said}, {'below' if rule.above is None else 'above'} {_amount(rule, of, limit)}"


def _amount(rule: AlertRule, of: Measurement, value: float) -> str:
    return f"{value:g}" if rule.over == "count" else metrics.answer(value, of.metric)


def unknown(rule: AlertRule, measured: Measurement, reason: str = "") -> Found:
    """Nothing is known of it, and why."""
    return Found(UNKNOWN, _because(f"nothing is known of {name(rule, measured)}", reason or measured.reason), measured)


def missing(rule: AlertRule, measured: Sequence[Measurement]) -> Found:
    """Whether each of them has a value."""
    return worst(_missing(name(rule, m), m) for m in measured)


def heard(rule: AlertRule, measured: Sequence[Measurement]) -> Found:
    """That a run has a value of any of them; one without says nothing of how long nobody spoke."""
    known = next((m for m in measured if _is_known(m)), None)
    if known is None:
        return unknown(rule, measured[0])
    return Found(GOOD, f"there is news of {name(rule, known)}", known, known.value)


def _missing(what: str, measured: Measurement) -> Found:
    if _is_known(measured):
        return Found(GOOD, f"there is a value of {what}", measured, measured.value)
    return Found(BAD, _because(f"there is no value of {what}", measured.reason), measured)


def _because(said: str, reason: str) -> str:
    return f"{said}: {reason}" if reason else said


def failing(rule: AlertRule, measured: Sequence[Measurement], verdicts: Sequence[Verdict]) -> Found:
    """Whether a rule or gate on one of them failed; where none is on it, nothing is known."""
    found = [_verdict(rule, m, verdict) for m in measured for verdict in verdicts if verdict.key == m.key]
    return worst(found) if found else unknown(rule, measured[0], "no rule or gate is on it")


def _verdict(rule: AlertRule, measured: Measurement, verdict: Verdict) -> Found:
    if verdict.status == "unknown":
        return unknown(rule, measured, verdict.because)
    if verdict.status == "failed":
        return Found(BAD, f"{name(rule, measured)} failed: {verdict.because}", measured, measured.value)
    return Found(GOOD, f"{name(rule, measured)} did not fail: {verdict.because}", measured, measured.value)
