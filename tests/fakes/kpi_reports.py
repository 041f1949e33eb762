"""Reports of key figures, one for each thing such a report may have to say."""

from collections.abc import Sequence
from datetime import timedelta

from edgetpu_ci.judging import judge
from edgetpu_ci.model import REPOSITORY, Dependency, Earlier, Machine, Measurement, Report, Rule, Run, Trend
from edgetpu_ci.transport import refusal
from tests.fakes.reports import HOSTILE
from tests.fakes.world import AT

WINDOW = ("window", "2026-02-02 05:06 to 2026-03-04 05:06 UTC, 30 days")
SOURCE = ("source", "workflow runs of GitHub Actions")
AGAIN = " (asked again after 2026-03-11 05:06 UTC)"
GATES = (
    Rule(match="*/code_coverage", min=80, target=90),
    Rule(match="*/security_score", min=85, target=95),
    Rule(match="*/build_time", max=300),
    Rule(match="*/test_execution_time", max=60),
    Rule(match="*/build_success_rate", min=90, target=98, owner="build-team", runbook="docs/runbooks/builds.md"),
)


def figure(metric: str, value: float | None = None, subject: str = REPOSITORY, **parts: object) -> Measurement:
    """One key figure of the last 30 days."""
    return Measurement(subject=subject, metric=metric, value=value, **{"details": (WINDOW, SOURCE), **parts})  # type: ignore[arg-type]


def well() -> tuple[Measurement, ...]:
    """A repository in good order, each kind of figure among its own."""
    return (
        figure("test_coverage", 91.24, details=(("excluded", "none"), ("in draft", "none"))),
        figure("linting_score", 98.5, details=()),
        figure("type_coverage", 92.1, details=()),
        figure("security_score", 97, details=(("deducted", "low 3"),)),
        figure("test_execution_time_seconds", 41.3, details=()),
        figure("commits_per_week", 15.4, n=66, earlier=Earlier(value=14.2, n=61)),
        figure("pr_merge_time_hours", 4.2, n=17, interval=(2.9, 7.75), earlier=Earlier(value=9.6, n=21, moved=True)),
        figure("issue_resolution_time_days", 2.8, n=9, interval=(0.9, 6.1), earlier=Earlier(value=3.1, n=12)),
        figure("build_success_rate", 98.51, n=134, interval=(94.7, 99.6), earlier=Earlier(value=97.3, n=149)),
        figure("build_time_seconds", 214, n=134, interval=(209, 222), earlier=Earlier(value=211, n=149)),
        figure("test_pass_rate", 99.2, n=1203, interval=(98.5, 99.6), details=()),
    )


def replaced(*changed: Measurement) -> tuple[Measurement, ...]:
    """The same repository with other figures in the place of some."""
    new = {measurement.key: measurement for measurement in changed}
    return (*(new.pop(measurement.key, measurement) for measurement in well()), *new.values())


def report(
    measurements: Sequence[Measurement],
    rules: Sequence[Rule] = GATES,
    incomplete: tuple[str, ...] = (),
    host: str = "",
    dependencies: Sequence[Dependency] = (),
) -> Report:
    """Judged as a real run is."""
    run = Run(
        id="20260304T050607Z-01234567",
        at=AT,
        machine=Machine(key=REPOSITORY, host=host or "fv-az123-4"),
        measurements=tuple(measurements),
        commit="a1b2c3d4e5f60718293a4b5c6d7e8f9012345678",
        branch="main",
        url="https://github.com/octo/models/actions/runs/1234",
        incomplete=incomplete,
        dependencies=tuple(dependencies),
    )
    verdicts = judge.judge(run.measurements, (), rules)
    trend = tuple(_trend(m) for m in measurements if m.value is not None and m.subject == REPOSITORY)
    return Report(version="0.1.0", run=run, verdicts=verdicts, trend=trend)


def _trend(now: Measurement) -> Trend:
    value = now.value or 0.0
    earlier = (value * factor for factor in (0.82, 0.86, 0.84, 0.91, 0.9, 0.97, 0.95, 1.02))
    return Trend(subject=now.subject, metric=now.metric, values=(*earlier, value), since=AT - timedelta(days=8))


def kpis_all_well() -> Report:
    """Everything demanded holds."""
    return report(well())


