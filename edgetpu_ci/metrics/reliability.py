"""Reliability of CI: how often builds succeed, and how long they take."""

from typing import Final

from edgetpu_ci.metrics.kpi import Kpi, kpi

KPIS: Final[tuple[Kpi, ...]] = (
    kpi(
        "build_time_seconds",
        "s",
        "lower",
        "how long a build takes",
        "build_time",
        group="reliability",
        formula="median over the runs of the default branch of the summed wall time of the jobs that build",
        source="jobs of workflow runs",
        permission="actions: read",
    ),
)
