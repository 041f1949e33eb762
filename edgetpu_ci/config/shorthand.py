"""Alerts in the short form of monitoring documents, written out. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final

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
_THROUGHPUT: Final = "*/throughput_sustained_fps"


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
    if found := re.fullmatch(rf">\s*{_NUMBER}\s*%(?: (?:throughput )?(?:decrease|drop|regression))?", text):
        return {"match": _THROUGHPUT, "worse_by_percent": float(found[1])}
    found = re.fullmatch(r"throughput\s*<\s*baseline\s*\*\s*(0?\.\d{1,9})", text)
    return {"match": _THROUGHPUT, "worse_by_percent": round(100 * (1 - float(found[1])), 6)} if found else None


def _weak(metrics: Mapping[str, str], text: str) -> Demand | None:
    """A severity means that or a graver one."""
    metric = metrics.get(text.removesuffix("_severity"))
    return {"match": f"*/{metric}", "above": 0.0} if metric else None


def _unavailable(text: str) -> Demand | None:
    return {"match": "*/package_available", "below": 1.0} if re.fullmatch(r"(pypi )?download failure", text) else None


_OF_ALL: Final = {
    "critical": "critical_vulnerabilities",
    "high": "high_or_graver_vulnerabilities",
    "medium": "medium_or_graver_vulnerabilities",
    "low": "low_or_graver_vulnerabilities",
}
_OF_DEPENDENCIES: Final = {
    "critical": "critical_vulnerable_dependencies",
    "high": "high_or_graver_vulnerable_dependencies",
    "medium": "medium_or_graver_vulnerable_dependencies",
    "low": "vulnerable_dependencies",
}

_KNOWN: Final[Mapping[str, tuple[_Read, str]]] = {
    "security_vulnerability_detected": (partial(_weak, _OF_ALL), "critical_severity"),
    "build_failure_streak": (_streak, "> 3 consecutive failures"),
    "package_unavailable": (_unavailable, "PyPI download failure"),
    "test_coverage_drop": (partial(_below, "*/test_coverage"), "< 80%"),
    "performance_regression": (_slower, "> 10% throughput decrease"),
    "performance_degradation": (_slower, "throughput < baseline * 0.8"),
    "dependency_vulnerability": (partial(_weak, _OF_DEPENDENCIES), "medium_severity"),
    "error_rate": (partial(_above, "*/error_rate_percent"), "> 1%"),
    "high_error_rate": (partial(_above, "*/error_rate_percent"), "> 5%"),
}
"""Alerts known by name: how their threshold is read, and one as it may be written."""


def expand(alerting: Alerting) -> Iterator[tuple[str, AlertRule]]:
    """Each alert in short form as a rule, and its place; ConfigError for one that is not known or not understood."""
    lists: tuple[tuple[Level, tuple[Mapping[str, ShortForm], ...]], ...] = (
        ("critical", alerting.critical_alerts),
        ("warning", alerting.warning_alerts),
    )
    for severity, listed in lists:
        for number, named in enumerate(listed):
            for name, form in named.items():
                place = f"{severity}_alerts[{number}].{name}"
                yield place, _rule(name, form, severity, place)


def _rule(name: str, form: ShortForm, severity: Level, place: str) -> AlertRule:
    rest = structs.asdict(form)
    del rest["threshold"]
    rest["priority"] = form.priority or _PRIORITIES[severity]
    return AlertRule(name=name, severity=severity, **_demand(name, form.threshold, place), **rest)


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
