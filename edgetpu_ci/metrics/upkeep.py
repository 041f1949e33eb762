"""What running costs, and whether the rules of data, access and review are kept."""

from typing import Final

from edgetpu_ci.metrics.kpi import Kpi, kpi

_JOBS: Final = "jobs of the runs that `use: github` keeps; rates with their first days (docs/cost.md)"
_MONTH: Final = "the UTC month until now"
_GIVEN: Final = "estimated: usd_per_month + usd_per_unit × units, as configured"

_MINUTES: Final = (
    f"Σ over executions of jobs that ended in {_MONTH}, of all attempts, of ⌈(completed − started) / 60 s⌉; "
    "skipped jobs 0"
)
_LIST: Final = (
    "Σ minutes × rate of the runner's kind on that day; the kind by the job's labels, where they are not known by "
    "those of the same job in the newest run that tells them; self-hosted 0, standard runners of a public repository "
    "0; minutes without a price are left out and counted"
)

COST: Final[tuple[Kpi, ...]] = (
    kpi(
        "minutes_month_to_date",
        "min",
        "lower",
        "minutes of GitHub Actions this month, as they are billed",
        group="cost",
        formula=_MINUTES,
        source=_JOBS,
        permission="metadata: read",
    ),
    kpi(
        "cost_month_to_date_usd",
        "USD",
        "lower",
        "what this month's minutes cost, beyond what the plan includes",
        "ci_cd_cost_usd",
        group="cost",
        formula=f"larger runners + standard runners × max(0, 1 − included minutes / minutes), each {_LIST}; a minute "
        "of Windows uses up 2 included ones, of macOS 10; the account's other repositories, which share them, are not "
        "known here",
        source=_JOBS,
        permission="metadata: read",
    ),
    kpi(
        "cost_forecast_usd",
        "USD",
        "lower",
        "what this month's minutes will have cost at its end",
        group="cost",
        formula="(the list price so far + the mean day of the last 28 × the days left), less what the plan includes; "
        "at least 7 days; the interval is Student's for a sum of days that differ as those did",
        source=_JOBS,
        permission="metadata: read",
    ),
    kpi(
        "budget_used_percent",
        "%",
        "lower",
        "how much of `budget_usd` this month's minutes used",
        group="cost",
        formula="100 × cost_month_to_date_usd / budget_usd",
        source=_JOBS,
        permission="metadata: read",
    ),
    *(
        kpi(
            f"{what}_{name}",
            unit,
            "lower",
            f"{meaning} of one {of} this month",
            group="cost",
            formula=formula,
            source=_JOBS,
            permission="metadata: read",
        )
        for what, of in (("workflow", "workflow"), ("runner", "kind of runner, by its labels"))
        for name, unit, meaning, formula in (
            ("minutes_month_to_date", "min", "minutes", _MINUTES),
            ("cost_month_to_date_usd", "USD", "the list price, before what the plan includes,", _LIST),
        )
    ),
    kpi(
        "billed_month_to_date_usd",
        "USD",
        "lower",
        "what GitHub billed for Actions this month, after discounts",
        group="cost",
        formula="Σ netAmount of the month's lines for this repository and Actions: minutes and storage",
        source="the usage summary of GitHub's billing, by year and month; it is some hours behind",
        permission="organization-administration: read",
    ),
    kpi(
        "artifact_storage_gb",
        "GB",
        "lower",
        "what artifacts hold now",
        "storage_gb",
        group="cost",
        formula="Σ size_in_bytes / 10⁹ of artifacts that have not expired, newest first until a page has none of them; "
        "unknown when more than 2,000 are alive; logs and summaries do not count as storage",
        source="the list of artifacts",
        permission="actions: read",
    ),
    kpi(
        "artifact_storage_cost_usd",
        "USD",
        "lower",
        "what storing artifacts cost this month, before what the plan includes",
        group="cost",
        formula="Σ GB × hours this month, of artifacts that are alive, × price of a GB-hour; a price of a GB-month is "
        "divided by the hours of the month; public repositories 0; not measured where nobody tells a price",
        source="the list of artifacts; the price is configured, else that of GitHub's bill",
        permission="actions: read",
    ),
    kpi(
        "cache_storage_gb",
        "GB",
        "lower",
        "what caches of Actions hold now",
        group="cost",
        formula="active_caches_size_in_bytes / 10⁹, as counted in the last five minutes",
        source="GitHub's usage of caches",
        permission="actions: read",
    ),
    kpi(
        "artifact_retention_days",
        "days",
        "lower",
        "for how long artifacts and logs are kept",
        group="cost",
        formula="the setting, as it is for what is stored from now on",
        source="GitHub's setting of artifact and log retention",
        permission="administration: read",
    ),
    kpi(
        "api_calls_used",
        "requests",
        "lower",
        "how many requests to GitHub's API this run sent",
        "api_calls",
        group="cost",
        formula="requests that were sent until then, each try counted, by `use: cost` itself and by what is collected "
        "before it; GraphQL also in points, as GitHub says what a query cost",
        source="the run's own book of requests",
    ),
    kpi(
        "monitoring_cost_usd",
        "USD",
        "lower",
        "what monitoring services cost in a month",
        "monitoring_services",
        group="cost",
        formula=_GIVEN,
        source="`monitoring` of `use: cost`",
    ),
    kpi(
        "log_storage_cost_usd",
        "USD",
        "lower",
        "what storing logs outside GitHub costs in a month; GitHub stores its own for nothing",
        "log_storage",
        group="cost",
        formula=_GIVEN,
        source="`logs` of `use: cost`",
    ),
    kpi(
        "notification_cost_usd",
        "USD",
        "lower",
        "what services that notify cost in a month",
        "alerting",
        group="cost",
        formula=_GIVEN,
        source="`notifications` of `use: cost`",
    ),
)

