"""When a runbook in short form is due: "error_rate > 5%", "throughput < baseline * 0.8", or the name of an alert."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from edgetpu_ci import metrics, spelling
from edgetpu_ci.config.alerting import NAME, Alerting, AlertRule, Automated
from edgetpu_ci.errors import ConfigError

_CALLED: Final = {"throughput": "throughput_sustained_fps"}
"""What monitoring documents call a metric that we have under another name only."""

_PRIORITY: Final = "p2"
"""That of every warning in short form."""

_TRIGGER: Final = re.compile(r"([A-Za-z_]\w*)\s*([<>])\s*(baseline\s*\*\s*)?(\d+(?:\.\d+)?)\s*%?")
_WAYS: Final = {"higher": "<", "lower": ">"}


def rules(alerting: Alerting) -> Iterator[tuple[str, AlertRule]]:
    """The alerts that runbooks in short form stand for, each called as its runbook, and their places.

    ConfigError for a trigger that is not understood.
    """
    for name, one in short(alerting).items():
        place = f"runbooks.{name}.trigger"
        if rule := _rule(name, one.trigger, f"alerting.{place}"):
            yield place, rule


def short(alerting: Alerting) -> Mapping[str, Automated]:
    """The runbooks in short form."""
    return {} if isinstance(alerting.runbooks, str) else alerting.runbooks


def alert(name: str, trigger: str) -> str:
    """The alert that starts a runbook in short form: the one it names, else the one it stands for."""
    return trigger if re.fullmatch(NAME, trigger) else name


def _rule(name: str, trigger: str, place: str) -> AlertRule | None:
    if re.fullmatch(NAME, trigger):
        return None
    found = _TRIGGER.fullmatch(trigger.strip())
    if found is None:
        raise ConfigError(
            f'{place}: "{trigger}" is no trigger; write it as "error_rate > 5%", "throughput < baseline * 0.8" or the '
            "name of an alert."
        )
    called, way, times_baseline, number = found.groups()
    metric = _metric(called, place)
    match, limit = f"*/{metric}", float(number)
    if times_baseline:
        worse = _worse(metric, way, limit, f'{place}: "{trigger}"')
        return AlertRule(name=name, match=match, worse_by_percent=worse, priority=_PRIORITY, runbook=name)
    if way == ">":
        return AlertRule(name=name, match=match, above=limit, priority=_PRIORITY, runbook=name)
    return AlertRule(name=name, match=match, below=limit, priority=_PRIORITY, runbook=name)


def _metric(called: str, place: str) -> str:
    name = _CALLED.get(called, called)
    if not metrics.is_known(name):
        guess = (
            spelling.meant(name, (*metrics.names(), *_CALLED))
            or "; `edgetpu-ci kpi list` and docs/metrics.md list all."
        )
        raise ConfigError(f"{place}: no metric of ours is called {called}{guess}")
    return metrics.find(name).name


def _worse(metric: str, way: str, factor: float, what: str) -> float:
    """By how many percent something is worse at `factor` times its baseline."""
    better = metrics.find(metric).better or ""
    if _WAYS.get(better) != way or (factor < 1) != (way == "<"):
        raise ConfigError(f"{what} is no change for the worse, of which alone an alert is made ({metric}).")
    return round(100 * abs(1 - factor), 6)
