"""What comes to light when a run is run again: how often it succeeds at once, and how often it was only flaky."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from edgetpu_ci.kpis import attempts, builds
from edgetpu_ci.kpis.attempts import FAILED, SUCCESS
from edgetpu_ci.kpis.rows import Rows, Source, WorkflowRun
from edgetpu_ci.kpis.scope import Scope
from edgetpu_ci.kpis.window import Window
from edgetpu_ci.model import REPOSITORY, Measurement
from edgetpu_ci.stats.shares import Share

NEEDS: Final[tuple[Source, ...]] = ("runs",)
METRICS: Final = ("first_attempt_success_rate", "flaky_rate")


def of(rows: Rows, scope: Scope) -> Iterator[Measurement]:
    """The key figures of `METRICS`: builds of the default branch, and failures of all runs."""
    yield _at_once([run for run in rows.runs if builds.is_build(run, rows.branch)], scope)
    yield _flaky(rows.runs, scope)


def first(run: WorkflowRun) -> str | None:
    """How its first attempt ended; None where that is not known."""
    ends = attempts.conclusions(run)
    return ends[0] if run.attempt == len(ends) else None


def recovered(run: WorkflowRun) -> bool:
    """Whether an attempt failed and the very next one, of the same commit, succeeded."""
    return any(end in FAILED and then == SUCCESS for end, then in pairwise(attempts.conclusions(run)))


def _at_once(runs: Sequence[WorkflowRun], scope: Scope) -> Measurement:
    def part(window: Window) -> Share | str:
        firsts = [first(run) for run in window.ended(runs, attempts.ended)]
        return _unread(firsts) or builds.share(end for end in firsts if end)

    firsts = [first(run) for run in scope.window.ended(runs, attempts.ended)]
    details = (("excluded", builds.not_counted(end or "not read" for end in firsts)),)
    of = "first attempts of runs of the default branch"
    return scope.share(REPOSITORY, "first_attempt_success_rate", part, of=of, details=details)


def _flaky(runs: Sequence[WorkflowRun], scope: Scope) -> Measurement:
    def part(window: Window) -> Share | str:
        ended = [(run, first(run)) for run in window.ended(runs, attempts.ended)]
        failed = [run for run, end in ended if end in FAILED]
        return _unread([end for _, end in ended]) or (sum(map(recovered, failed)), len(failed))

    return scope.share(REPOSITORY, "flaky_rate", part, of="runs whose first attempt failed")


def _unread(firsts: Sequence[str | None]) -> str:
    """Why not to go by these first attempts: those that are not known are just those that were not the last."""
    return attempts.too_many_unread(firsts.count(None), len(firsts))
