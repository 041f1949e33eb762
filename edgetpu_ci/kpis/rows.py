"""What is kept of a repository's life: only what a definition needs, and nothing that names a person.

Times are UTC. `bot` names the account where it is a program's ("dependabot", "renovate"), and is empty for people, of
whom nothing is kept. docs/kpis.md lists each field with its purpose.
"""

from datetime import datetime

from msgspec import Struct


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

    `created`, `labels` and `steps` (name, started, completed) are known only of runs that were looked at in detail.
    """

    name: str
    conclusion: str = ""
    started: datetime | None = None
    completed: datetime | None = None
    created: datetime | None = None
    attempt: int | None = None
    labels: tuple[str, ...] = ()
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
    kind: str
    failed: bool = False
    prerelease: bool = False
