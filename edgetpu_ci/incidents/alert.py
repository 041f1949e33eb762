"""One alert: what one run that could tell makes of it. Pure."""

from datetime import datetime

from msgspec.structs import replace

from edgetpu_ci.config import durations
from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.incidents.record import Alert, Observation, Watched


def begun(watched: Watched, seen: Observation) -> Alert:
    """A new alert, of a run that is not yet counted: it began with this run, or when the run says it did."""
    bad = seen.bad or seen.seen
    good = seen.good or watched.good
    return Alert(
        fingerprint=watched.fingerprint,
        rule=seen.rule,
        labels=seen.labels,
        state="pending",
        bad=bad,
        last=seen.seen,
        good=good if good and good.at < bad.at else None,
    )


def after_bad(alert: Alert, seen: Observation, rule: AlertRule, now: datetime) -> Alert:
    """One more bad run: a pending alert fires once it has lasted."""
    alert = replace(
        alert,
        # A clock that jumped said of the first run that it was after this one.
        bad=min(alert.bad, seen.seen, key=lambda sighting: sighting.at),
        last=seen.seen,
        bad_runs=alert.bad_runs + 1,
        good_runs=0,
        because=_because(rule, seen, alert.bad_runs + 1),
        where=seen.where,
    )
    fires = alert.state == "pending" and _has_lasted(alert, rule)
    return replace(alert, state="firing", since=now) if fires else alert


def after_good(alert: Alert, seen: Observation) -> Alert:
    """One more good run."""
    return replace(alert, last=seen.seen, good_runs=alert.good_runs + 1)


def good_runs_that_end(rule: AlertRule) -> int:
    """How many good runs in a row end an alert; a silence ends with the first word."""
    return 1 if rule.silent_above_hours is not None else rule.resolve_after


def _has_lasted(alert: Alert, rule: AlertRule) -> bool:
    runs = durations.runs(rule.for_)
    lasting = durations.lasting(rule.for_, f"alerting.rules: {rule.name}.for")
    least = max(runs or 1, (_in_a_row(rule) or 0) + 1)
    return alert.bad_runs >= least and alert.last.at - alert.bad.at >= lasting


def _in_a_row(rule: AlertRule) -> int | None:
    """How many bad runs in a row a rule lets pass that counts them."""
    return rule.missing_above if rule.streak_above is None else rule.streak_above


def _because(rule: AlertRule, seen: Observation, runs: int) -> str:
    most = _in_a_row(rule)
    if most is None or runs <= most:
        return seen.because
    return f"{seen.because}, in {runs} run{'s' if runs > 1 else ''} in a row, more than {most}"
