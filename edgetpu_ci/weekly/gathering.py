"""What the store knows of a week, in few reads: documents are chosen by the time in their names."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Final, NamedTuple

from edgetpu_ci import config, history
from edgetpu_ci.alerting import keeper
from edgetpu_ci.config import Config
from edgetpu_ci.digest import Known
from edgetpu_ci.digest.week import Week
from edgetpu_ci.incidents import muting
from edgetpu_ci.incidents.record import Incident
from edgetpu_ci.model import Report
from edgetpu_ci.store import Store
from edgetpu_ci.world import World

MOST: Final = 100
"""Reports of a kind that are read of one week, the newest first."""

MOST_BEFORE: Final = 20
"""Reports that are looked through for the newest of each machine from before the week."""


MOST_OVER: Final = 50
"""Incidents that are over, of which those of the week are sought; the newest are read."""


class Reports(NamedTuple):
    """Reports of one kind, newest first, and how many of the week there was no time to read."""

    read: tuple[Report, ...]
    left: int


def known(settings: Config, week: Week, store: Store, world: World) -> Known:
    """All that a digest is made from; a report that cannot be read is named and passed over."""
    book, now = keeper.load(store), world.now()
    kpis, benchmarks = (_reports(store, kind, week, world) for kind in (history.KPIS, history.REPORTS))
    return Known(
        week=week,
        now=now,
        repository=world.env.get("GITHUB_REPOSITORY", ""),
        kpis=kpis.read,
        benchmarks=benchmarks.read,
        incidents=book.incidents,
        over=_over((*book.incidents, *islice(keeper.past(store, world), MOST_OVER)), week),
        muted=muting.of(book, settings.alerting, now),
        rules=config.alert_rules(settings),
        wanted=tuple(dict.fromkeys(step.use for step in settings.kpis)),
        measures=bool(settings.collect),
        left=kpis.left + benchmarks.left,
    )


def _over(incidents: Iterable[Incident], week: Week) -> tuple[Incident, ...]:
    """Those that ended in the week, each once: one may be in the book still, and put away already."""
    ended = [one for one in incidents if one.resolved_at and week.start <= one.resolved_at < week.end]
    once = {(one.key, one.number): one for one in ended}
    return tuple(sorted(once.values(), key=lambda one: one.opened_at))


def _reports(store: Store, kind: str, week: Week, world: World) -> Reports:
    """Those of the week, and from before it the newest of each machine that is among them, or the newest of all."""
    names = [name for name in store.names(kind) if name < _stamp(week.end)]
    within = [name for name in reversed(names) if name >= _stamp(week.start)]
    before = [name for name in reversed(names) if name < _stamp(week.start)][:MOST_BEFORE]
    found = tuple(filter(_counts, history.readable(store, kind, within[:MOST], world)))
    earlier = _newest_of_each(filter(_counts, history.readable(store, kind, before, world)), found)
    return Reports((*found, *earlier), max(0, len(within) - MOST))


def _stamp(at: datetime) -> str:
    """As the names of reports begin."""
    return f"{at:%Y%m%dT%H%M%SZ}"


def _counts(report: Report) -> bool:
    """Whether it is of main and of a real device."""
    return history.is_main_line(report.run) and not report.run.is_simulated


def _newest_of_each(before: Iterator[Report], found: Sequence[Report]) -> list[Report]:
    """Read no further than until each machine has one."""
    wanted = {report.run.machine.key for report in found}
    if not wanted:
        return list(islice(before, 1))
    earlier: dict[str, Report] = {}
    for report in before:
        earlier.setdefault(report.run.machine.key, report)
        if wanted <= set(earlier):
            break
    return list(earlier.values())
