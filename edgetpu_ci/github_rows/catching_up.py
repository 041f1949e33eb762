"""Workflow runs and their jobs: what is new, what may have changed, and what earlier jobs left."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import partial
from typing import Final

from msgspec import structs

from edgetpu_ci.errors import DeniedError, EdgeTpuCiError, MissingError
from edgetpu_ci.github_rows import details, jobs, runs, spans
from edgetpu_ci.github_rows.desk import WEEK, Desk
from edgetpu_ci.github_rows.runs import Window
from edgetpu_ci.github_rows.spans import Span
from edgetpu_ci.kpis.rows import WorkflowRun

AGAIN: Final = timedelta(hours=48)
"""Runs so young are looked at again: most end, and most that are run again are, within two days."""

SWEEP: Final = timedelta(days=30)
"""For so long GitHub lets a run be run again, which does not change when it was created."""

DAY: Final = timedelta(days=1)

AT_FIRST: Final = 30
DAILY: Final = 6
"""So many runs are looked at in detail."""

STILL_OPEN: Final = 10
"""So many runs that wait for long are asked for one by one; the weekly look finds the others."""


def read(desk: Desk) -> None:
    """Read runs with their jobs, the newest first, then some in detail."""
    is_first = not desk.cursors.runs
    sweeps = desk.now - desk.cursors.swept >= WEEK
    _read_windows(desk, gaps(desk, sweeps=sweeps))
    if sweeps and not {"runs", "jobs"} & (desk.refused.keys() | desk.broken):
        desk.reached(swept=spans.reach(desk.cursors.runs) or desk.now)
    desk.part("runs", lambda: _look_again(desk), lambda: "runs that wait for long were not looked at again")
    if "runs" not in desk.broken:
        months = desk.months(desk.runs, None if sweeps else desk.now - SWEEP)
        desk.part("jobs", lambda: _fill(desk, months), lambda: "the jobs of some runs were not read")
    size = AT_FIRST if is_first else DAILY
    desk.part("details", lambda: _look_closely(desk, size), lambda: "no further runs were looked at in detail")


def gaps(desk: Desk, *, sweeps: bool) -> tuple[Span, ...]:
    """The time whose runs are to be read: what is not known, what is young, and once a week the last 30 days.

    It ends by GitHub's clock, not by ours, which may be wrong: what is newest there, and a day for what came since.
    """
    known = desk.cursors.runs
    reached = [spans.reach(each) for each in (known, desk.cursors.pulls, desk.cursors.issues)]
    latest = max([desk.now, *(at for at in reached if at)])
    erased = desk.cursors.erased.get(desk.runs.kind.name)
    wanted = Span(max(desk.cut, erased.before) if erased else desk.cut, latest + DAY)
    again = [Span(reached[0] - AGAIN, wanted.high)] if reached[0] else []
    again += [Span(latest - SWEEP, wanted.high)] if sweeps else []
    return spans.union([*spans.missing(wanted, known), *spans.within(again, wanted)])


def _read_windows(desk: Desk, wanted: Sequence[Span]) -> None:
    left: list[str] = []

    def take() -> None:
        for window in runs.windows(desk.github, wanted):
            left.append(f"{window.of - window.before:,} of {window.of:,} ")
            _take(desk, window)
            done = window.before + window.total
            left.append(f"{window.of - done:,} of {window.of:,} ")
            desk.progress("workflow runs", done, window.of)

    desk.part("runs", take, lambda: _lost(desk, wanted, left))


def _lost(desk: Desk, wanted: Sequence[Span], left: Sequence[str]) -> str:
    still = [gap for span in wanted for gap in spans.missing(span, desk.cursors.runs)]
    if len(left) > 1 and (reached := spans.reach(desk.cursors.runs)):
        # The newest window was read: above it is only what is still to come.
        still = [gap for gap in still if gap.low <= reached]
    count = left[-1] if left else ""
    return f"{count}runs {spans.words(still)} were not read yet"


def _take(desk: Desk, window: Window) -> None:
    """Put the runs of a window on the shelf with their jobs; from then on it is known, if all runs came."""
    _keep(desk, window.runs)
    known = _known(desk, window)
    if not window.is_whole:
        when = spans.words([window.span])
        desk.incomplete.append(f"{len(window.runs):,} of the {window.total:,} runs {when} came; GitHub showed no more.")
    desk.reached(runs=spans.union([*desk.cursors.runs, *known]) if window.is_whole else desk.cursors.runs)


def _known(desk: Desk, window: Window) -> list[Span]:
    """What is known after a window: at the newest end no more than up to its newest run, for others may follow."""
    reached = spans.reach(desk.cursors.runs)
    if reached and reached >= window.span.high:
        return [window.span]
    newest = max((run.created_at for run in window.runs), default=None)
    return [Span(window.span.low, newest)] if newest else []


def _keep(desk: Desk, listed: Iterable[runs.Listed]) -> None:
    rows = [runs.row(run, desk.bots, desk.branch) for run in listed]
    desk.runs.add(rows)
    _read_jobs(desk, [run for run in desk.runs.kept(rows) if run.status == runs.COMPLETED and run.jobs is None])


def _read_jobs(desk: Desk, lacking: Sequence[WorkflowRun]) -> None:
    """The jobs of runs that ended. Where the token may not read them, runs are kept without."""
    if "jobs" in desk.refused:
        return
    waiting = {run.suite: run for run in lacking if run.suite}
    try:
        for found in jobs.read(desk.github, list(waiting), desk.suites):
            desk.runs.add(
                structs.replace(waiting[key], jobs=suite.jobs, suite_created=suite.created)
                for key, suite in found.items()
            )
    except (DeniedError, MissingError) as error:
        desk.refused["jobs"] = str(error)


def _fill(desk: Desk, months: Sequence[str]) -> None:
    """Read the jobs that could not be read when their runs were."""
    _read_jobs(desk, [run for run in desk.runs.rows(months) if run.status == runs.COMPLETED and run.jobs is None])


def _look_again(desk: Desk) -> None:
    """Ask for runs that had not ended and are older than what is read again anyway."""
    young = (spans.reach(desk.cursors.runs) or desk.now) - AGAIN
    rows = desk.runs.rows(desk.months(desk.runs, young - SWEEP))
    still = sorted(
        (run for run in rows if run.status != runs.COMPLETED and run.created < young), key=lambda run: run.id
    )
    answers = desk.github.gather([partial(runs.by_id, desk.github, run.id) for run in still[-STILL_OPEN:]])
    _keep(desk, [found for found in answers if isinstance(found, runs.Listed)])
    _complain(answers)


def _look_closely(desk: Desk, size: int) -> None:
    """Ask for the jobs of some runs with all that only REST tells."""
    chosen = details.sample(desk.runs.rows(desk.months(desk.runs)[:2]), size)
    answers = desk.github.gather([partial(details.read, desk.github, run) for run in chosen])
    for run, found in zip(chosen, answers, strict=True):
        if not isinstance(found, EdgeTpuCiError):
            desk.runs.add([structs.replace(run, jobs=found)])
    desk.reached()
    _complain(answers)


def _complain(answers: Iterable[object]) -> None:
    """Raise the first failure among answers; a run that was deleted meanwhile is none."""
    for answer in answers:
        if isinstance(answer, EdgeTpuCiError) and not isinstance(answer, MissingError):
            raise answer
