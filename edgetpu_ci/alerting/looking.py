"""What runs saw, brought into the book: each report once, whoever looks at it."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from edgetpu_ci import history
from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.incidents import evaluate, forgetting, logged, machine, silence
from edgetpu_ci.incidents.logged import Logged
from edgetpu_ci.incidents.record import Book
from edgetpu_ci.model import Report
from edgetpu_ci.store import Store
from edgetpu_ci.world import World

MOST: Final = 50
"""Reports of each kind that are looked at in one go: the newest."""

_SEEN: Final = 200
_OF_RUN: Final = re.compile(r"https?://[^/]+/([^/]+/[^/]+)/actions/runs/")


class News(Struct, frozen=True, kw_only=True):
    """Reports that were not looked at, oldest first, and the names of them and of those that cannot be read."""

    names: Mapping[str, Sequence[str]]
    reports: tuple[Report, ...]


class Looking(Struct, frozen=True, kw_only=True):
    """With what a report is looked at: the rules, the labels that make alerts one incident, and whose they are."""

    rules: Sequence[AlertRule]
    group_by: Sequence[str]
    repository: str

    def labels(self, report: Report) -> dict[str, str]:
        """Of every alert of a report: `repo` and `branch`, where they are known."""
        of_run = _OF_RUN.match(report.run.url)
        found = {"repo": of_run[1] if of_run else self.repository, "branch": report.run.branch}
        return {name: value for name, value in found.items() if value}

    def at(self, book: Book, news: News, now: datetime, told: Logged | None = None) -> Book:
        """The book with what is new, was logged, or fell silent; what another job brought into it changes nothing."""
        book = machine.advance(book, (), self.rules, now, self.group_by)
        for report in news.reports:
            if history.is_main_line(report.run):
                found = evaluate.observe(self.rules, report, self.labels(report), book.watched)
                book = machine.advance(book, found, self.rules, now, self.group_by)
        silent = silence.observe(self.rules, book.watched, now)
        book = machine.advance(book, silent, self.rules, now, self.group_by)
        if told:
            found = logged.observe(self.rules, told, book.watched)
            book = machine.advance(book, found, self.rules, now, self.group_by)
        seen = {kind: sorted({*book.seen.get(kind, ()), *names})[-_SEEN:] for kind, names in news.names.items()}
        return replace(book, seen={**book.seen, **{kind: tuple(names) for kind, names in seen.items() if names}})


def news(book: Book, store: Store, world: World, own: Report | None = None) -> News:
    """What the store has that the book has not seen, and a run's `own` report, which may not have reached the store.

    What a clock that jumped called old, or yet to come, is left for a job with the right time: names begin with it.
    """
    now = world.now()
    since, until = (f"{at:%Y%m%dT%H%M%SZ}" for at in (now - forgetting.UNSEEN, now + machine.SKEW))
    names = {
        kind: _new(book, kind, [name for name in store.names(kind) if since <= name <= until])
        for kind in (history.REPORTS, history.KPIS)
    }
    reports = [
        report
        for kind, new in names.items()
        for report in history.readable(store, kind, [name for name in new if own is None or name != own.run.id], world)
    ]
    if own:
        kind = history.kind(own.run.machine.key)
        names[kind] = [*names[kind], own.run.id]
        reports.append(own)
    return News(names=names, reports=tuple(sorted(reports, key=lambda report: (report.run.at, report.run.id))))


def _new(book: Book, kind: str, names: Sequence[str]) -> list[str]:
    """One below all that are remembered was looked at long ago, or never will be."""
    seen = set(book.seen.get(kind, ()))
    first = min(seen, default="")
    return [name for name in names if name not in seen and name > first][-MOST:]
