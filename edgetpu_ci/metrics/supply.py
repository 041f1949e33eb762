"""What is built on and given away: dependencies, security, and the package on its index."""

from typing import Final

from edgetpu_ci.metrics.kpi import Kpi, kpi

_INDEX: Final = "the package index, one request a package"
_ADVISORIES: Final = "GitHub's advisories, a thousand packages a call; reports of pip-audit"
_STATISTICS: Final = (
    "the service of download statistics, one request a package and day; its earlier days from the store"
)

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
    kpi(
        "dependency_health_score",
        "points",
        "higher",
        "how sound, recent, maintained and pinned dependencies are",
        group="reliability",
        formula="100 · (0.4 · (1 − Σ over vulnerable packages of critical 1, high 0.4, medium 0.12, low 0.04, unknown "
        "1 / packages) + 0.3 · share of direct packages on the latest version or its minor version + 0.15 · share with a "
        "version in the last 730 days and not archived + 0.15 · share pinned to one version); parts that are not known "
        "are left out, named, and the weights of the others raised to 1",
        source=f"lock and requirements files; {_INDEX}; {_ADVISORIES}",
    ),
    kpi(
        "outdated_dependencies",
        "",
        "lower",
        "packages of which there is a newer version",
        group="reliability",
        formula="packages below the highest version that was not yanked, is no preview and suits the Python; those the "
        "index does not have are left out and named",
        source=_INDEX,
    ),
    kpi(
        "vulnerable_dependencies",
        "",
        "lower",
        "packages with a known weakness",
        group="security",
        formula="packages whose version is in the range of an advisory that was not withdrawn; names of one advisory "
        "(GHSA, CVE, PYSEC) count once",
        source=_ADVISORIES,
    ),
    kpi(
        "libyears",
        "years",
        "lower",
        "how far dependencies are behind, all together",
        group="reliability",
        formula="Σ over outdated packages of upload of the latest version − upload of the current one, at least 0, in "
        "years of 365.25 days",
        source=_INDEX,
    ),
    *(
        kpi(
            f"downloads_last_{span}",
            "",
            "higher",
            f"downloads in the last {span} that is known",
            group="distribution",
            formula=f"sum over {days} up to the newest that is told, without mirrors, installs by CI included",
            source=_STATISTICS,
        )
        for span, days in (("day", "the day"), ("week", "7 days"), ("month", "30 days"))
    ),
    kpi(
        "release_age_days",
        "days",
        None,
        "age of the newest version",
        group="distribution",
        formula="now − upload of the first file of the highest version that was not yanked and is no preview",
        source=_INDEX,
    ),
    kpi(
        "package_available",
        "",
        "higher",
        "1 when the package can be fetched",
        group="distribution",
        formula="1 when the index page, each file of the newest version and its metadata answer within three tries, "
        "else 0; of each file the first byte is fetched",
        source="the package index and where its files lie",
    ),
    kpi(
        "release_complete",
        "",
        "higher",
        "1 when the newest version is whole",
        group="distribution",
        formula="1 when the highest version has an sdist and a wheel, was not yanked, and is that of the newest tag of "
        "this clone, where there is one",
        source="the package index; tags of this clone",
    ),
    kpi(
        "latest_version_yanked",
        "",
        "lower",
        "1 when the highest version was yanked",
        group="distribution",
        formula="1 when all files of the highest version that is no preview were yanked, else 0",
        source=_INDEX,
    ),
)
