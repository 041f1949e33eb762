"""Minutes that jobs used, as they are billed, and what each costs: pure, from the rows that are kept."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from edgetpu_ci.kpis import attempts
from edgetpu_ci.kpis.durations import billed_minutes
from edgetpu_ci.kpis.rows import Job, WorkflowRun
from edgetpu_ci.upkeep import rates
from edgetpu_ci.upkeep.rates import Rate


class Used(Struct, frozen=True, kw_only=True):
    """One execution of a job: when it ended, its workflow, the labels its runner was asked by, and whole minutes.

    `sku` is the kind of runner, empty where it is not known; `usd` its price, None where that is not known.
    """

    at: datetime
    workflow: str
    labels: tuple[str, ...]
    minutes: int
    sku: str
    usd: float | None

    @property
    def is_own(self) -> bool:
        """Whether it ran on a runner that is not GitHub's."""
        return self.sku == rates.OWN

    @property
    def is_standard(self) -> bool:
        """Whether included minutes are for it."""
        return self.sku in rates.STANDARD


class Prices(Struct, frozen=True, kw_only=True):
    """What prices depend on: whether standard runners are free, as in public repositories, and what a user said."""

    public: bool
    own: tuple[Rate, ...] = ()
    runners: Mapping[str, str] = {}


def used(runs: Iterable[WorkflowRun], prices: Prices, now: datetime) -> list[Used]:
    """Every execution of a job that ended before `now`, of all attempts, oldest first; a skipped one used nothing.

    A job that a later attempt took over was executed once, however often it is listed.
    """
    known = list(runs)
    labels = _labels(known)
    found = [
        _used(run, job, labels, prices, job.completed)
        for run in known
        for job in attempts.executions(run)
        if job.conclusion != attempts.SKIPPED and job.completed is not None and job.completed < now
    ]
    return sorted(found, key=lambda one: one.at)


def unread(runs: Iterable[WorkflowRun], since: datetime) -> tuple[int, int]:
    """Of how many runs that ended since a time nobody read the jobs yet, and how many ended."""
    ended = [run for run in runs if (end := attempts.ended(run)) and end >= since]
    return sum(run.jobs is None for run in ended), len(ended)


def between(uses: Sequence[Used], since: datetime, until: datetime) -> list[Used]:
    """Those that ended from `since` on and before `until`."""
    return [one for one in uses if since <= one.at < until]


def total(uses: Iterable[Used]) -> int:
    """Their minutes."""
    return sum(one.minutes for one in uses)


def cost(uses: Iterable[Used]) -> float:
    """What those of them cost (USD) whose price is known."""
    return sum(one.usd for one in uses if one.usd is not None)


def unpriced(uses: Iterable[Used]) -> int:
    """Minutes on runners whose kind or price is not known."""
    return sum(one.minutes for one in uses if one.usd is None)


def _labels(runs: Sequence[WorkflowRun]) -> dict[tuple[str, str], tuple[str, ...]]:
    """The labels of each job of each workflow, from the newest run that tells them: only some runs are looked at so."""
    ordered = sorted(runs, key=lambda run: run.created)
    return {(run.workflow, job.name): job.labels for run in ordered for job in run.jobs or () if job.labels}


def _used(
    run: WorkflowRun, job: Job, labels: Mapping[tuple[str, str], tuple[str, ...]], prices: Prices, at: datetime
) -> Used:
    wanted = job.labels or labels.get((run.workflow, job.name), ())
    sku = rates.sku(wanted, prices.runners)
    rate = 0.0 if prices.public and sku in rates.STANDARD else rates.rate(sku, at.date(), prices.own)
    minutes = billed_minutes(job)
    return Used(
        at=at,
        workflow=run.workflow,
        labels=wanted,
        minutes=minutes,
        sku=sku,
        usd=None if rate is None else minutes * rate,
    )