def kpis_two_breaches() -> Report:
    """Coverage and the builds are below their limits, one clearly worse than before."""
    worse = Earlier(value=97.3, n=149, moved=True)
    return report(
        replaced(
            figure("test_coverage", 78.2, details=()),
            figure("build_success_rate", 84.33, n=134, interval=(77.2, 89.5), earlier=worse),
        )
    )


def kpis_incomplete() -> Report:
    """Some could not be collected, and it is said which and why."""
    few = "not known: only 3 merged pull requests in 30 days; 5 are needed"
    asked = "not known: GitHub answered 403, Resource not accessible by integration, to GET /repos/o/r"
    given = f"{asked}/code-scanning/alerts; {refusal.lacks('security-events: read')}"
    owners = f"{asked}/actions/runners; {refusal.lacks('administration: read')}"
    old = ", ".join(f"{name}.sarif" for name in ("bandit", "codeql", "gitleaks", "semgrep", "trivy", "zizmor") * 3)
    stale = f"not known: the scan of requirements.txt is from 2026-01-05, those of {old} are more than 7 days old; "
    return report(
        replaced(
            figure("pr_merge_time_hours", reason=few, n=3),
            figure("security_score", reason=given),
            figure("dependabot_alerts", reason=f"{stale}scan it again"),
            figure("runners_online_percent", reason=owners),
            figure("artifact_retention_days", reason=owners.replace("runners", "retention") + AGAIN),
        )[1:],
        incomplete=(
            "Workflow runs from 2026-02-10 to 2026-02-11 are missing: GitHub named 384 and gave 289.",
            "Code scanning alerts were not read: GitHub answered 403.",
        ),
    )  # fmt: skip


def kpis_hostile(text: str = HOSTILE) -> Report:
    """Workflows, reasons, packages and hosts are called whatever a stranger likes."""
    rules = (*GATES, Rule(match="*/workflow_success_rate", min=90, owner=text, runbook=text))
    return report(
        (
            *well(),
            figure("workflow_success_rate", 50, text, n=10, details=((text, text),)),
            figure("workflow_success_rate", None, f"=cmd{text}", reason=text),
            figure("type_errors", None, reason=text),
        ),
        rules,
        incomplete=(text,),
        host=text,
        dependencies=[Dependency(package=text, current=text, latest=text, severity=text, scope=text, fixed_in=text)],
    )


def kpis_many() -> Report:
    """A large repository: 60 workflows, and every figure there is."""
    workflows = [
        figure(metric, value, f"workflow-{number:02}.yml", n=20 + number, earlier=Earlier(value=95, n=30))
        for number in range(60)
        for metric, value in (("workflow_success_rate", 99 - number / 3), ("workflow_duration_seconds", 60.0 + number))
    ]
    few = "not known: no runs in 30 days; 5 are needed"
    idle = [figure("workflow_success_rate", None, f"idle-{number}.yml", reason=few) for number in range(3)]
    more = [
        figure(name, 10.0 + place, n=40)
        for place, name in enumerate(
            ("line_coverage", "branch_coverage", "type_errors", "tests", "flaky_tests", "lint_violations_per_kloc",
             "public_type_coverage", "bot_commits_per_week", "pr_draft_time_hours", "pr_first_review_hours",
             "open_pr_age_days", "open_issue_age_days", "stale_percent", "queue_time_seconds", "flaky_rate",
             "first_attempt_success_rate", "minutes_used", "minutes_month_to_date", "cost_month_to_date_usd",
             "artifact_storage_gb", "cache_storage_gb")
        )
    ]  # fmt: skip
    rules = (*GATES, Rule(match="*/workflow_success_rate", min=80))
    return report([*well(), *more, *workflows, *idle], rules, dependencies=[_dependency(n) for n in range(400)])


_GRAVE = {7: ("critical", 0.943), 19: ("high", 0.0421), 23: ("high", 0.31), 101: ("medium", None), 333: ("low", 0.0004)}


def _dependency(number: int) -> Dependency:
    severity, epss = _GRAVE.get(number, ("", None))
    return Dependency(
        package=f"package-{number:03}",
        current=f"1.{number}.0",
        latest=f"2.{number}.1",
        severity=severity,
        epss=epss,
        scope="development" if number % 3 else "runtime",
        direct=number % 5 == 0,
        fixed_in=f"1.{number}.4" if severity else "",
        advisories=(f"GHSA-aaaa-bbbb-{number:04}",) if severity else (),
    )
