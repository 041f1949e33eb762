"""What is kept of a repository's life: only what a definition needs, and nothing that names a person.

Times are UTC. `bot` names the account where it is a program's ("dependabot", "renovate"), and is empty for people, of
whom nothing is kept. docs/kpis.md lists each field with its purpose.
"""

from datetime import datetime
from typing import Literal

from msgspec import Struct, field

DeploymentKind = Literal["deployment", "release", "version"]
Source = Literal["pulls", "issues", "runs", "deployments", "commits"]


class Pull(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A pull request. `ready` is when it was last marked ready before it was merged; None when it never was a draft.

    `drafts` are the spans it was a draft, the last may be open; `reviewed` is the first review that is neither its
    author's nor a bot's; `committed` when the first of its commits was authored; `merged_as` is the commit on its base.
    """

    number: int
    base: str
    created: datetime
    ready: datetime | None = None
    drafts: tuple[tuple[datetime, datetime | None], ...] = ()
    reviewed: datetime | None = None
    committed: datetime | None = None
    merged: datetime | None = None
    closed: datetime | None = None
    merged_as: str = ""
    labels: tuple[str, ...] = ()
    bot: str = ""
    updated: datetime


class Issue(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An issue. `closed` is the last time it was closed; `reason` is completed, not_planned, duplicate or empty."""

    number: int
    created: datetime
    closed: datetime | None = None
    reason: str = ""
    labels: tuple[str, ...] = ()
    bot: str = ""
    updated: datetime


class Job(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One execution of a job; a job that was run again is there once for each time.

    `created`, `labels`, `group` (the runner group, "GitHub Actions" of a hosted runner) and `steps` (name, started,
    completed) are known only of runs that were looked at in detail.
    """

    name: str
    conclusion: str = ""
    started: datetime | None = None
    completed: datetime | None = None
    created: datetime | None = None
    attempt: int | None = None
    labels: tuple[str, ...] = ()
    group: str = ""
    steps: tuple[tuple[str, datetime | None, datetime | None], ...] = ()


class WorkflowRun(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A workflow run with the executions of its jobs, oldest first; `jobs` is None until they were read.

    `suite` is the node id of its check suite, by which its jobs are asked for, and `suite_created` when that came to
    be; `started` is when its newest attempt began.
    """

    id: int
    number: int
    attempt: int
    workflow: str
    event: str
    branch: str
    commit: str
    status: str
    conclusion: str = ""
    created: datetime
    started: datetime | None = None
    updated: datetime
    suite: str = ""
    suite_created: datetime | None = None
    jobs: tuple[Job, ...] | None = None
    bot: str = ""


class Deployment(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something given to users: a deployment to production that succeeded, a release, or a version on the index.

    `failed` where it is known to have been: a version that was yanked, a deployment that ended in failure.
    """

    name: str
    at: datetime
    commit: str = ""
    kind: DeploymentKind
    failed: bool = False
    prerelease: bool = False


class Commit(Struct, frozen=True, kw_only=True):
    """A first-parent commit of the default branch: when it came there, and when its change was made. Never stored."""

    sha: str
    at: datetime
    authored: datetime
    is_bot: bool = False


class Erased(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Rows that came to be `before` a time are erased; `last` is when something last happened to one of them.

    `is_open`: to some of them something may happen still, so that they belong to what is open now.
    """

    before: datetime
    last: datetime
    is_open: bool = False

    @property
    def reason(self) -> str:
        """Why a figure that would need them is not known."""
        return f"rows before {self.before:%Y-%m-%d} were erased"


class Rows(Struct, frozen=True, kw_only=True):
    """All that key figures are made of; `branch` is the default branch, `commits` are the newest first.

    `missing` says why there are no rows of a source, `since` from when on they are complete where that is not always,
    and `erased` which of them are gone for good. `open` is how many are open now as GitHub counts them, also those that
    changed so long ago that no row is kept.
    """

    branch: str
    pulls: tuple[Pull, ...] = ()
    issues: tuple[Issue, ...] = ()
    runs: tuple[WorkflowRun, ...] = ()
    deployments: tuple[Deployment, ...] = ()
    commits: tuple[Commit, ...] = ()
    missing: dict[Source, str] = field(default_factory=dict)
    since: dict[Source, datetime] = field(default_factory=dict)
    erased: dict[Source, Erased] = field(default_factory=dict)
    open: dict[Source, int] = field(default_factory=dict)

    def lacking(self, source: Literal["pulls", "issues"]) -> str:
        """Why not all that is open now is known: some was erased and not read anew since; empty where it is."""
        gone = self.erased.get(source)
        known = sum(row.closed is None for row in getattr(self, source))
        is_whole = gone is None or not gone.is_open or self.open.get(source) == known
        return "" if gone is None or is_whole else gone.reason

    def unseen(self, source: Source, known: int) -> int:
        """How many are open beside those of which there are rows."""
        return max(0, self.open.get(source, known) - known)
