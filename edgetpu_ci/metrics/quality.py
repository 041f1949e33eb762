"""Code quality: what the reports of coverage, test, lint, type and security tools say."""

from typing import Final

from edgetpu_ci.metrics.kpi import Kpi, kpi

KPIS: Final[tuple[Kpi, ...]] = (
    kpi(
        "test_coverage",
        "%",
        "higher",
        "lines and branches that tests covered",
        "code_coverage",
        group="code_quality",
        formula="100 · (lines covered + branches covered) / (lines + branches), summed over all files that are read",
        source="the files coverage tools write",
    ),
    kpi(
        "test_execution_time_seconds",
        "s",
        "lower",
        "how long the tests took",
        "test_execution_time",
        group="code_quality",
        formula="sum of the times of all tests",
        source="the JUnit files test tools write",
    ),
)
