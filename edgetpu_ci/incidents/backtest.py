"""What an alert would have done over the reports of the past: the same evaluation, and the same state machine. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final

from msgspec import Meta, Struct
from msgspec.structs import replace

from edgetpu_ci import metrics
from edgetpu_ci.config.alerting import DEMANDS, AlertRule
from edgetpu_ci.incidents import evaluate, keys, machine, silence
from edgetpu_ci.incidents.record import Book, Incident, Observation, Standing, State
from edgetpu_ci.judging import demand
from edgetpu_ci.model import Report, Rule

Time = Annotated[datetime, Meta(tz=True)]
COUNTS: Final = ("streak_above", "missing_above")
"""Thresholds that count runs."""

_QUANTILES: Final = (0.5, 0.8, 0.9, 0.95, 0.98, 1.0)
_FACTORS: Final = (0.5, 0.75, 1.5, 2, 3)
_NEIGHBOURS: Final = (-2, -1, 1, 2, 4)


class Seen(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one run said, and what the alert was after it; no state: it was no alert."""

    at: Time
    standing: Standing
    value: float | None = None
    state: State | None = None


class Line(Struct, frozen=True, kw_only=True):
    """All that was said of one alert, oldest first."""

    fingerprint: str
    labels: dict[str, str]
    points: tuple[Seen, ...]


