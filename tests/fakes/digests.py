"""What a store may know of a week, one for each thing a digest may have to say."""

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.digest import Known, week
from edgetpu_ci.incidents.record import Alert, Incident, Sighting
from edgetpu_ci.judging import judge
from edgetpu_ci.model import (
    Comparison,
    Dependency,
    Earlier,
    History,
    Machine,
    Measurement,
    Point,
    Report,
    Rule,
    Run,
    Shift,
    Trend,
)
from tests.fakes.kpi_reports import GATES, figure
from tests.fakes.reports import HOSTILE, MACHINE

WEEK = week.parse("2026-W47")
NOW = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
"""Friday afternoon of that week."""

RULES = (
    *GATES,
    Rule(match="*/throughput_sustained_fps", no_change_point=True, owner="performance-team"),
    Rule(match="*/error_rate_percent", max=1),
)
STREAK = AlertRule(
    name="build_failure_streak",
    match="repository/failure_streak",
    above=3,
    severity="critical",
    priority="p0_critical",
    escalation="development_team",
)
_URL = "https://github.com/octo/models/actions/runs"
_COMMIT = "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678"


def headlines(coverage: float = 91.24, builds: float = 98.51) -> tuple[Measurement, ...]:
    """The key figures a digest looks for."""
    moved = Earlier(value=98.1, n=149, moved=True) if builds < 90 else Earlier(value=97.3, n=149)
    included = ("included minutes", "1,930 of 2,000 used by this repository")
    return (
        figure("test_coverage", coverage, details=()),
        figure("security_score", 97, details=()),
        figure("build_success_rate", builds, n=142, earlier=moved),
        figure("run_duration_seconds", 396, n=142, details=(("p75", "444 s"),), earlier=Earlier(value=399, n=149)),
        figure("pr_merge_time_hours", 9.1, n=17, details=(("p75", "31.0 h"),), earlier=Earlier(value=8, n=20)),
        figure("deployment_frequency_per_week", 2, n=9, details=()),
        figure("build_time_seconds", 214, n=142, details=()),
        figure("test_execution_time_seconds", 41.3, details=()),
        figure("vulnerable_dependencies", 1, details=()),
        figure("outdated_dependencies", 12, details=()),
        figure("minutes_month_to_date", 1930, n=310, details=()),
        figure("cost_month_to_date_usd", 0, n=310, details=(included,)),
        figure("cost_forecast_usd", 4.2, n=28, interval=(1.1, 7.9), details=()),
    )


WEAK = Dependency(package="tifig", current="1.2", latest="1.5", severity="high", fixed_in="1.4", advisories=("GHSA-1",))


def kpis(at: datetime, measured: tuple[Measurement, ...] = headlines(), **parts: object) -> Report:
    """A report of the repository, judged."""
    known = {"dependencies": (WEAK,), "commit": _COMMIT, "branch": "main", "url": f"{_URL}/{at:%m%d}1", **parts}
    run = Run(
        id=f"{at:%Y%m%dT%H%M%SZ}-01234567",
        at=at,
        machine=Machine(key="repository"),
        measurements=measured,
        **known,  # type: ignore[arg-type]
    )
    course = Trend(subject="repository", metric="build_success_rate", values=(97.1, 96.2, 98.0, 97.7, 98.1, 84.33))
    return Report(version="0.1.0", run=run, verdicts=judge.judge(measured, (), GATES), trend=(course,))


def benchmark(
    at: datetime, *, history: tuple[History, ...] = (), comparisons: tuple[Comparison, ...] = (), errors: float = 0
) -> Report:
    """A report of models, judged as one of main is."""
    measured = tuple(
        Measurement(subject=model, metric=metric, value=value)
        for model, fps in (("mobilenet_v2", 361.0), ("yolo_nano", 126.1))
        for metric, value in (("throughput_sustained_fps", fps), ("error_rate_percent", errors))
    )
    run = Run(
        id=f"{at:%Y%m%dT%H%M%SZ}-89abcdef",
        at=at,
        machine=MACHINE,
        measurements=measured,
        commit=_COMMIT,
        branch="main",
        url=f"{_URL}/{at:%m%d}2",
    )
    steady = tuple(
        History(subject=m.subject, metric=m.metric, runs=40) for m in measured if m.metric.startswith("throughput")
    )
    known = {one.key: one for one in (*steady, *history)}
    verdicts = judge.judge(measured, (), RULES[len(GATES) :], history=tuple(known.values()))
    return Report(version="0.1.0", run=run, verdicts=verdicts, comparisons=comparisons, history=tuple(known.values()))


def slower(at: datetime = NOW - timedelta(days=2)) -> History:
    """A model that lost a tenth on Wednesday, confirmed."""
    good = Point(at=at - timedelta(hours=7), value=404.0, commit="9f8e7d6c5b4a", report="r1")
    bad = Point(at=at, value=361.0, commit=_COMMIT, report="r2", url=f"{_URL}/77")
    shift = Shift(
        tier="confirmed", finding="regressed", before=404.2, after=361.3, good=good, bad=bad, runs=6, commits=4
    )
    return History(subject="mobilenet_v2", metric="throughput_sustained_fps", runs=40, shifts=(shift,))


