"""What is built on and given away: dependencies, security, and the package on its index."""

from typing import Final

from edgetpu_ci.metrics.kpi import Kpi, kpi

_INDEX: Final = "the package index, one request a package"
_ADVISORIES: Final = "GitHub's advisories, a thousand packages a call; reports of pip-audit"
_STATISTICS: Final = (
    "the service of download statistics, one request a package and day; its earlier days from the store"
)

_GRADES: Final = (
    ("critical", "critical severity"),
    *((f"{grade}_or_graver", f"{grade} severity or a graver one") for grade in ("high", "medium", "low")),
)

SCORE: Final[tuple[Kpi, ...]] = (
    kpi(
        "security_score",
        "points",
        "higher",
        "100 less what each open finding costs",
        "security_scan_score",
        group="code_quality",
        formula="100 − Σ over open findings (critical 25, high 10, medium 3, low 1), at least 0; those that share an "
        "advisory (GHSA, CVE or another name) and the package, or a rule and the place, count once, as the gravest; "
        "at most 20 with an active leaked secret; unknown where the oldest scan is more than 7 days old, a scanner "
        "could not look at all it should, or a severity is not known and matters",
        source="reports of security scanners, and GitHub's alerts",
        permission="security-events: read, vulnerability-alerts: read",
    ),
    *(
        kpi(
            f"{grade}_vulnerabilities",
            "",
            "lower",
            f"open findings of {severity}",
            group="security",
            formula="findings as security_score counts them; what was found counts even where not all could be looked "
            "at; unknown where none was and a scan is missing, older than 7 days or not whole, or where a severity is "
            "not known and matters",
            source="reports of security scanners, and GitHub's alerts",
            permission="security-events: read, vulnerability-alerts: read",
        )
        for grade, severity in _GRADES
    ),
)

COMPONENTS: Final[tuple[Kpi, ...]] = (
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

DEPENDENCIES: Final[tuple[Kpi, ...]] = (
    kpi(
        "dependency_health_score",
        "points",
        "higher",
        "how sound, recent, maintained and pinned dependencies are",
        group="reliability",
        formula="100 · (0.4 · (1 − Σ over vulnerable packages of critical 1, high 0.4, medium 0.12, low 0.04, "
        "unknown 1 / packages) + 0.3 · share of direct packages on the latest version or its minor version + 0.15 · "
        "share with a version in the last 730 days and not archived + 0.15 · share pinned to one version); parts "
        "that are not known are left out, named, and the weights of the others raised to 1",
        source=f"lock and requirements files; {_INDEX}; {_ADVISORIES}",
    ),
    kpi(
        "outdated_dependencies",
        "",
        "lower",
        "packages of which there is a newer version",
        group="reliability",
        formula="packages below the highest version that was not yanked, is no preview and suits the Python; those "
        "the index does not have are left out and named",
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
    *(
        kpi(
            f"{grade}_vulnerable_dependencies",
            "",
            "lower",
            f"packages with a known weakness of {severity}",
            group="security",
            formula="as vulnerable_dependencies, each by its gravest weakness; unknown where none is counted and of "
            "one the severity is not known",
            source=_ADVISORIES,
        )
        for grade, severity in _GRADES
        if grade != "low_or_graver"
    ),
    kpi(
        "libyears",
        "years",
        "lower",
        "how far dependencies are behind, all together",
        group="reliability",
        formula="Σ over outdated packages of upload of the latest version − upload of the current one, at least 0, "
        "in years of 365.25 days",
        source=_INDEX,
    ),
)

PACKAGE: Final[tuple[Kpi, ...]] = (
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
        formula="1 when the highest version has an sdist and a wheel, was not yanked, and is that of the newest tag "
        "of this clone, where there is one",
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

SECURITY: Final[tuple[Kpi, ...]] = (
    kpi(
        "dependabot_alerts",
        "",
        "lower",
        "open alerts of Dependabot",
        group="security",
        formula="alerts whose state is open",
        source="GitHub",
        permission="vulnerability-alerts: read",
    ),
    kpi(
        "code_scanning_alerts",
        "",
        "lower",
        "open alerts of code scanning",
        group="security",
        formula="alerts of the default branch whose state is open",
        source="GitHub",
        permission="security-events: read",
    ),
    kpi(
        "secret_scanning_alerts",
        "",
        "lower",
        "open alerts of leaked secrets",
        group="security",
        formula="alerts whose state is open; one that GitHub does not know to be inactive may still be active",
        source="GitHub, which is told to hide the secrets",
        permission="secret-scanning-alerts: read",
    ),
    kpi(
        "security_scan_age_hours",
        "h",
        "lower",
        "how long ago a scanner last ran",
        group="security",
        formula="now − the newest of: code scanning's last analysis, the end of the last good run of "
        "`scan_workflow`, and when each report says it was made, else its file was written",
        source="GitHub; reports of security scanners",
        permission="security-events: read, actions: read",
    ),
    kpi(
        "pinned_actions_percent",
        "%",
        "higher",
        "uses of others' actions that name a commit",
        group="security",
        formula="100 · uses by a commit's whole SHA, of images by their digest / uses of actions, workflows and "
        "images that are not of this repository",
        source=".github/workflows, action.yml and .github/actions of this checkout",
    ),
    kpi(
        "workflows_without_permissions",
        "",
        "lower",
        "workflows with jobs that have whatever the default is",
        group="security",
        formula="files that state `permissions` neither for all jobs nor for each of them",
        source=".github/workflows of this checkout",
    ),
    kpi(
        "workflow_token_restricted",
        "",
        "higher",
        "1 when a workflow's token may only read by default",
        group="security",
        formula="1 when the default is read, and workflows may not approve pull requests, else 0",
        source="GitHub's settings of Actions",
        permission="administration: read",
    ),
    kpi(
        "branch_protected",
        "",
        "higher",
        "1 when the default branch has rules",
        group="security",
        formula="1 when a rule asks for pull requests or status checks or refuses force pushes, or the branch is "
        "protected in the older way, else 0",
        source="GitHub's rules of the branch",
        permission="metadata: read, contents: read",
    ),
    kpi(
        "security_settings_percent",
        "%",
        "higher",
        "settings of security that are on",
        group="security",
        formula="100 · those that are on / Dependabot alerts, Dependabot security updates, private vulnerability "
        "reports, immutable releases, actions must be pinned by SHA",
        source="GitHub's settings of the repository",
        permission="administration: read",
    ),
)

SITE: Final[tuple[Kpi, ...]] = (
    kpi(
        "site_up",
        "",
        "higher",
        "1 when a site answers",
        group="distribution",
        formula="1 when two of at most three tries, five seconds apart, end in a page (200 to 299) after at most ten "
        "redirects, else 0",
        source="the site, asked from where edgetpu-ci runs",
    ),
    kpi(
        "site_redirects",
        "",
        "lower",
        "redirects until the page comes",
        group="distribution",
        formula="those of the last good try",
        source="the site",
    ),
    kpi(
        "tls_days_left",
        "days",
        "higher",
        "how long a site's certificate is good",
        group="distribution",
        formula="end of the certificate − now; unknown, with why, where the machine does not trust it",
        source="the site's host",
    ),
    kpi(
        "github_api_reachable",
        "",
        "higher",
        "1 when GitHub's API answers",
        group="distribution",
        formula="1 when the rate limit was told, asked again as for every request, else 0",
        source="GitHub",
    ),
)
