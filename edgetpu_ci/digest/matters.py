"""What needs attention: open incidents, demands that do not hold or are not known, regressions that still stand."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from edgetpu_ci import metrics
from edgetpu_ci.config.alerting import AlertRule, Level
from edgetpu_ci.digest.record import Matter
from edgetpu_ci.incidents.incident import firing, in_order
from edgetpu_ci.incidents.record import Incident
from edgetpu_ci.judging import demand, phrases
from edgetpu_ci.model import History, Measurement, Report, Rule, Shift, Verdict

_OF_LEVEL: Final[Mapping[Level, int]] = {"critical": 0, "error": 1, "warning": 3, "info": 7}
_FAILED, _REGRESSED, _MISSING, _UNKNOWN = 2, 4, 5, 6
_BOUND: Final = re.compile(r"\b(min|max) (-?[0-9.]+(?:e[+-]?[0-9]+)?)")


def ordered(found: Iterable[Matter]) -> tuple[Matter, ...]:
    """The gravest first; of equal ones what stands longest."""
    return tuple(sorted(found, key=lambda one: (one.rank, _seconds(one.since), _name(one))))


def _seconds(at: datetime | None) -> float:
    return at.timestamp() if at else 0.0


def _name(one: Matter) -> tuple[str, str, str]:
    return one.name, one.subject, one.metric


def of_incidents(incidents: Iterable[Incident], rules: Mapping[str, AlertRule]) -> Iterator[Matter]:
    """Each with the first of its alerts."""
    for incident in incidents:
        alert = in_order(incident)[0]
        rule = rules.get(alert.rule)
        acknowledged = ", acknowledged" if incident.acknowledged_at else ""
        yield Matter(
            kind="incident",
            rank=_OF_LEVEL[incident.severity],
            name=incident.alertname,
            state=f"{incident.severity}{acknowledged}",
            subject=alert.labels.get("subject", ""),
            because=alert.because,
            since=incident.opened_at,
            owner=(rule.owner or rule.escalation) if rule else "",
            url=alert.last.url or alert.bad.url,
        )


def lasted(incident: Incident) -> timedelta:
    """From the first bad run of an incident that is over until it was."""
    began = min(alert.bad.at for alert in incident.alerts)
    return (incident.resolved_at or began) - began


class Covered(NamedTuple):
    """What an open incident is about: figures that a rule names, of one subject or (empty) of any."""

    subject: str
    rule: Rule


def covered(incidents: Iterable[Incident], rules: Mapping[str, AlertRule]) -> list[Covered]:
    """What need not be said a second time; of a rule that is gone nobody knows."""
    alerts = (alert for incident in incidents if incident.is_open for alert in firing(incident))
    return [
        Covered(alert.labels.get("subject", ""), Rule(match=rules[alert.rule].match))
        for alert in alerts
        if alert.rule in rules
    ]


def is_covered(subject: str, metric: str, known: Iterable[Covered]) -> bool:
    """Whether an open incident is about this figure."""
    measured = Measurement(subject=subject, metric=metric)
    return any(one.subject in ("", subject) and demand.matches(one.rule, measured) for one in known)


def of_report(report: Report, earlier: Sequence[Report], device: str = "") -> Iterator[Matter]:
    """What does not hold by the newest report of its kind and machine; `earlier` are those before it, newest first."""
    steady = {
        key: verdict for verdict in report.verdicts if verdict.demand == demand.STEADY for key in _watched(verdict)
    }
    for history in report.history:
        if shifted := _shifted(history, steady.get(history.key), report, device):
            yield shifted
    for verdict in report.verdicts:
        if is_bad(verdict) and not (verdict.demand == demand.STEADY and verdict.status == "failed"):
            yield _of_verdict(verdict, report, earlier, device)


def is_bad(verdict: Verdict) -> bool:
    """Whether a demand is broken, or not known to hold though its rule minds."""
    return verdict.status == "failed" or (verdict.status == "unknown" and verdict.weight != "pass")


def _watched(verdict: Verdict) -> tuple[str, ...]:
    """The series a demand of a lasting level may be about: its metric's own, or that of its calm one."""
    calm = metrics.find(verdict.metric).calm
    return (verdict.key, *([f"{verdict.subject}/{calm}"] if calm else []))


def _shifted(history: History, verdict: Verdict | None, report: Report, device: str) -> Matter | None:
    """A confirmed change for the worse that nobody accepted."""
    worse = [one for one in history.shifts if one.finding == "regressed" and one.tier == "confirmed"]
    if not worse:
        return None
    return Matter(
        kind="regressed",
        rank=_FAILED if verdict is not None and verdict.status == "failed" else _REGRESSED,
        subject=history.subject,
        metric=history.metric,
        device=device,
        because=_course(history.metric, worse),
        since=worse[0].bad.at,
        owner=verdict.owner if verdict else "",
        url=worse[-1].bad.url or report.run.url,
    )


def _course(metric: str, worse: Sequence[Shift]) -> str:
    """From the level before the first of some shifts to that after the last, and where the first began."""
    first, known = worse[0], metrics.find(metric)
    changed = phrases.levels(metric, first.before, worse[-1].after, "regressed")
    levels = " → ".join(metrics.amount(level, known) for level in (changed.base, changed.head))
    commits = "" if first.commits is None else f", {first.commits} commit{'' if first.commits == 1 else 's'}"
    places = " … ".join(point.commit[:7] for point in (first.good, first.bad) if point.commit)
    return f"{levels}, {phrases.describe(changed)}" + (f" ({places}{commits})" if places else "")


def _of_verdict(verdict: Verdict, report: Report, earlier: Sequence[Report], device: str) -> Matter:
    failed = verdict.status == "failed"
    since, lasting = _since(verdict, report, earlier)
    return Matter(
        kind="failed" if failed else "unknown",
        rank=_FAILED if failed else _UNKNOWN,
        subject=verdict.subject,
        metric=verdict.metric,
        device=device,
        value=verdict.value,
        threshold=_threshold(verdict),
        because=verdict.because,
        since=since,
        lasting=lasting,
        owner=verdict.owner,
        url=report.run.url,
    )


def _threshold(verdict: Verdict) -> str:
    """The bound that a value breaks, as "≥ 80 %"; of what is not known all that are demanded."""
    bounds = [(name, float(bound)) for name, bound in _BOUND.findall(verdict.demand)]
    told = [
        f"{'≥' if name == 'min' else '≤'} {metrics.answer(bound, verdict.metric)}"
        for name, bound in bounds
        if verdict.value is None or (verdict.value < bound if name == "min" else verdict.value > bound)
    ]
    return " and ".join(told)


def _since(verdict: Verdict, report: Report, earlier: Sequence[Report]) -> tuple[datetime, bool]:
    """When the unbroken row of reports began that say the same, and whether it may be longer than what was read."""
    first = report
    for before in earlier:
        if not any(is_bad(one) and (one.key, one.demand) == (verdict.key, verdict.demand) for one in before.verdicts):
            return first.run.at, False
        first = before
    return first.run.at, True


def missing(name: str, because: str, since: datetime | None) -> Matter:
    """Something that should be known, and of which nothing came."""
    return Matter(kind="missing", rank=_MISSING, name=name, because=because, since=since, lasting=since is not None)