WIN = Comparison(
    subject="yolo_nano",
    metric="throughput_sustained_fps",
    base=117.2,
    head=126.1,
    finding="improved",
    ratio=1.076,
    interval=(1.069, 1.082),
)


def incident(rule: AlertRule = STREAK, number: int = 1, **parts: object) -> Incident:
    """Four failing builds since Thursday."""
    seen = Sighting(at=NOW - timedelta(hours=20), value=4, commit=_COMMIT, url=f"{_URL}/4711")
    labels = {"alertname": rule.name, "repo": "octo/models", "branch": "main", "severity": rule.severity}
    alert = Alert(
        fingerprint="f" * 16,
        rule=rule.name,
        labels=labels,
        state="firing",
        bad=seen,
        last=seen,
        because="4 builds in a row failed, more than 3",
    )
    known = {"severity": rule.severity, "priority": rule.priority, "opened_at": seen.at, **parts}
    return Incident(key="c0ffee" * 10, number=number, labels=labels, alerts=(alert,), **known)  # type: ignore[arg-type]


def days_before(days: int, hour: int = 5) -> datetime:
    """A morning of the week, or before it."""
    return NOW.replace(hour=hour) - timedelta(days=days)


def known(**parts: object) -> Known:
    """What there is to tell; `parts` replace any of it."""
    whole = {
        "week": WEEK,
        "now": NOW,
        "repository": "octo/models",
        "kpis": (kpis(days_before(0)), kpis(days_before(7))),
        "benchmarks": (benchmark(days_before(1)), benchmark(days_before(8))),
        "wanted": ("github", "reports", "dependencies", "security", "cost"),
        "measures": True,
        **parts,
    }
    return Known(**whole)  # type: ignore[arg-type]


def digest_quiet() -> Known:
    """Everything demanded holds, and nothing is missing."""
    well = tuple(figure(m.metric, 0, details=()) if m.metric == "vulnerable_dependencies" else m for m in headlines())
    return known(kpis=(kpis(days_before(0), well, dependencies=()), kpis(days_before(7))))


def digest_attention() -> Known:
    """An incident, a broken gate, a model that became slower, another that became faster."""
    bad = headlines(coverage=78.2, builds=84.33)
    return known(
        kpis=(kpis(days_before(0), bad), kpis(days_before(1), bad), kpis(days_before(2)), kpis(days_before(7))),
        benchmarks=(
            benchmark(days_before(1), history=(slower(),), comparisons=(WIN,)),
            benchmark(days_before(8)),
        ),
        incidents=(incident(),),
        rules=(STREAK,),
    )


def digest_incomplete() -> Known:
    """Figures that were not read, a collector that brought nothing, no benchmark in this week."""
    gone = "not known: GitHub answered 403, Resource not accessible by integration"
    some = tuple(
        replace(m, value=None, reason=gone, n=0, earlier=None)
        if m.metric in {"run_duration_seconds", "minutes_month_to_date", "cost_forecast_usd", "security_score"}
        else m
        for m in headlines()
    )
    report = kpis(days_before(0), some, incomplete=("Code scanning alerts were not read: GitHub answered 403.",))
    return known(kpis=(report,), benchmarks=(benchmark(days_before(9)),))


def digest_stale() -> Known:
    """Key figures are configured, and none came this week."""
    return known(kpis=(kpis(days_before(12)),))


def digest_only_kpis() -> Known:
    """A repository that measures no model."""
    return replace(digest_quiet(), benchmarks=(), measures=False)


def digest_only_benchmarks() -> Known:
    """A repository of which nothing else is collected."""
    return known(kpis=(), wanted=())


def digest_empty() -> Known:
    """A store with nothing in it, and nothing configured."""
    return known(kpis=(), benchmarks=(), wanted=(), measures=False)


def digest_huge() -> Known:
    """200 figures with limits that are broken, 500 incidents, names longer than anybody reads."""
    rules = tuple(Rule(match=f"*/value_lower_n{n}", max=1) for n in range(200))
    measured = tuple(
        Measurement(subject="a long name " * 20, metric=f"value_lower_n{n}", value=10.0 + n) for n in range(200)
    )
    report = kpis(days_before(0))
    many = replace(
        report,
        run=replace(report.run, measurements=(*headlines(), *measured), incomplete=("lost " * 100,) * 300),
        verdicts=judge.judge(measured, (), rules),
    )
    names = (replace(STREAK, name=f"alert_{'x' * 50}_{n}") for n in range(500))
    return known(kpis=(many,), incidents=tuple(incident(rule, n) for n, rule in enumerate(names)))


def digest_hostile(text: str = HOSTILE) -> Known:
    """Subjects, reasons, packages, branches and owners are called whatever a stranger likes."""
    rules = (*GATES, Rule(match="*/workflow_success_rate", min=90, owner=text))
    measured = (*headlines(), figure("workflow_success_rate", 50, text), figure("type_errors", None, reason=text))
    weak = Dependency(package=text, current=text, severity="critical", fixed_in=text)
    report = kpis(days_before(0), measured, dependencies=(weak,), branch=text, url=f"https://evil.example/{text}")
    judged = replace(report, verdicts=judge.judge(measured, (), rules))
    alert = incident()
    strange = replace(alert, alerts=(replace(alert.alerts[0], because=text, labels={"subject": text}),))
    return known(kpis=(judged,), incidents=(replace(strange, priority=text),), repository=text)