COMPLIANCE: Final[tuple[Kpi, ...]] = (
    kpi(
        "data_retention_compliant",
        "",
        "higher",
        "1: logs on GitHub and rows in the store are kept no longer than the policy says",
        "data_retention",
        group="compliance",
        formula="GitHub's days of artifact and log retention ≤ log_retention_days of `actions_logs`, and no row in the "
        "store is older than `retention_days` of `use: github`, else its days in the register (with 8 days for the "
        "weekly look)",
        source="GitHub's setting; the store",
        permission="administration: read",
    ),
    kpi(
        "data_minimisation_compliant",
        "",
        "higher",
        "1: nothing is stored that has no purpose, legal basis and days in the register",
        "data_minimization_compliant",
        "data_minimization",
        group="compliance",
        formula="every named value of the store is registered, and so is every field of the newest value of each kind",
        source="the store; edgetpu_ci/upkeep/register.py (docs/compliance.md)",
    ),
    kpi(
        "permissions_audit_compliant",
        "",
        "higher",
        "1: who and what may reach the repository is as it was signed off",
        "consent_tracking",
        group="compliance",
        formula="no collaborator, outside collaborator, deploy key, hook, secret, environment or permission of "
        "workflow tokens was added, removed or changed since the newest review; unknown when one cannot be read",
        source="GitHub's settings; the newest review in the store",
        permission="administration: read, secrets: read, repository-hooks: read, actions: read, metadata: read",
    ),
    kpi(
        "access_review_compliant",
        "",
        "higher",
        "1: access was reviewed and signed off in the last quarter",
        "access_reviews",
        group="compliance",
        formula="the newest signed-off review is at most review_days old, 92 where nothing is configured",
        source="the store, where `edgetpu-ci review access --sign-off` records it",
    ),
    kpi(
        "daily_scan_compliant",
        "",
        "higher",
        "1: a security scan ended in the last 26 hours",
        "vulnerability_scanning",
        group="compliance",
        formula="the newest code-scanning analysis, or the newest successful run of the workflow `scan`, is younger "
        "than 26 hours",
        source="GitHub's code-scanning analyses and workflow runs",
        permission="security-events: read, actions: read",
    ),
    kpi(
        "incident_documentation_compliant",
        "",
        "higher",
        "1: every closed incident has a post-mortem",
        "incident_documentation",
        group="compliance",
        formula="every issue with the label `incident_label` that was closed in the last 365 days, but more than "
        "postmortem_days (5) ago, has a post-mortem: filled in below each of its headings in the issue, or a file that "
        "`postmortems` means names the issue (#17, or its address); so is every critical incident of the store named "
        "that no issue is of (f329e9e0-7)",
        source="GitHub's issues; incidents in the store; files of the checkout",
        permission="issues: read",
    ),
    kpi(
        "configuration_review_compliant",
        "",
        "higher",
        "1: this configuration was looked through in the last quarter",
        group="compliance",
        formula="today − `reviewed` ≤ review_days, 92 where nothing is configured",
        source="`reviewed` of `use: compliance`",
    ),
)
