"""The workflow runs that `use: github` keeps, of the time one asks for, and from when on they are whole."""

from datetime import datetime

from edgetpu_ci import memory
from edgetpu_ci.github_rows import cursors, runs
from edgetpu_ci.github_rows.catching_up import SWEEP
from edgetpu_ci.github_rows.shelf import Shelf
from edgetpu_ci.kpis.rows import WorkflowRun


def since(state: memory.State) -> datetime | None:
    """From when on every run is kept; None when nothing was read yet."""
    known = cursors.load(state).runs
    return known[-1].low if known else None


def ended(state: memory.State, after: datetime) -> list[WorkflowRun]:
    """Every kept run whose jobs may have ended after a time."""
    oldest = after - SWEEP
    shelf = Shelf(runs.KIND, state, oldest)
    first = shelf.month(oldest)
    return list(shelf.rows(name for name in state.values() if name.startswith(shelf.prefix) and name >= first))
