"""What a report says of each thing that somebody wants to be told of. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from edgetpu_ci import metrics, validity
from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.incidents import lasting, standing
from edgetpu_ci.incidents.record import Observation, Sighting, Watched
from edgetpu_ci.incidents.standing import Found
from edgetpu_ci.judging import demand, spoilt
from edgetpu_ci.kpis import boundary
from edgetpu_ci.model import REPOSITORY, Measurement, Report, Rule, Run

_BY: Final = ("subject", "metric", "device")

Labels = tuple[tuple[str, str], ...]
"""Sorted as a rule names them, to tell its groups apart."""


class _Doubts(NamedTuple):
    """Why nothing good is believed of some subjects, and nothing bad of the speed of others."""

    broken: Mapping[str, str]
    hot: Mapping[str, str]


def _doubts(run: Run) -> _Doubts:
    return _Doubts(validity.invalid(run.measurements), spoilt.by_heat(run.measurements))


def observe(
    rules: Sequence[AlertRule], report: Report, labels: Mapping[str, str], known: Iterable[Watched] = ()
) -> tuple[Observation, ...]:
    """How each alert of the rules that such a run can answer stands; of what was not measured nothing is said.

    `labels` hold of the whole report (`repo`, `branch`). What is `known` from earlier runs, and neither has a value in
    this one, is bad for a rule on what is missing.
    """
    known, doubts = tuple(known), _doubts(report.run)
    return tuple(
        _observation(rule, report, {**labels, **_of_rule(rule), **dict(group)}, found)
        for rule in rules
        if demand.applying([Rule(match=rule.match)], report.run)
        for group, measured in _groups(rule, report.run, labels, known).items()
        for found in [_believed(rule, report, _found(rule, report, measured, doubts), doubts)]
    )


def belongs(rule: AlertRule, labels: Mapping[str, str]) -> bool:
    """Whether an alert with these labels is of this rule as it is now, not as it once was."""
    own = {"priority": "", **_of_rule(rule)}
    return all(labels.get(name, "") == value for name, value in own.items()) and (
        {name for name in _BY if name in labels} == set(rule.by)
    )


def _of_rule(rule: AlertRule) -> dict[str, str]:
    given = {"alertname": rule.name, "severity": rule.severity, "priority": rule.priority}
    return {name: value for name, value in given.items() if value}


def _observation(rule: AlertRule, report: Report, labels: dict[str, str], found: Found) -> Observation:
    run = report.run
    seen = Sighting(
        at=run.at, value=found.value, commit=run.commit, pull_request=run.pull_request, url=run.url, report=run.id
    )
    return Observation(
        rule=rule.name,
        labels=labels,
        standing=found.standing,
        seen=seen,
        because=f"{rule.summary}: {found.because}" if rule.summary else found.because,
        where=found.where,
        bad=found.bad or _build(run, found, boundary.FAILED),
        good=found.good or _build(run, found, boundary.PASSED),
    )


def _build(run: Run, found: Found, name: str) -> Sighting | None:
    """A build that the measurement itself knows: what is collected once a day does not say with which it began."""
    build = boundary.read(found.of, name) if found.standing == standing.BAD else None
    if build is None:
        return None
    place, runs, _ = run.url.partition("/actions/runs/")
    url = f"{place}{runs}{build.run}" if runs else ""
    return Sighting(at=build.at, commit=build.commit, url=url, report=run.id)


def _groups(
    rule: AlertRule, run: Run, labels: Mapping[str, str], known: Iterable[Watched]
) -> dict[Labels, list[Measurement]]:
    """What was measured, by the labels that tell a rule's alerts apart; and what was not, if it asks for that."""
    found: dict[Labels, list[Measurement]] = {}
    named = Rule(match=rule.match)
    kinds = demand.metrics_of(named, {measured.metric for measured in run.measurements})
    for measured in run.measurements if kinds else ():
        if measured.metric in kinds and demand.matches(named, measured):
            found.setdefault(_labels(rule, run, measured), []).append(measured)
    if rule.missing_above is not None:
        gone = [*_absent(rule, run, labels, known), *([] if found else _named(rule, run))]
        return {group: [measured] for group, measured in gone} | found
    return found


