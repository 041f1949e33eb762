"""The workflow runs that `use: github` keeps, of the time one asks for, and from when on they are whole."""

from datetime import datetime

from msgspec import Struct

from edgetpu_ci import memory
from edgetpu_ci.github_rows import cursors, holding, runs
from edgetpu_ci.github_rows.catching_up import SWEEP
from edgetpu_ci.github_rows.shelf import Shelf
from edgetpu_ci.kpis.rows import Erased, WorkflowRun


class Kept(Struct, frozen=True):
    """Runs; `since` is from when on every one is kept, None when nothing was read yet; `erased` which are gone."""

    runs: tuple[WorkflowRun, ...]
    since: datetime | None
    erased: Erased | None


def ended(state: memory.State, after: datetime) -> Kept:
    """Every kept run whose jobs may have ended after a time. What is lost in the store is not known, and no error."""
    oldest = after - SWEEP
    shelf = Shelf(runs.KIND, state, oldest)
    first = shelf.month(oldest)
    known, _ = holding.read(state.state(cursors.NAME))
    lost = holding.lost(state, known.held, runs.KIND.name)
    names = [name for name in state.values() if name.startswith(shelf.prefix) and name >= first and name not in lost]
    since, erased = holding.since(holding.forgetting(known, lost), runs.KIND.name), known.erased.get(runs.KIND.name)
    return Kept(tuple(shelf.rows(names)), max(since, erased.last) if since and erased else since, erased)
