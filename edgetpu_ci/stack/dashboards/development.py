"""The development dashboard of the operational monitoring document, and the key figures beside it. Pure."""

from edgetpu_ci.stack.dashboards.record import Dashboard, Panel, Query, Threshold
from edgetpu_ci.stack.dashboards.series import Selecting


def dashboard(select: Selecting) -> Dashboard:
    """Builds, coverage, security, dependencies; then how the work goes."""
    return Dashboard(
        name="development",
        title="Development Dashboard",
        description="Whether the repository is in good order: builds, tests, security and what it is built on.",
        last="30d",
        panels=(*_of_code(select), *_of_security(select), *_beside(select)),
        commits=select.new_commits(),
    )


def _of_code(select: Selecting) -> tuple[Panel, ...]:
    return (
        Panel(
            title="Build Success Rate",
            description="Share of the builds of the branch that passed in 30 days. Good from 98 %.",
            drawn="stat",
            queries=(Query(expr=select.recorded("github_actions_success_rate"), legend="{{branch}}"),),
            unit="percent",
            width=6,
            decimals=1,
            thresholds=_from(90, 95, 98),
        ),
        Panel(
            title="Test Coverage Trend",
            description="Share of what can be covered that the tests reach.",
            drawn="timeseries",
            queries=(Query(expr=select.recorded("test_coverage_percentage"), legend="{{branch}}"),),
            unit="percent",
            width=12,
            last="30d",
        ),
    )


def _of_security(select: Selecting) -> tuple[Panel, ...]:
    return (
        Panel(
            title="Security Score",
            description="100 less what each weakness deducts by its severity. Good from 95.",
            drawn="gauge",
            queries=(Query(expr=select.recorded("security_scan_score"), legend="{{branch}}"),),
            unit="none",
            width=6,
            min=0,
            max=100,
            thresholds=_from(70, 85, 95),
        ),
        Panel(
            title="Dependency Health",
            description="Packages that are vulnerable or only outdated, with the gravest severity of their advisories.",
            drawn="table",
            queries=(_counted(select, "vulnerable", 'severity!=""'), _counted(select, "outdated", 'severity=""')),
            unit="none",
            width=24,
            columns=("package", "current", "latest", "severity"),
        ),
    )


def _counted(select: Selecting, which: str, only: str) -> Query:
    """The packages of a count of the document, which itself has no names."""
    packages, count = select.exported("dependency_info", only), select.recorded(f"{which}_dependencies")
    return Query(expr=f"{packages} and on (repo, branch) {count} > 0")


def _from(red: float, yellow: float, green: float) -> tuple[Threshold, ...]:
    """Each colour from its number on, and a darker red below the first."""
    return (Threshold(None, "dark-red"), Threshold(red, "red"), Threshold(yellow, "yellow"), Threshold(green, "green"))


def _beside(select: Selecting) -> tuple[Panel, ...]:
    whole = 'subject="repository"'
    return tuple(
        Panel(
            title=title,
            description=description,
            drawn="stat",
            queries=(Query(expr=select.figure(metric, whole), legend="{{branch}}"),),
            unit=unit,
            width=4,
            height=5,
            decimals=1,
        )
        for title, metric, unit, description in (
            ("Tests Passed", "test_pass_rate", "percentunit", "Share of the tests of the newest run that passed."),
            ("Type Coverage", "type_coverage", "percentunit", "Share of the code whose types are known."),
            ("Linting Score", "linting_score", "points", "100 less what the linters found, for the size of the code."),
            ("Time to Merge", "pr_merge_time_hours", "s", "Median time from ready for review to merged, in 30 days."),
            ("Commits", "commits_per_week", "per week", "Commits of people to the default branch, in 30 days."),
            ("Deployments", "deployment_frequency_per_week", "per week", "Successful deployments, in 30 days."),
        )
    )
