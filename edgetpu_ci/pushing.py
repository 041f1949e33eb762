"""What is pushed: all that is known of a store, or what one report says; and a store's whole history."""

from pathlib import Path
from typing import Final

import edgetpu_ci
from edgetpu_ci import config, history, newest, store
from edgetpu_ci.errors import DocumentError, StoreError
from edgetpu_ci.exposition import families, names, readings
from edgetpu_ci.exposition.computed import Gathered
from edgetpu_ci.exposition.past import Past
from edgetpu_ci.exposition.record import Family, Known
from edgetpu_ci.model import Report
from edgetpu_ci.world import World

_OF_STORE: Final = {names.PREFIX + name for name in ("build_info", "store_passed_over", "store_readable")}
"""One report says nothing of these."""


def of_store(settings: config.Config, world: World) -> list[Family]:
    """What is known now; StoreError where the store cannot be read, DocumentError where it has nothing."""
    known = newest.of(settings, world).refresh()
    if not known.is_readable:
        raise StoreError("Nothing was pushed: the store cannot be read.")
    if not known.runs:
        raise DocumentError("The store has no report of the main line, so that there is nothing to push.")
    return families.of(known)


def of_report(report: Report, path: Path, settings: config.Config, world: World) -> list[Family]:
    """What one report says; DocumentError for one that is no point of main's history."""
    if not history.is_main_line(report.run):
        raise DocumentError(f"{path} is of a pull request or was put aside; what is pushed is of the main line.")
    looking = newest.looking(settings, world)
    # One report tells no streak, so that it is asked of no alert.
    gathered = Gathered(())
    gathered.take(report, looking.labels(report), world.now())
    known = Known(
        version=edgetpu_ci.__version__,
        readings=tuple(gathered.values.values()),
        runs=tuple(gathered.runs.values()),
        dependencies=tuple(one for _, needed in gathered.needed.values() for one in needed),
        regressions=tuple(gathered.ratios.values()),
    )
    return [family for family in families.of(known) if family.name not in _OF_STORE]


def past(settings: config.Config, world: World) -> Past:
    """What every report of the main line measured, as far as it may be believed; DocumentError where there is none."""
    kept, looking, found = store.open_store(settings.store, world).snapshot(), newest.looking(settings, world), Past()
    for kind in (history.REPORTS, history.KPIS):
        for report in history.readable(kept, kind, kept.names(kind), world):
            if history.is_main_line(report.run):
                found.take(readings.believed(report, tuple(looking.labels(report).items())))
    if not found.metrics:
        raise DocumentError("The store has no report of the main line, so that there is no history.")
    return found
