"""What each rule of Prometheus is tried with: a series, and its values that are bad, good, and at the limit. Pure."""

from typing import Final, NamedTuple

from edgetpu_ci import metrics
from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.exposition import names
from edgetpu_ci.model import REPOSITORY
from edgetpu_ci.stack import promql, rules
from edgetpu_ci.stack.place import Place

COMMIT: Final = "0123456789abcdef0123456789abcdef01234567"
_MACHINE: Final = "a-machine"
_FUTURE: Final = 4e9


class Sample(NamedTuple):
    """A series, the labels of its alert's group, and three values: `limit` is the last that is not bad.

    Of a time that is at its limit it is the one `limit` seconds before it is looked at, where it `is_time`.
    """

    name: str
    labels: dict[str, str]
    group: dict[str, str]
    bad: float
    limit: float
    good: float
    is_time: bool = False


def of(rule: AlertRule, place: Place) -> Sample:
    """One for a rule."""
    if rule.silent_above_hours is not None:
        return _silent(rule, 3600 * rule.silent_above_hours, place)
    return _direct(rule, place) if rules.is_direct(rule) else _computed(rule, place)


def _direct(rule: AlertRule, place: Place) -> Sample:
    subject, _, metric = rule.match.rpartition("/")
    name, group = names.find(metric), {**_of(place), "subject": promql.example(subject)}
    limit, worse = (rule.below or 0.0, -1) if rule.above is None else (rule.above, 1)
    size = worse * max(1.0, abs(limit))
    # Hardly bad, so that a limit that somebody moves is noticed.
    bad, at, good = (name.scaled(value) for value in (limit + 1e-6 * size, limit, limit - 0.5 * size))
    return Sample(name.name, group, group, bad, at, good)


def _silent(rule: AlertRule, limit: float, place: Place) -> Sample:
    """The time of a test begins at 0: what was heard is before it, and of what is good after it."""
    told = _computed(rule, place)
    return told._replace(name=rules.HEARD, bad=-limit - 1, limit=limit, good=_FUTURE, is_time=True)


def _computed(rule: AlertRule, place: Place) -> Sample:
    subject, _, metric = rule.match.rpartition("/")
    named = {
        "subject": promql.example(subject),
        "metric": metrics.find(promql.example(metric)).name,
        "device": "a-device",
    }
    by: dict[str, str] = {label: named[label] for label in rule.by}
    group = {**_of(place), **by, "machine": _MACHINE}
    fires = rules.runs(rule)
    return Sample(rules.BAD_RUNS, {"rule": rule.name, **group}, group, fires, fires - 1, 0)


def _of(place: Place) -> dict[str, str]:
    return {"repo": place.repository or "owner/name"}


def series(sample: Sample, branch: str) -> str:
    """The series of a branch."""
    return promql.series(sample.name, {**sample.labels, "branch": branch})


def commit(sample: Sample, branch: str) -> str:
    """The series that says of which commit the newest run of a branch was."""
    of_run = {"repo": sample.group["repo"], "branch": branch, "machine": sample.group.get("machine", REPOSITORY)}
    return promql.series("edgetpu_ci_last_run_info", {**of_run, "commit": COMMIT})
