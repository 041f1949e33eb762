"""The alerts of `alerting` as rules of Prometheus, which fire when, and as what, ours do. Pure.

*Direct* rules ask the value itself. Where that would not come to the same (a demand on what came in a row or became
worse, values that other work may have spoilt, several values at once), Prometheus is told by
`edgetpu_ci_alert_bad_runs` for how many runs the demand has been broken, and of silence when there was last a value.
"""

from datetime import timedelta
from typing import Final

from edgetpu_ci import config, metrics
from edgetpu_ci.config import Config, durations
from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.config.observability import Flavour
from edgetpu_ci.exposition import names
from edgetpu_ci.stack import annotations, document, promql
from edgetpu_ci.stack.place import Place

FILE: Final = "prometheus/rules/alerts.yml"
BAD_RUNS: Final = "edgetpu_ci_alert_bad_runs"
HEARD: Final = "edgetpu_ci_alert_heard_timestamp_seconds"

GROUP: Final = "edgetpu-ci"

_WILD: Final = frozenset("*?[]")


def files(settings: Config, place: Place) -> dict[str, str]:
    """The file of rules; none without alerts."""
    flavour = settings.observability.stack.flavour
    found = [alert(rule, place, flavour) for rule in config.alert_rules(settings)]
    return {FILE: document.yaml({"groups": [{"name": GROUP, "rules": found}]})} if found else {}


def alert(rule: AlertRule, place: Place, flavour: Flavour) -> dict[str, object]:
    """A rule of Prometheus; with the labels of its groups its own make our alert's, and the same fingerprint."""
    lasting, words = delay(rule), annotations.templates(flavour)
    return {
        "alert": rule.name,
        "expr": expr(rule, flavour),
        **({"for": f"{lasting.total_seconds():.0f}s"} if lasting else {}),
        "labels": {name: annotations.plain(value) for name, value in labels(rule).items()},
        "annotations": annotations.of(rule, place, words, is_direct=is_direct(rule)),
    }


def expr(rule: AlertRule, flavour: Flavour) -> str:
    """When it is bad, as PromQL."""
    if rule.silent_above_hours is not None:
        return f"time() - {_told(HEARD, rule, flavour)} > {promql.number(3600 * rule.silent_above_hours)}"
    if not is_direct(rule):
        return f"{_told(BAD_RUNS, rule, flavour)} > {runs(rule) - 1}"
    subject, _, metric = rule.match.rpartition("/")
    name = names.find(metric)
    values = promql.selected(name.name, {"subject": subject}, flavour)
    way, worst, limit = ("<", "min", rule.below) if rule.above is None else (">", "max", rule.above)
    return f"{worst} by ({_by(rule)}) ({values}) {way} {promql.number(name.scaled(limit or 0.0))}"


def _told(name: str, rule: AlertRule, flavour: Flavour) -> str:
    """What our evaluator says of a rule, in a series of this name."""
    return f"max by ({_by(rule)}) ({promql.selected(name, {'rule': rule.name}, flavour)})"


def labels(rule: AlertRule) -> dict[str, str]:
    """What its alerts have beside the labels of their groups."""
    metric = metrics.find(rule.match.rpartition("/")[2]).name if is_direct(rule) and "metric" in rule.by else ""
    given = {"severity": rule.severity, "priority": rule.priority, "metric": metric}
    return {name: value for name, value in given.items() if value}


def _by(rule: AlertRule) -> str:
    own = [name for name in rule.by if not (is_direct(rule) and name == "metric")]
    return ", ".join(("repo", "branch", *own, "machine"))


def delay(rule: AlertRule) -> timedelta:
    """For how long it must be bad before it fires; runs in a row are part of what is asked."""
    return durations.lasting(rule.for_, f"alerting.rules: {rule.name}.for")


def runs(rule: AlertRule) -> int:
    """The bad runs in a row with which it fires."""
    in_a_row = rule.missing_above if rule.streak_above is None else rule.streak_above
    return max(durations.runs(rule.for_) or 1, (in_a_row or 0) + 1)


def is_direct(rule: AlertRule) -> bool:
    """Whether Prometheus can decide it from one value: of a key figure, which nothing on a machine can spoil."""
    metric = rule.match.rpartition("/")[2]
    return (
        (rule.above is not None or rule.below is not None)
        and rule.over != "count"
        and durations.runs(rule.for_) is None
        and "subject" in rule.by
        and not _WILD.intersection(metric)
        and "[" not in rule.match
        and metrics.is_known(metric)
        and metrics.published(metric) is not None
    )
