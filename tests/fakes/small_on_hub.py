"""The repository of `small_repository` as GitHub, git and the package index show it, for who reads it from them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from edgetpu_ci.kpis import rows
from edgetpu_ci.world import Ran
from tests.fakes import small_repository as small
from tests.fakes.hub.repository import PERSON, Execution, Issue, Pull, Release, Repository, Run
from tests.fakes.package_index import Upload
from tests.fakes.world import NOTHING

WAITED: Final = 8 * small.SECOND
"""REST tells of every job when it was queued; of those of which the rows do not know it, so long before it began."""

PACKAGE: Final = "tools"

OBJECTS: Final[dict[str, Any]] = {
    "/actions/runners": [{"status": "online"}, {"status": "offline"}],
    "/community/profile": {"health_percentage": 85},
}


def repository() -> Repository:
    """All that GitHub has of it."""
    return Repository(
        pulls={one.number: _pull(one) for one in small.ROWS.pulls},
        issues={one.number: _issue(one) for one in small.ISSUES},
        runs={one.id: _run(one) for one in small.ROWS.runs},
        releases=[Release(tag=one.name, created=one.at) for one in small.VERSIONS if one.kind == "release"],
    )


def _pull(row: rows.Pull) -> Pull:
    turns = [
        *((start, False) for start, _ in row.drafts if start != row.created),
        *((end, True) for _, end in row.drafts if end),
    ]
    return Pull(
        number=row.number,
        created=row.created,
        updated=row.closed or row.updated,
        base=row.base,
        author=row.bot or PERSON,
        is_draft=any(end is None for _, end in row.drafts),
        turns=tuple(sorted(turns)),
        reviews=() if row.bot else _reviews(row.created, row.reviewed),
        committed=row.committed,
        merged=row.merged,
        closed=row.closed,
        labels=row.labels,
    )


def _reviews(created: datetime, reviewed: datetime | None) -> tuple[tuple[datetime, str], ...]:
    """Its author and a program said something first, which is no review."""
    return ((created, PERSON), (created, "dependabot"), *([(reviewed, "hubot")] if reviewed else []))


def _issue(row: rows.Issue) -> Issue:
    return Issue(
        number=row.number,
        created=row.created,
        updated=row.updated,
        author=row.bot or PERSON,
        closed=row.closed,
        reason=row.reason.upper() or None,
        labels=row.labels,
    )


def _run(row: rows.WorkflowRun) -> Run:
    return Run(
        id=row.id,
        number=row.number,
        created=row.created,
        updated=row.updated,
        started=row.started or row.created,
        workflow=row.workflow,
        event=row.event,
        branch=row.branch,
        attempt=row.attempt,
        conclusion=row.conclusion,
        actor=row.bot or PERSON,
        executions=tuple(_execution(job, row) for job in row.jobs or ()),
    )


def _execution(job: rows.Job, of: rows.WorkflowRun) -> Execution:
    """One that began with the newest attempt belongs to that, others to the first."""
    assert job.started
    is_again = of.started is not None and job.started >= of.started
    return Execution(
        name=job.name,
        attempt=of.attempt if is_again else 1,
        conclusion=job.conclusion,
        created=job.created or job.started - WAITED,
        started=job.started,
        completed=job.completed,
        labels=job.labels or ("ubuntu-latest",),
    )


def uploads() -> list[Upload]:
    """Its versions on the package index."""
    versions = [one for one in small.VERSIONS if one.kind == "version"]
    return [Upload(version=one.name, at=f"{one.at:%Y-%m-%dT%H:%M:%SZ}", yanked=one.failed) for one in versions]


def git(argv: Sequence[str], _stdin: bytes, _timeout: float, _env: Mapping[str, str] = NOTHING) -> Ran:
    """A clone whose merge commits are those that the hub names: no commit that git makes has a name of our choice."""
    said = {"--is-shallow-repository": "false", "log": "\n".join(map(_logged, small.COMMITS))}
    return Ran(status=0, stdout=said.get(argv[-1], said.get(argv[3], "")).encode(), stderr=b"")


def _logged(commit: rows.Commit) -> str:
    """A line of the log: its commit, when it came there and was made, and by whom."""
    by = "dependabot[bot]" if commit.is_bot else "Somebody"
    number = commit.sha.removeprefix("c")
    sha = f"{int(number):040x}" if number.isdecimal() else f"{int(commit.at.timestamp()):040x}"
    return "\x1f".join((sha, *(f"{at.timestamp():.0f}" for at in (commit.at, commit.authored)), by, "by@example.org"))
