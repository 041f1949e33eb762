"""Workflow runs by REST: in windows of time that stay below GitHub's cap, each proved complete against its count."""

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime
from math import ceil
from typing import Annotated, Final

from msgspec import Meta, Struct, structs

from edgetpu_ci.errors import EdgeTpuCiError
from edgetpu_ci.github_rows import bots, spans
from edgetpu_ci.github_rows.shelf import Kind
from edgetpu_ci.github_rows.spans import Span
from edgetpu_ci.kpis.rows import WorkflowRun
from edgetpu_ci.transport.github import GitHub

NEEDS: Final = "actions: read"
COMPLETED: Final = "completed"

CAP: Final = 1000
"""GitHub lists no more than these of a filtered list, whatever its count says."""

AIM: Final = 900
"""So many are expected in a window: below the cap, for no two days are alike."""

PAGE: Final = 100

When = Annotated[datetime, Meta(tz=True)]


class Listed(Struct, frozen=True):
    """A run as GitHub lists it."""

    id: int
    run_number: int
    event: str
    status: str | None
    conclusion: str | None
    created_at: When
    updated_at: When
    path: str = ""
    head_branch: str | None = None
    head_sha: str = ""
    run_attempt: int = 1
    run_started_at: When | None = None
    check_suite_node_id: str = ""
    actor: bots.User | None = None


class _Page(Struct, frozen=True):
    total_count: int
    workflow_runs: tuple[Listed, ...]


class Window(Struct, frozen=True):
    """What was listed of a span: `total` is how many runs GitHub says it has.

    Of the gap it is a part of, `of` is the same, and `before` how many of them are in windows that came before.
    """

    span: Span
    runs: tuple[Listed, ...]
    total: int
    of: int
    before: int

    @property
    def is_whole(self) -> bool:
        """Whether every run came that GitHub counts."""
        return len(self.runs) >= self.total


def row(listed: Listed, known: Collection[str], default: str = "") -> WorkflowRun:
    """What is kept of a run; of branches only the default one, where it is known."""
    return WorkflowRun(
        id=listed.id,
        number=listed.run_number,
        attempt=listed.run_attempt,
        workflow=workflow(listed.path),
        event=listed.event,
        branch=branch(listed.head_branch or "", default),
        commit=listed.head_sha,
        status=listed.status or "",
        conclusion=listed.conclusion or "",
        created=listed.created_at,
        started=listed.run_started_at,
        updated=listed.updated_at,
        suite=listed.check_suite_node_id,
        bot=bots.name(listed.actor, known),
    )


def branch(name: str, default: str) -> str:
    """The default branch, or the merge queue of it; empty for others, which may be called after somebody."""
    queue = f"gh-readonly-queue/{default}/"
    if not default or name == default:
        return name
    return queue if name.startswith(queue) else ""


def workflow(path: str) -> str:
    """The file name of a workflow: ci.yml of ".github/workflows/ci.yml@main"."""
    return path.partition("@")[0].rpartition("/")[2]


def newer(old: WorkflowRun, new: WorkflowRun) -> WorkflowRun:
    """One row of two of the same run. Jobs that were read are kept until the run is run again."""
    first, last = sorted((old, new), key=lambda run: (run.attempt, run.updated))
    if first.attempt != last.attempt or first.status != COMPLETED:
        return last
    kept = first if _detail(first) > _detail(last) else last
    return structs.replace(last, jobs=kept.jobs, suite_created=last.suite_created or first.suite_created)


def _detail(run: WorkflowRun) -> int:
    """How much is known of the jobs of a run: nothing, their times, or all."""
    if run.jobs is None:
        return 0
    return 2 if is_detailed(run) else 1


def is_detailed(run: WorkflowRun) -> bool:
    """Whether REST was asked for its jobs: only that tells when a job was queued, and for which runner."""
    return any(job.created for job in run.jobs or ())


KIND: Final = Kind[WorkflowRun](
    name="runs",
    row=WorkflowRun,
    key=lambda run: str(run.id),
    at=lambda run: run.created,
    touched=lambda run: run.created,
    newer=newer,
)


def windows(github: GitHub, gaps: Iterable[Span]) -> Iterator[Window]:
    """The runs of some spans, the newest window first, in as few requests as the cap lets.

    How long a window may be is estimated from how dense the last one was. One that has too many runs is asked for
    again in parts, down to a second; what GitHub does not show of that is missing in the window.
    """
    for whole in sorted(gaps, key=lambda gap: gap.low, reverse=True):
        yield from _of_gap(github, whole)


def _of_gap(github: GitHub, gap: Span) -> Iterator[Window]:
    rest: Span | None = gap
    of, before, density = None, 0, None
    while rest:
        span, older = spans.newest(rest, AIM, density)
        first = _page(github, span, 1)
        of = first.total_count if of is None else of
        density = first.total_count / span.seconds
        if first.total_count >= CAP and span.seconds > 1:
            # A count that is itself cut off at the cap tells too little: each try is at most half as long.
            density = max(density, 2 * AIM / span.seconds)
            continue
        yield _proved(github, Window(span, _all(github, span, first), first.total_count, of, before))
        before += first.total_count
        rest = older


def _proved(github: GitHub, window: Window) -> Window:
    """The window; looked at once more where fewer came than are counted, for a new run moves the others on."""
    if window.is_whole or window.total >= CAP:
        return window
    again = _page(github, window.span, 1)
    runs = {run.id: run for run in (*window.runs, *_all(github, window.span, again))}
    return structs.replace(window, runs=tuple(runs.values()), total=min(window.total, again.total_count))


def _all(github: GitHub, span: Span, first: _Page) -> tuple[Listed, ...]:
    """The runs of a window, each once: while it is read, one may move from a page to the next."""
    count = ceil(min(first.total_count, CAP) / PAGE)
    others = github.gather([_asking(github, span, page) for page in range(2, count + 1)])
    if failed := [page for page in others if isinstance(page, EdgeTpuCiError)]:
        raise failed[0]
    pages = (first, *(page for page in others if not isinstance(page, EdgeTpuCiError)))
    return tuple({run.id: run for page in pages for run in page.workflow_runs}.values())


def _asking(github: GitHub, span: Span, page: int) -> Callable[[], _Page]:
    return lambda: _page(github, span, page)


def _page(github: GitHub, span: Span, page: int) -> _Page:
    created = f"{span.low:%Y-%m-%dT%H:%M:%SZ}..{span.high:%Y-%m-%dT%H:%M:%SZ}"
    query: dict[str, str | int] = {"created": created, "per_page": PAGE, "page": page, "exclude_pull_requests": "true"}
    return github.get(f"/repos/{github.repository}/actions/runs", _Page, needs=NEEDS, query=query)


def by_id(github: GitHub, number: int) -> Listed:
    """One run."""
    path = f"/repos/{github.repository}/actions/runs/{number}"
    return github.get(path, Listed, needs=NEEDS, query={"exclude_pull_requests": "true"})
