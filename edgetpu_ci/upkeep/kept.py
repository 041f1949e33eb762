"""The workflow runs that `use: github` keeps, of the time one asks for, and from when on they are whole."""

from datetime import datetime, timedelta
from typing import Final

from edgetpu_ci import memory
from edgetpu_ci.github_rows import cursors, runs
from edgetpu_ci.github_rows.shelf import Shelf
from edgetpu_ci.kpis.rows import WorkflowRun

_AGAIN: Final = timedelta(days=30)
"""For so long after it came to be, GitHub lets a run be run again."""


def since(state: memory.State) -> datetime | None:
    """From when on every run is kept; None when nothing was read yet."""
    known = cursors.load(state).runs
    return known[-1].low if known else None


def ended(state: memory.State, after: datetime) -> list[WorkflowRun]:
    """Every kept run whose jobs may have ended after a time."""
    oldest = after - _AGAIN
    shelf = Shelf(runs.KIND, state, oldest)
    first = shelf.month(oldest)
    return list(shelf.rows(name for name in state.values() if name.startswith(shelf.prefix) and name >= first))
