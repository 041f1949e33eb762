"""Development velocity: how fast changes are merged, issues resolved and versions released."""

from functools import partial
from typing import Final

from edgetpu_ci.metrics import kpi as definitions
from edgetpu_ci.metrics.kpi import Kpi

_kpi = partial(definitions.kpi, group="development_velocity")

_PULLS: Final = "GitHub's pull requests (GraphQL)"
_NEEDS_PULLS: Final = "pull-requests: read"
_MERGED: Final = "of the pull requests of people merged into the default branch in the window; fewer than 5 are unknown"

_ISSUES: Final = "GitHub's issues (GraphQL), which has no pull requests among them"
_NEEDS_ISSUES: Final = "issues: read"

_GIVEN: Final = "GitHub's deployments to production, else the package's index, else GitHub's releases"
_NEEDS_GIVEN: Final = "deployments: read, contents: read"
_FAILED: Final = (
    "a deployment failed when it ended in failure, a version when it was yanked, and either when another repaired it: "
    "one (of versions, a patch of the same line) within 7 days (`hotfix_days`), just before which a pull request "
    "labelled `hotfix` or `incident` (`hotfix_labels`) was merged; previews do not count"
)

KPIS: Final[tuple[Kpi, ...]] = (
    _kpi(
        "commits_per_week",
        "/week",
        None,
        "first-parent commits of the default branch a week, by people",
        formula="commits / whole ISO weeks (UTC) in the window; a squashed or merged pull request is 1, the commits "
        "inside a merge are 0; those of bots, and their merged pull requests, are left out; the running week is shown "
        "and not counted",
        source="git log --first-parent, no API call; unknown in a shallow checkout (`fetch-depth: 0`)",
        permission="contents: read",
    ),
    _kpi(
        "bot_commits_per_week",
        "/week",
        None,
        "the same of bots",
        formula="as commits_per_week, of what it leaves out",
        source="git log --first-parent, no API call; unknown in a shallow checkout (`fetch-depth: 0`)",
        permission="contents: read",
    ),
    _kpi(
        "pr_merge_time_hours",
        "h",
        "lower",
        "from when a pull request is ready to when it is merged",
        formula="median of merged − (last marked ready before that, or created where it never was a draft), "
        f"{_MERGED}; reverts count, and how it is merged does not matter",
        source=_PULLS,
        permission=_NEEDS_PULLS,
    ),
    _kpi(
        "pr_open_to_merge_hours",
        "h",
        "lower",
        "from when a pull request is opened, as a draft or not, to when it is merged",
        formula=f"median of merged − created, {_MERGED}",
        source=_PULLS,
        permission=_NEEDS_PULLS,
    ),
    _kpi(
        "pr_draft_time_hours",
        "h",
        None,
        "how long merged pull requests had been drafts",
        formula=f"median of the summed spans as a draft, {_MERGED}; those that never were drafts are left out",
        source=_PULLS,
        permission=_NEEDS_PULLS,
    ),
    _kpi(
        "pr_first_review_hours",
        "h",
        "lower",
        "how long a pull request waits for its first review",
        formula="median of first review − (first marked ready, or created where it was not made as a draft), by the "
        "reviews in the window that are the first by neither the author nor a bot; 0 where it came while still a "
        "draft; comments are no reviews, and pull requests of bots are left out",
        source=_PULLS,
        permission=_NEEDS_PULLS,
    ),
    _kpi(
        "open_pr_age_days",
        "d",
        "lower",
        "how old the open pull requests of people are",
        formula="median of now − created, of those into the default branch that are open, drafts among them; those "
        "that nobody has changed for longer than rows are kept (`retention_days`) are left out, and counted",
        source=_PULLS,
        permission=_NEEDS_PULLS,
    ),
    _kpi(
        "bot_pr_merge_time_hours",
        "h",
        None,
        "from when a bot's pull request is ready to when it is merged",
        formula="as pr_merge_time_hours, of each bot by itself",
        source=_PULLS,
        permission=_NEEDS_PULLS,
    ),
    _kpi(
        "issue_resolution_time_days",
        "d",
        "lower",
        "from when an issue is opened to when it is resolved",
        formula="median of last closed − created, of issues of people closed as completed in the window; those closed "
        "as not planned, as duplicates or without a reason are counted apart; one that was opened again is open; "
        "fewer than 5 are unknown",
        source=_ISSUES,
        permission=_NEEDS_ISSUES,
    ),
    _kpi(
        "open_issue_age_days",
        "d",
        "lower",
        "how old the open issues of people are",
        formula="median of now − created, of those that are open; those that nobody has changed for longer than rows "
        "are kept (`retention_days`) are left out, and counted",
        source=_ISSUES,
        permission=_NEEDS_ISSUES,
    ),
    _kpi(
        "stale_percent",
        "%",
        "lower",
        "open issues and pull requests that nobody has touched for long",
        formula="100 · those not changed for 60 days (`stale_days`) / all open issues and pull requests, as GitHub "
        "counts them: those that changed before rows are kept are stale",
        source="GitHub's issues and pull requests",
        permission=f"{_NEEDS_ISSUES}, {_NEEDS_PULLS}",
    ),
    _kpi(
        "deployment_frequency_per_week",
        "/week",
        "higher",
        "how often something is given to users",
        "deployment_frequency",
        formula="successful deployments in the window / its weeks, without previews; a library's are the first "
        "uploads of its versions, without yanked ones; daily is 3 days with one in the median week, weekly is 1, "
        "monthly 1 in the median 30 days",
        source=_GIVEN,
        permission=_NEEDS_GIVEN,
    ),
    _kpi(
        "change_lead_time_hours",
        "h",
        "lower",
        "from when a change is made to when users have it",
        "change_lead_time",
        formula="median of deployed − authored, of changes deployed in the window: of a merged pull request from its "
        "first commit on, also where it was squashed, of any other commit from its own; deployed by the first "
        "deployment whose commit is the change's or a newer one, or where that is not known, that came after it; "
        "deployments that ended in failure, yanked versions and changes of bots are left out",
        source=f"{_GIVEN}; GitHub's pull requests; git log --first-parent",
        permission=f"{_NEEDS_GIVEN}, {_NEEDS_PULLS}",
    ),
    _kpi(
        "change_fail_rate",
        "%",
        "lower",
        "deployments that failed",
        formula=f"100 · failed / all deployments in the window; {_FAILED}; fewer than 5 are unknown",
        source=f"{_GIVEN}; GitHub's pull requests",
        permission=f"{_NEEDS_GIVEN}, {_NEEDS_PULLS}",
    ),
    _kpi(
        "deployment_rework_rate",
        "%",
        "lower",
        "deployments that were made to repair one before",
        formula=f"100 · those that repair / all deployments in the window; {_FAILED}; fewer than 5 are unknown",
        source=f"{_GIVEN}; GitHub's pull requests",
        permission=f"{_NEEDS_GIVEN}, {_NEEDS_PULLS}",
    ),
    _kpi(
        "failed_deployment_recovery_time_hours",
        "h",
        "lower",
        "from a deployment that failed to the next that did not",
        formula="median of next that held − failed, of those whose next came in the window; "
        f"{_FAILED}; fewer than 5 are unknown",
        source=f"{_GIVEN}; GitHub's pull requests",
        permission=f"{_NEEDS_GIVEN}, {_NEEDS_PULLS}",
    ),
)
