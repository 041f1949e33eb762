"""Reports that alerts are evaluated of, and the six alerts of a monitoring document."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.model import REPOSITORY, History, Machine, Measurement, Point, Report, Run, Shift

START: Final = datetime(2026, 11, 25, 12, tzinfo=UTC)
LABELS: Final = {"repo": "o/r", "branch": "main"}

SECURITY: Final = AlertRule(
    name="security_vulnerability_detected",
    match="*/critical_vulnerabilities",
    above=0,
    severity="critical",
    priority="p0_critical",
)
STREAK: Final = AlertRule(
    name="build_failure_streak",
    match="*/workflow_failure_streak",
    above=3,
    severity="critical",
    priority="p0_critical",
)
PACKAGE: Final = AlertRule(
    name="package_unavailable", match="*/package_available", below=1, severity="critical", priority="p0_critical"
)
COVERAGE: Final = AlertRule(name="test_coverage_drop", match="*/test_coverage", below=80, priority="p2_medium")
REGRESSION: Final = AlertRule(
    name="performance_regression", match="*/throughput_fps", worse_by_percent=10, priority="p1_high"
)
DEPENDENCY: Final = AlertRule(
    name="dependency_vulnerability", match="*/medium_or_graver_vulnerable_dependencies", above=0, priority="p2_medium"
)


def at(minutes: float) -> datetime:
    """So many minutes after the first run."""
    return START + timedelta(minutes=minutes)


def value(metric: str, found: float | None, subject: str = REPOSITORY, **parts: Any) -> Measurement:
    """One that was measured, or, as None, was not."""
    parts.setdefault("reason", "" if found is not None else "GitHub did not answer")
    return Measurement(subject=subject, metric=metric, value=found, **parts)


def report(*measurements: Measurement, minutes: float = 0, machine: str = REPOSITORY, **parts: Any) -> Report:
    """Of a run so many minutes after the first."""
    run = Run(
        id=f"run-{minutes:06g}",
        at=at(minutes),
        machine=Machine(key=machine),
        measurements=measurements,
        commit=f"c{minutes:06g}",
        branch="main",
        contended=parts.pop("contended", ""),
    )
    return Report(run=run, **parts)


THROUGHPUT: Final = value("throughput_fps", 700, "mobilenet", device="cpu")


def shifted(before: float, after: float, tier: str = "confirmed", runs: int = 20) -> Report:
    """Throughput that moved ten minutes ago from one level to another."""
    good, bad = (Point(at=at(n), value=1, commit=name, report=name) for n, name in ((-20, "1a2b3c4"), (-10, "9f8e7d6")))
    shift = Shift(
        tier=tier,  # type: ignore[arg-type]
        finding="regressed" if after < before else "improved",
        before=before,
        after=after,
        good=good,
        bad=bad,
        runs=3,
        commits=4,
    )
    history = History(subject="mobilenet", metric="throughput_sustained_fps", runs=runs, shifts=(shift,))
    return report(THROUGHPUT, machine="pi5", history=(history,))
