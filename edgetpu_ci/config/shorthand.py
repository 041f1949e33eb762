"""Alerts in the short form of monitoring documents, written out. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

from msgspec import structs

from edgetpu_ci import spelling
from edgetpu_ci.config.alerting import Alerting, AlertRule, Level, ShortForm
from edgetpu_ci.errors import ConfigError

Demand = Mapping[str, Any]
"""`match` and one demand of an AlertRule."""

_Read = Callable[[str], Demand | None]
"""What a threshold in words demands; None where it is not understood."""

_NUMBER: Final = r"(\d{1,9}(?:\.\d{1,9})?)"
_PRIORITIES: Final[Mapping[Level, str]] = {"critical": "p0", "warning": "p2"}


def _below(match: str, text: str) -> Demand | None:
    found = re.fullmatch(rf"<\s*{_NUMBER}\s*%?", text)
    return {"match": match, "below": float(found[1])} if found else None


def _above(match: str, text: str) -> Demand | None:
    found = re.fullmatch(rf">\s*{_NUMBER}\s*%?", text)
    return {"match": match, "above": float(found[1])} if found else None


def _streak(text: str) -> Demand | None:
    found = re.fullmatch(r">\s*(\d{1,4})(?: (?:consecutive )?(?:build )?failures)?", text)
    return {"match": "*/build_failure_streak", "above": float(found[1])} if found else None


def _slower(text: str) -> Demand | None:
    found = re.fullmatch(rf">\s*{_NUMBER}\s*%(?: (?:throughput )?(?:decrease|drop|regression))?", text)
    return {"match": "*/throughput_sustained_fps", "worse_by_percent": float(found[1])} if found else None


def _weak(metric: str, text: str) -> Demand | None:
    """A severity means that or a graver one."""
    grade = _GRADES.get(text.removesuffix("_severity"))
    return {"match": f"*/{grade}_{metric}", "above": 0.0} if grade else None


def _unavailable(text: str) -> Demand | None:
    return {"match": "*/package_available", "below": 1.0} if re.fullmatch(r"(pypi )?download failure", text) else None


_GRADES: Final = {
    "critical": "critical",
    **{grade: f"{grade}_or_graver" for grade in ("high", "medium", "low")},
}

_KNOWN: Final[Mapping[str, tuple[_Read, str]]] = {
    "security_vulnerability_detected": (partial(_weak, "vuln*"), "critical_severity"),
    "build_failure_streak": (_streak, "> 3 consecutive failures"),
    "package_unavailable": (_unavailable, "PyPI download failure"),
    "test_coverage_drop": (partial(_below, "*/test_coverage"), "< 80%"),
    "performance_regression": (_slower, "> 10% throughput decrease"),
    "dependency_vulnerability": (partial(_weak, "vulnerable_dependencies"), "medium_severity"),
    "error_rate": (partial(_above, "*/error_rate_percent"), "> 1%"),
    "high_error_rate": (partial(_above, "*/error_rate_percent"), "> 5%"),
}
"""Alerts known by name: how their threshold is read, and one as it may be written."""


class Placed(NamedTuple):
    """An alert in short form, and where it stands."""

    place: str
    name: str
    severity: Level
    form: ShortForm


def forms(alerting: Alerting) -> Iterator[Placed]:
    """All alerts in short form."""
    lists: tuple[tuple[Level, tuple[Mapping[str, ShortForm], ...]], ...] = (
        ("critical", alerting.critical_alerts),
        ("warning", alerting.warning_alerts),
    )
    for severity, listed in lists:
        for number, named in enumerate(listed):
            for name, form in named.items():
                yield Placed(f"{severity}_alerts[{number}].{name}", name, severity, form)


def expand(alerting: Alerting) -> Iterator[tuple[str, AlertRule]]:
    """Each of them as a rule, and its place; ConfigError for one that is not known or not understood."""
    return ((one.place, _rule(one)) for one in forms(alerting))


def _rule(one: Placed) -> AlertRule:
    rest = structs.asdict(one.form)
    del rest["threshold"]
    rest["priority"] = one.form.priority or _PRIORITIES[one.severity]
    return AlertRule(name=one.name, severity=one.severity, **_demand(one.name, one.form.threshold, one.place), **rest)


def _demand(name: str, threshold: str, place: str) -> Demand:
    if name not in _KNOWN:
        guess = spelling.meant(name, _KNOWN) or f"; there are: {', '.join(_KNOWN)}."
        raise ConfigError(
            f'alerting.{place}: no short form is called "{name}"{guess} Write others in full under rules.'
        )
    read, example = _KNOWN[name]
    demand = read(" ".join(threshold.lower().split()))
    if demand is None:
        raise ConfigError(
            f'alerting.{place}.threshold: "{threshold}" is not understood; write it as "{example}", or the alert in '
            "full under rules."
        )
    return demand
