"""From what the store knows to the digest of a week."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from edgetpu_ci import metrics
from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.digest import changes, matters
from edgetpu_ci.digest.record import Digest, Gate, Matter, Over, Part, Source, Time
from edgetpu_ci.digest.week import Week
from edgetpu_ci.incidents.incident import firing
from edgetpu_ci.incidents.record import Incident
from edgetpu_ci.judging import judge
from edgetpu_ci.model import REPOSITORY, Measurement, Report, Verdict

HEADLINES: Final = (
    *("build_success_rate", "run_duration_seconds", "pr_merge_time_hours", "deployment_frequency_per_week"),
    *("test_coverage", "test_pass_rate", "issue_resolution_time_days", "commits_per_week", "security_score"),
)
SECURITY: Final = ("vulnerable_dependencies", "outdated_dependencies", "code_scanning_alerts", "secret_scanning_alerts")
COST: Final = ("minutes_month_to_date", "cost_month_to_date_usd", "cost_forecast_usd", "budget_used_percent")

_FIGURES: Final = 4
_KPIS: Final = "KPIs"
_BENCHMARKS: Final = "benchmarks"
_USES: Final = frozenset(kpi.use for kpi in metrics.KPIS)


class Known(Struct, frozen=True, kw_only=True):
    """What a digest is made from: reports until the week's end, newest first, those of main and of real devices.

    `kpis` and `benchmarks` also have some from before the week, to compare with. `incidents` are as they are `now`,
    `over` those that ended in the week, and `muted` the fingerprints of alerts of which nothing is to be said.
    `wanted` names the collectors that the configuration lists for the repository, and `measures` says that it lists
    any for models. `left` counts reports of the week that were too many to read.
    """

    week: Week
    now: Time
    repository: str = ""
    kpis: tuple[Report, ...] = ()
    benchmarks: tuple[Report, ...] = ()
    incidents: tuple[Incident, ...] = ()
    over: tuple[Incident, ...] = ()
    muted: frozenset[str] = frozenset()
    rules: tuple[AlertRule, ...] = ()
    wanted: tuple[str, ...] = ()
    measures: bool = False
    left: int = 0


def compose(known: Known) -> Digest:
    """The digest; nothing that is missing counts as good."""
    kpis, newest = known.kpis[:1], _of_each_machine(known.benchmarks)
    lately = _within((*kpis, *newest), known.week)
    moves = changes.found(_within(known.benchmarks, known.week), known.week)
    attention = _attention(known, newest)
    return Digest(
        week=known.week.name,
        repository=known.repository,
        until=min(known.now, known.week.end),
        made=known.now,
        sources=(_source(_KPIS, known.kpis, known.week), _source(_BENCHMARKS, known.benchmarks, known.week)),
        attention=attention,
        over=tuple(Over(name=one.alertname, lasted=matters.lasted(one)) for one in known.over),
        watched=len(known.rules),
        muted=sum(one.is_open for one in known.incidents) - len(_heard(known)),
        steady=_steady(lately, known),
        gates=tuple(_gates(known, newest)),
        figures=tuple(_chosen(kpis, HEADLINES)[:_FIGURES]),
        worst=changes.worst(moves),
        best=changes.best(moves),
        courses=tuple(trend for report in kpis for trend in report.trend if trend.subject == REPOSITORY),
        dependencies=tuple(one for report in kpis for one in report.run.dependencies if one.severity or one.advisories),
        security=tuple(_chosen(kpis, SECURITY)),
        cost=tuple(_chosen(kpis, COST)),
        collectors=_collectors(kpis, known.wanted),
        incomplete=tuple(sentence for report in kpis for sentence in report.run.incomplete),
        notes=tuple(_notes(known)),
    )


def _of_each_machine(reports: Iterable[Report]) -> tuple[Report, ...]:
    """The newest report of each."""
    found: dict[str, Report] = {}
    for report in reports:
        found.setdefault(report.run.machine.key, report)
    return tuple(found.values())


def _within(reports: Iterable[Report], week: Week) -> list[Report]:
    return [report for report in reports if report.run.at >= week.start]


def _attention(known: Known, newest: Sequence[Report]) -> tuple[Matter, ...]:
    rules = {rule.name: rule for rule in known.rules}
    told = matters.covered(known.incidents, rules)
    found = [
        *_of_newest(known.kpis[:1], known.kpis, named=False),
        *_of_newest(newest, known.benchmarks, named=len(newest) > 1),
    ]
    others = [one for one in found if not matters.is_covered(one.subject, one.metric, told)]
    return matters.ordered([*matters.of_incidents(_heard(known), rules), *others, *_missing(known)])


def _heard(known: Known) -> list[Incident]:
    """Those that are open and not muted as a whole."""
    return [
        one
        for one in known.incidents
        if one.is_open and any(alert.fingerprint not in known.muted for alert in firing(one))
    ]


def _of_newest(newest: Iterable[Report], all_of_them: Sequence[Report], *, named: bool) -> Iterator[Matter]:
    for report in newest:
        key = report.run.machine.key
        earlier = [one for one in all_of_them if one.run.machine.key == key and one.run.at < report.run.at]
        yield from matters.of_report(report, earlier, (report.run.machine.host or key) if named else "")


def _missing(known: Known) -> Iterator[Matter]:
    """Key figures are collected on a schedule: a week without any is a fault. Models wait for changes."""
    if known.wanted and not _within(known.kpis, known.week):
        newest = known.kpis[0].run.at if known.kpis else None
        yield matters.missing("KPIs", f"{_NONE}; check that its workflow runs" if newest else _NEVER, newest)


_NONE: Final = "no report of KPIs came this week"
_NEVER: Final = "no report of KPIs came yet; `edgetpu-ci run --kpis` makes one"


def _steady(newest: Iterable[Report], known: Known) -> int:
    """How many figures of which something is demanded are as they should be."""
    told = matters.covered(known.incidents, {rule.name: rule for rule in known.rules})
    return sum(
        all(verdict.status == "passed" for verdict in verdicts)
        and not matters.is_covered(verdicts[0].subject, verdicts[0].metric, told)
        for report in newest
        for verdicts in _by_key(report.verdicts)
    )


def _by_key(verdicts: Iterable[Verdict]) -> list[list[Verdict]]:
    found: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        if (verdict.status, verdict.weight) != ("unknown", "pass"):
            found.setdefault(verdict.key, []).append(verdict)
    return list(found.values())


def _gates(known: Known, newest: Sequence[Report]) -> Iterator[Gate]:
    before = [report for report in known.benchmarks if report.run.at < known.week.start]
    parts: tuple[tuple[Part, Sequence[Report], Sequence[Report]], ...] = (
        (_KPIS, known.kpis[:1], [one for one in known.kpis if one.run.at < known.week.start][:1]),
        (_BENCHMARKS, newest, _of_each_machine(before)),
    )
    for of, now, earlier in parts:
        judged = [verdicts for report in now for verdicts in _by_key(report.verdicts)]
        if judged:
            gate = _gate(of, judged, earlier)
            old = None if _within(now, known.week) else now[0].run.at
            yield replace(gate, as_of=old, earlier=None if old else gate.earlier)


def _gate(of: Part, judged: Sequence[Sequence[Verdict]], earlier: Sequence[Report]) -> Gate:
    past = [verdicts for report in earlier for verdicts in _by_key(report.verdicts)]
    counted = [_worst(verdicts) for verdicts in judged]
    return Gate(
        of=of,
        status=judge.overall([verdict for verdicts in judged for verdict in verdicts]),
        judged=len(judged),
        failed=counted.count("failed"),
        unknown=counted.count("unknown"),
        warned=counted.count("warned"),
        earlier=sum(_worst(one) in {"failed", "unknown"} for one in past) if past else None,
    )


def _worst(verdicts: Sequence[Verdict]) -> str:
    found = {verdict.status for verdict in verdicts}
    return next((status for status in ("failed", "unknown", "warned") if status in found), "passed")


def _source(of: Part, reports: Sequence[Report], week: Week) -> Source:
    if not reports:
        return Source(of=of)
    newest, within = reports[0].run, _within(reports, week)
    return Source(
        of=of,
        count=len(within),
        machines=len({report.run.machine.key for report in within}),
        at=newest.at,
        here=newest.at >= week.start,
        commit=newest.commit,
        branch=newest.branch,
        url=newest.url,
    )


def _chosen(reports: Iterable[Report], names: Sequence[str]) -> list[Measurement]:
    """The figures of the whole repository with these names, in their order; those that were not collected left out."""
    known = {
        metrics.find(m.metric).name: m for report in reports for m in report.run.measurements if m.subject == REPOSITORY
    }
    return [known[name] for name in names if name in known]


def _collectors(kpis: Iterable[Report], wanted: Sequence[str]) -> tuple[int, int]:
    """How many of our collectors brought a value, of those that are listed or tried to."""
    uses = [
        (kpi.use, m.value is not None)
        for report in kpis
        for m in report.run.measurements
        if (kpi := metrics.published(m.metric))
    ]
    brought, listed = {use for use, is_known in uses if is_known}, {use for use, _ in uses} | (_USES & set(wanted))
    return len(brought), len(listed)


def _notes(known: Known) -> Iterator[str]:
    """What there is not at all, and what the digest therefore cannot say."""
    if not known.kpis and not known.wanted:
        yield "KPIs are not collected: nothing is known of builds, reviews, dependencies and cost."
    if not known.benchmarks:
        yield "There is no benchmark report" + (" yet." if known.measures else ": nothing is known of models.")
    if known.left:
        yield f"{known.left:,} older reports of the week were not read."
