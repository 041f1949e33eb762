"""How often builds succeed, on the default branch and for pull requests, and for how long they have not."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, takewhile
from typing import Final

from edgetpu_ci.kpis import attempts, boundary, summary
from edgetpu_ci.kpis.attempts import FAILED, SUCCESS
from edgetpu_ci.kpis.rows import Rows, Source, WorkflowRun
from edgetpu_ci.kpis.scope import Scope
from edgetpu_ci.kpis.summary import Details
from edgetpu_ci.kpis.window import Window, hours
from edgetpu_ci.model import REPOSITORY, Measurement
from edgetpu_ci.stats.shares import Share

NEEDS: Final[tuple[Source, ...]] = ("runs",)
METRICS: Final = (
    "build_success_rate",
    "pr_build_success_rate",
    "failure_streak",
)

COUNTED: Final = FAILED | {SUCCESS}

_OF_WORKFLOW: Final = "workflow_failure_streak"

_OF_BRANCH: Final = frozenset({"push", "schedule", "workflow_dispatch", "repository_dispatch"})
_OF_PULL: Final = frozenset({"pull_request", "pull_request_target"})


def is_build(run: WorkflowRun, branch: str) -> bool:
    """Whether it is a run of the default branch: pushed to it, merged into it, on its schedule, released or asked for.

    A release runs on its tag, and a merge queue on a branch of its own that is named after the one it merges into.
    """
    if run.event == "merge_group":
        return run.branch.startswith(f"gh-readonly-queue/{branch}/")
    return run.event == "release" or (run.event in _OF_BRANCH and run.branch == branch)


def of(rows: Rows, scope: Scope) -> Iterator[Measurement]:
    """The key figures of `METRICS`, those of each workflow, and the pull requests of each bot."""
    builds = [run for run in rows.runs if is_build(run, rows.branch)]
    pulls = [run for run in rows.runs if run.event in _OF_PULL]
    people = [run for run in pulls if not run.bot]
    yield _rate(REPOSITORY, "build_success_rate", builds, "runs of the default branch", scope)
    yield _rate(REPOSITORY, "pr_build_success_rate", people, "runs of pull requests", scope)
    yield from _streaks(builds, scope)
    for workflow, runs in _grouped(builds, lambda run: run.workflow, scope):
        yield _rate(workflow, "workflow_success_rate", runs, f"runs of {workflow}", scope)
    for bot, runs in _grouped([run for run in pulls if run.bot], lambda run: run.bot, scope):
        yield _rate(bot, "bot_pr_build_success_rate", runs, f"runs of pull requests of {bot}", scope)


def _grouped(
    runs: Iterable[WorkflowRun], key: Callable[[WorkflowRun], str], scope: Scope
) -> Iterator[tuple[str, list[WorkflowRun]]]:
    """Those of each workflow or bot that has one that ended in the window."""
    for name, group in groupby(sorted(runs, key=key), key):
        found = list(group)
        if scope.window.ended(found, attempts.ended):
            yield name, found


def _rate(subject: str, metric: str, runs: Sequence[WorkflowRun], of: str, scope: Scope) -> Measurement:
    def part(window: Window) -> Share:
        return share(run.conclusion for run in window.ended(runs, attempts.ended))

    return scope.share(subject, metric, part, of=of, details=_excluded(runs, scope))


def share(conclusions: Iterable[str]) -> Share:
    """How many succeeded, of those that succeeded or failed."""
    counted = [conclusion for conclusion in conclusions if conclusion in COUNTED]
    return counted.count(SUCCESS), len(counted)


def _excluded(runs: Iterable[WorkflowRun], scope: Scope) -> Details:
    return (("excluded", not_counted(run.conclusion for run in scope.window.ended(runs, attempts.ended))),)


def not_counted(conclusions: Iterable[str]) -> str:
    """How many ended in each way that is neither success nor failure."""
    left_out = Counter(conclusion for conclusion in conclusions if conclusion not in COUNTED)
    return summary.listed((name, left_out[name]) for name in sorted(left_out))


def _streaks(builds: Sequence[WorkflowRun], scope: Scope) -> Iterator[Measurement]:
    """Of each workflow that ran in the window, and the longest of these; a streak may have begun before."""
    past = [run for run in builds if (end := attempts.ended(run)) and end < scope.window.end]
    found = [_streak(workflow, runs, scope) for workflow, runs in _grouped(past, lambda run: run.workflow, scope)]
    known = [(streak.value, streak.subject, streak.details) for streak in found if streak.value is not None]
    if known:
        value, workflow, details = max(known)
        n = sum(each.n for each in found)
        yield summary.plain(REPOSITORY, "failure_streak", value, n=n, details=(("workflow", workflow), *details))
    else:
        reason = f"no run of the default branch succeeded or failed in {scope.window.days:g} days"
        yield summary.unknown(REPOSITORY, "failure_streak", reason, details=scope.details)
    yield from found


def _streak(workflow: str, runs: Sequence[WorkflowRun], scope: Scope) -> Measurement:
    newest_first = sorted(runs, key=lambda run: run.number, reverse=True)
    counted = [run for run in newest_first if run.conclusion in COUNTED]
    if not counted:
        return summary.unknown(workflow, _OF_WORKFLOW, "no run succeeded or failed", details=scope.details)
    failed = list(takewhile(lambda run: run.conclusion != SUCCESS, counted))
    details = _red(failed, counted[len(failed) :], scope) if failed else ()
    if failed and len(failed) == len(counted):
        details = (*details, ("at least", "no success is known"))
    return summary.plain(workflow, _OF_WORKFLOW, len(failed), n=len(counted), details=(*details, *scope.details))


def _red(failed: Sequence[WorkflowRun], before: Sequence[WorkflowRun], scope: Scope) -> Details:
    since = attempts.ended(failed[-1]) or scope.window.end
    passed = ((boundary.PASSED, _sighted(before[0], scope)),) if before else ()
    return (
        ("red for", f"{hours(since, scope.window.end):.1f} h"),
        ("since", f"{since:%Y-%m-%d %H:%M} UTC"),
        (boundary.FAILED, _sighted(failed[-1], scope)),
        *passed,
    )


def _sighted(run: WorkflowRun, scope: Scope) -> str:
    return boundary.written(boundary.Build(run.commit, run.id, attempts.ended(run) or scope.window.end))