class Page(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An incident that would have been: of how many alerts, between which commits it began, and its worst value.

    `ended` is None where it would still be open.
    """

    began: Time
    alerts: tuple[str, ...]
    labels: dict[str, str]
    ended: Time | None = None
    good: str = ""
    bad: str = ""
    worst: float | None = None
    because: str = ""


class Backtest(Struct, frozen=True, kw_only=True):
    """What a rule would have done between the first and the last of some reports; `unknown`: why nothing is known."""

    rule: AlertRule
    reports: int
    first: Time
    last: Time
    pages: tuple[Page, ...]
    lines: tuple[Line, ...]
    unknown: str = ""

    @property
    def values(self) -> list[float]:
        """All values that were seen, lowest first."""
        return sorted(point.value for line in self.lines for point in line.points if point.value is not None)

    def lasted(self, page: Page) -> timedelta:
        """How long an incident was open, as far as is known."""
        return (page.ended or self.last) - page.began


class Candidate(Struct, frozen=True, kw_only=True):
    """Another threshold, and how many incidents it would have made; how long the longest, and all together in hours."""

    threshold: float
    pages: int
    longest_hours: float
    hours: float


def replay(rule: AlertRule, reports: Iterable[Report], group_by: Sequence[str] = machine.GROUPED) -> Backtest | None:
    """Take reports, oldest first, as they would have been taken; None where none has what the rule is about."""
    taking = _Taking(rule, group_by)
    for report in reports:
        taking.take(report)
    return taking.told() if taking.times else None


class _Taking:
    """A book that grows, and what is noted of it meanwhile."""

    def __init__(self, rule: AlertRule, group_by: Sequence[str]) -> None:
        self.rule, self.group_by = rule, group_by
        self.book = Book()
        self.times: list[datetime] = []
        self.points: dict[str, list[Seen]] = {}
        self.labels: dict[str, dict[str, str]] = {}
        self.incidents: dict[int, Incident] = {}
        self.unknown = ""

    def take(self, report: Report) -> None:
        silent = silence.observe((self.rule,), self.book.watched, report.run.at)
        self.book = machine.advance(self.book, silent, (self.rule,), report.run.at, self.group_by)
        self.incidents |= {one.number: one for one in self.book.incidents}
        seen = evaluate.observe((self.rule,), report, {"branch": report.run.branch}, self.book.watched)
        self.book = machine.advance(self.book, seen, (self.rule,), report.run.at, self.group_by)
        self.incidents |= {one.number: one for one in self.book.incidents}
        states = _states(self.book)
        for one in seen:
            self._note(one, states)
        if seen:
            self.times.append(report.run.at)

    def _note(self, one: Observation, states: Mapping[str, State]) -> None:
        name = keys.fingerprint(one.labels)
        self.labels.setdefault(name, one.labels)
        point = Seen(at=one.seen.at, standing=one.standing, value=one.seen.value, state=states.get(name))
        self.points.setdefault(name, []).append(point)
        if one.standing == "unknown":
            self.unknown = one.because

    def told(self) -> Backtest:
        lines = [Line(fingerprint=name, labels=self.labels[name], points=tuple(at)) for name, at in self.points.items()]
        is_known = any(point.standing != "unknown" for line in lines for point in line.points)
        return Backtest(
            rule=self.rule,
            reports=len(self.times),
            first=min(self.times),
            last=max(self.times),
            pages=tuple(_page(one, lines, self.rule) for one in self.incidents.values()),
            lines=tuple(lines),
            unknown="" if is_known else self.unknown,
        )


def _states(book: Book) -> dict[str, State]:
    firing = (alert for one in book.incidents if one.is_open for alert in one.alerts)
    return {alert.fingerprint: alert.state for alert in (*book.alerts, *firing)}


def _page(incident: Incident, lines: Iterable[Line], rule: AlertRule) -> Page:
    names = tuple(alert.fingerprint for alert in incident.alerts)
    first = min(incident.alerts, key=lambda alert: alert.bad.at)
    began, ended = incident.opened_at, incident.resolved_at
    values = [
        point.value
        for line in lines
        for point in line.points
        if line.fingerprint in names and point.standing == "bad" and point.value is not None
        if first.bad.at <= point.at and (ended is None or point.at <= ended)
    ]
    return Page(
        began=began,
        ended=ended,
        alerts=names,
        labels=incident.labels,
        good=first.good.commit if first.good else "",
        bad=first.bad.commit,
        worst=(min if _is_worse_below(rule) else max)(values, default=None),
        because=first.because,
    )


def _is_worse_below(rule: AlertRule) -> bool:
    if rule.above is not None or rule.below is not None:
        return rule.below is not None
    return metrics.find(rule.match.rpartition("/")[2]).better == "higher"


def about(rule: AlertRule, report: Report) -> Report:
    """A report without what a rule does not read, so that months of them fit into memory."""
    asked = Rule(match=rule.match, worse_by_percent=rule.worse_by_percent)
    subjects = {m.subject for m in report.run.measurements if demand.matches(asked, m)}
    if not subjects:
        return report
    return replace(
        report,
        run=replace(report.run, measurements=tuple(m for m in report.run.measurements if m.subject in subjects)),
        verdicts=tuple(one for one in report.verdicts if one.subject in subjects),
        comparisons=tuple(one for one in report.comparisons if one.subject in subjects),
        history=tuple(one for one in report.history if one.subject in subjects),
        trend=(),
    )


def threshold(rule: AlertRule) -> tuple[str, float]:
    """The field of a rule that is its threshold, and its value."""
    return next((name, float(value)) for name in DEMANDS if (value := getattr(rule, name)) is not None)


def with_threshold(rule: AlertRule, name: str, value: float) -> AlertRule:
    """A rule with this threshold instead of its own."""
    none: dict[str, float | None] = dict.fromkeys(DEMANDS, None)
    return replace(rule, **{**none, name: int(value) if name in COUNTS else value})


def compare(
    found: Backtest, reports: Sequence[Report], group_by: Sequence[str] = machine.GROUPED
) -> tuple[Candidate, ...]:
    """What other thresholds would have done, beside that of the rule, the lowest first."""
    name, now = threshold(found.rule)
    known = sorted({now, *_others(name, now, found.values)})
    rules = [with_threshold(found.rule, name, value) for value in known]
    replayed = (replay(rule, reports, group_by) for rule in rules)
    return tuple(_candidate(value, one) for value, one in zip(known, replayed, strict=True) if one)


def _others(name: str, now: float, values: Sequence[float]) -> Iterator[float]:
    """Thresholds to compare with: where the values lie, or around the one there is."""
    if name in COUNTS:
        yield from (now + step for step in _NEIGHBOURS if now + step >= 0)
    elif name in {"worse_by_percent", "silent_above_hours"}:
        yield from (_short(now * factor) for factor in _FACTORS)
    elif values:
        shares = _QUANTILES if name == "above" else [1 - share for share in _QUANTILES]
        yield from (_short(values[round(share * (len(values) - 1))]) for share in shares)


def _short(value: float) -> float:
    """With three digits, as people choose thresholds."""
    return float(f"{value:.3g}")


def _candidate(value: float, found: Backtest) -> Candidate:
    hours = [found.lasted(page) / timedelta(hours=1) for page in found.pages]
    return Candidate(threshold=value, pages=len(hours), longest_hours=max(hours, default=0.0), hours=sum(hours))
