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
        formula="100 − Σ over open findings (critical 25, high 10, medium 3, low 1), at least 0; those that share an "
        "advisory (GHSA, CVE or another name) and the package, or a rule and the place, count once, as the gravest; at "
        "most 20 with an active leaked secret; unknown where the oldest scan is more than 7 days old, a scanner could "
        "not look at all it should, or a severity is not known and matters",
        source="reports of security scanners, and GitHub's alerts",
        permission="security-events: read, vulnerability-alerts: read",
    ),
    kpi(
        "sbom_components",
        "",
        None,
        "components in the bill of materials",
        group="security",
        formula="distinct names and versions in all bills, without what they are the bill of",
        source="CycloneDX and SPDX JSON files",
    ),
)
