"""The rows of workflow runs that `use: github` keeps, of the months one asks for."""

from datetime import datetime, timedelta
from typing import Final

from edgetpu_ci import memory
from edgetpu_ci.kpis.rows import WorkflowRun

_AGAIN: Final = timedelta(days=30)
"""For so long after it came to be, GitHub lets a run be run again."""


def runs(state: memory.State, since: datetime, now: datetime) -> list[WorkflowRun]:
    """Every kept run whose jobs may have ended after a time."""
    found: list[WorkflowRun] = []
    for month in _months(since - _AGAIN, now):
        name = f"github-runs-{month}"
        if data := state.state(name):
            found += memory.unpack(data, list[WorkflowRun], name)
    return found


def _months(first: datetime, last: datetime) -> list[str]:
    ordered = range(12 * first.year + first.month - 1, 12 * last.year + last.month)
    return [f"{month // 12}-{month % 12 + 1:02}" for month in ordered]