def _labels(rule: AlertRule, run: Run, measured: Measurement) -> Labels:
    metric = metrics.find(measured.metric).name
    values = {"subject": measured.subject, "metric": metric, "device": measured.device}
    machine = machine_of(run, measured)
    return (*((name, values[name]) for name in rule.by), *([("machine", machine)] if machine else []))


def machine_of(run: Run, measured: Measurement) -> str:
    """Which machine a value is of; empty of a key figure, which is the same wherever it is collected."""
    is_of_machine = run.machine.key != REPOSITORY and metrics.published(measured.metric) is None
    return run.machine.key if is_of_machine else ""


def _absent(
    rule: AlertRule, run: Run, labels: Mapping[str, str], known: Iterable[Watched]
) -> Iterator[tuple[Labels, Measurement]]:
    """What an earlier run of the same kind, and of the same machine, had."""
    collected = {machine_of(run, measured) for measured in run.measurements}
    for one in known:
        is_here = all(one.labels.get(name) == value for name, value in labels.items())
        if one.good and is_here and belongs(rule, one.labels) and one.labels.get("machine", "") in collected:
            group = tuple((name, one.labels[name]) for name in (*rule.by, "machine") if name in one.labels)
            yield group, _gone(rule, **{name: one.labels[name] for name in rule.by})


def _named(rule: AlertRule, run: Run) -> Iterator[tuple[Labels, Measurement]]:
    """What a rule names letter by letter, whether or not anything was ever called so."""
    if not set(rule.match) & set("*?["):
        gone = _gone(rule, subject=rule.match.rpartition("/")[0])
        yield _labels(rule, run, gone), gone


def _gone(rule: AlertRule, subject: str = REPOSITORY, metric: str = "", device: str = "") -> Measurement:
    named = metric or metrics.find(rule.match.rpartition("/")[2]).name
    return Measurement(subject=subject, metric=named, device=device, reason="it was not measured in this run")


def _found(rule: AlertRule, report: Report, measured: Sequence[Measurement], doubts: _Doubts) -> Found:
    if rule.worse_by_percent is not None:
        return lasting.change(rule, report, measured, doubts.broken)
    if rule.streak_above is not None:
        return standing.failing(rule, measured, report.verdicts)
    if rule.missing_above is not None:
        return standing.missing(rule, measured)
    if rule.silent_above_hours is not None:
        return standing.heard(rule, measured)
    return standing.threshold(rule, measured)


def _believed(rule: AlertRule, report: Report, found: Found, doubts: _Doubts) -> Found:
    """A value that other work or heat may have spoilt is not bad, and one of a run that broke is not good."""
    if rule.above is None and rule.below is None:
        return found
    subject = found.of.subject
    if found.standing == standing.GOOD and not validity.is_of_file(found.of):
        why = doubts.broken.get(subject, "")
    elif found.standing == standing.BAD and spoilt.is_speed(found.of.metric):
        why = doubts.hot.get(subject, "") or _busy(rule, report, found.of)
    else:
        why = ""
    return found._replace(standing=standing.UNKNOWN, because=f"{found.because}, but {why}") if why else found


def _busy(rule: AlertRule, report: Report, measured: Measurement) -> str:
    """That other work may have done it: the calm value of the same thing is not bad."""
    calm = metrics.find(measured.metric).calm if report.run.contended else ""
    beside = [m for m in report.run.measurements if m.subject == measured.subject and m.metric == calm]
    is_calm = beside and standing.threshold(rule, beside).standing == standing.GOOD
    return "the machine was busy; run it again when it is quiet" if is_calm else ""
