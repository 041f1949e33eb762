"""What is built on and given away: dependencies, security, and the package on its index."""

from typing import Final

from edgetpu_ci.metrics.kpi import Kpi, kpi

KPIS: Final[tuple[Kpi, ...]] = (
    kpi(
        "security_score",
        "points",
        "higher",
        "100 less what each open finding costs",
        group="code_quality",
        formula="100 − Σ over open findings (critical 25, high 10, medium 3, low 1), at least 0; at most 20 with an "
        "active leaked secret; unknown without a scan in the last 7 days",
        source="reports of security scanners, and GitHub's alerts",
        permission="security-events: read, vulnerability-alerts: read",
    ),
)
