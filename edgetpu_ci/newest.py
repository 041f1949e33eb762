"""What is known of a store now, read bit by bit: for who serves it, and who pushes it."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock, Thread
from typing import Final, NamedTuple

from msgspec.structs import replace

import edgetpu_ci
from edgetpu_ci import codec, config, history, store
from edgetpu_ci.alerting import keeper
from edgetpu_ci.alerting.looking import Looking
from edgetpu_ci.errors import DocumentError, EdgeTpuCiError, StoreError
from edgetpu_ci.exposition import computed
from edgetpu_ci.exposition.computed import Gathered
from edgetpu_ci.exposition.record import Known, Reading
from edgetpu_ci.incidents.machine import SKEW
from edgetpu_ci.incidents.record import STORED, Book, Incident
from edgetpu_ci.metrics import incidents
from edgetpu_ci.model import REPOSITORY
from edgetpu_ci.store import Store
from edgetpu_ci.world import World

MOST: Final = 500
"""Documents of each kind that are read: the newest."""

DAYS: Final = timedelta(days=30)
"""No older document is read but the newest of its kind, and no older value is known."""

PAUSE: Final = 60.0
"""Seconds between two looks at a store that lies elsewhere: each costs its server a request, or two."""

PROMPT: Final = 5.0
"""Seconds that a scrape waits for the store, of the ten that Prometheus waits for a scrape."""

_STEP: Final = "see that it can be reached and read, or name another with `store:` in the configuration."
_OF_INCIDENTS: Final = frozenset(kpi.metric.name for kpi in incidents.KPIS)


class _Name(NamedTuple):
    """A document; names begin with their time, so that they sort by it."""

    name: str
    kind: str


@dataclass
class Newest:
    """What was found until now. Several threads may ask: one of them reads."""

    store: Store
    looking: Looking
    world: World
    pause: float = 0.0
    _gathered: Gathered = field(init=False)
    _read: set[_Name] = field(init=False, default_factory=set)
    _faults: dict[_Name, str] = field(init=False, default_factory=dict)
    _past: dict[_Name, Incident] = field(init=False, default_factory=dict)
    _book: Book | None = field(init=False, default=None)
    _looked: float | None = field(init=False, default=None)
    _fault: str = field(init=False, default="")
    _alone: Lock = field(init=False, default_factory=Lock)
    _starting: Lock = field(init=False, default_factory=Lock)
    _running: Thread | None = field(init=False, default=None)
    _began: float = field(init=False, default=0.0)
    _last: Known = field(init=False)

    def __post_init__(self) -> None:
        self._gathered = Gathered(self.looking.rules)
        self._last = replace(self._known(), fault="The store has not been read yet; ask again in a few seconds.")

    def refresh(self) -> Known:
        """What is known now, what is new in the store read; never an error, for the rest is known as it was."""
        with self._alone:
            if self._looked is None or self.world.monotonic() - self._looked >= self.pause:
                self._look()
                self._looked = self.world.monotonic()
                self._last = self._known()
            return self._last

    def promptly(self, seconds: float = PROMPT) -> Known:
        """The same, or what was known before where the store does not answer in time: a scrape does not wait longer.

        Until the first look is over nothing is known, and the store not readable; nor is it when a look does not end.
        """
        with self._starting:
            if self._running is None or not self._running.is_alive():
                self._began = self.world.monotonic()
                self._running = Thread(target=self.refresh, daemon=True)
                self._running.start()
            running = self._running
        running.join(seconds)
        waited = self.world.monotonic() - self._began
        if running.is_alive() and waited > PAUSE:
            return replace(self._last, fault=f"The store has not answered for {waited:.0f} s; {_STEP}")
        return self._last

    def _look(self) -> None:
        try:
            kept = self.store.snapshot()
            names = {kind: kept.names(kind) for kind in (history.REPORTS, history.KPIS, STORED)}
            self._refuse_emptied(kept, names)
            self._read_book(kept)
        except (EdgeTpuCiError, OSError) as error:
            self._fault = self._said(_unreadable(error), self._fault)
            return
        self._fault = ""
        self._forget_erased(names)
        for name in sorted(new for kind in names for new in self._new(kind, names[kind])):
            self._take(kept, name)

    def _refuse_emptied(self, kept: Store, names: Mapping[str, list[str]]) -> None:
        """StoreError where all is gone and nobody erased it: a folder that is not mounted looks like an empty one."""
        if self._read and not any(names.values()):
            from edgetpu_ci.upkeep import erase

            if not kept.names(erase.KIND):
                raise StoreError("it has none of the documents that were there.")

    def _forget_erased(self, names: Mapping[str, list[str]]) -> None:
        """What a document said that somebody erased is not known any more: all is read anew."""
        there = {_Name(name, kind) for kind, of_kind in names.items() for name in of_kind}
        if not self._read <= there:
            self._gathered, self._read, self._past = Gathered(self.looking.rules), set(), {}

    def _read_book(self, kept: Store) -> None:
        name = _Name(STORED, "state")
        try:
            self._book = keeper.load(kept)
            self._faults.pop(name, None)
        except DocumentError as error:
            self._pass_over(name, error)

    def _new(self, kind: str, known: Iterable[str]) -> Iterator[_Name]:
        """What was not read, and what could not be; nothing that a clock that jumped called yet to come."""
        now = self.world.now()
        first, last = (f"{at:%Y%m%dT%H%M%SZ}" for at in (now - DAYS, now + SKEW))
        names = [name for name in known if name <= last]
        wanted = ([name for name in names if name >= first] or names[-1:])[-MOST:]
        there = {_Name(name, kind) for name in wanted}
        self._read = {name for name in self._read if name.kind != kind or name in there}
        self._faults = {name: why for name, why in self._faults.items() if name.kind != kind or name in there}
        return (name for name in there if name not in self._read)

    def _take(self, kept: Store, name: _Name) -> None:
        try:
            data = kept.read(name.kind, name.name)
            if name.kind == STORED:
                self._past[name] = codec.decode_json(data, Incident, f"incident {name.name} in the store")
            else:
                self._take_report(data, name)
        except EdgeTpuCiError as error:
            self._pass_over(name, error)
            return
        self._faults.pop(name, None)
        self._read.add(name)

    def _take_report(self, data: bytes, name: _Name) -> None:
        report = history.decode(data, f"report {name.name} in the store")
        if history.is_main_line(report.run):
            self._gathered.take(report, self.looking.labels(report), self.world.now())

    def _pass_over(self, name: _Name, error: EdgeTpuCiError) -> None:
        self._faults[name] = self._said(f"Passed over: {error}", self._faults.get(name, ""))

    def _said(self, fault: str, before: str) -> str:
        """A fault, said once and not at each look."""
        if fault != before:
            self.world.warn(fault)
        return fault

    def _known(self) -> Known:
        gathered, now = self._gathered, self.world.now()
        newest = max(gathered.runs.values(), key=lambda ran: ran.at, default=None)
        repository = self.looking.repository or (dict(newest.labels).get("repo", "") if newest else "")
        return Known(
            version=edgetpu_ci.__version__,
            repository=repository,
            readings=[*gathered.since(now - DAYS, besides=_OF_INCIDENTS), *self._incidents(repository)],
            runs=tuple(gathered.runs.values()),
            dependencies=tuple(one for _, needed in gathered.needed.values() for one in needed),
            bad_runs=tuple(gathered.streaks.samples()),
            heard=gathered.streaks.heard(self._book.watched if self._book else ()),
            regressions=tuple(gathered.ratios.values()),
            book=self._book,
            fault=self._fault,
            passed_over=len(self._faults),
        )

    def _incidents(self, repository: str) -> Iterator[Reading]:
        """Figures of the store's own incidents, under the labels of the newest run that collected key figures."""
        if self._book is None:
            return
        runs = [ran for ran in self._gathered.runs.values() if ("machine", REPOSITORY) in ran.labels]
        newest = max(runs, key=lambda ran: ran.at, default=None)
        labels = newest.labels[:-1] if newest else (("repo", repository),)
        known = {(one.key, one.number): one for one in (*self._past.values(), *self._book.incidents)}
        yield from computed.of_incidents(known.values(), labels, self.world.now())


def _unreadable(error: EdgeTpuCiError | OSError) -> str:
    why = str(error)
    if isinstance(error, OSError):
        why = f"{error.filename}: {os.strerror(error.errno or 0).lower()}"
    return f"The store cannot be read: {why.rstrip('.')}; {_STEP}"


def of(settings: config.Config, world: World) -> Newest:
    """What reads the store of a configuration; nothing is read yet."""
    pause = 0.0 if settings.store.use == "folder" else PAUSE
    return Newest(store.open_store(settings.store, world), looking(settings, world), world, pause)


def looking(settings: config.Config, world: World) -> Looking:
    """With what reports are read: the rules of a configuration, and whose they are."""
    return Looking(
        rules=config.alert_rules(settings),
        group_by=settings.alerting.group_by,
        repository=world.env.get("GITHUB_REPOSITORY", ""),
    )
