"""What is known of a store, and what a scrape gives of it: families of samples. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from edgetpu_ci.incidents.record import Book
from edgetpu_ci.model import Dependency, Verdict

Labels = tuple[tuple[str, str], ...]
"""Names and values, in the order in which they are written; one that is empty is left out."""


class Sample(Struct, frozen=True, gc=False):
    """One value, and of when it is: a scrape leaves the time away, a backfill needs it."""

    labels: Labels
    value: float
    at: datetime | None = None


class Family(Struct, frozen=True, kw_only=True):
    """All samples of one name; each is a gauge. `unit` is the end of the name where OpenMetrics knows it as one."""

    name: str
    help: str
    unit: str = ""
    samples: Sequence[Sample] = ()


class Line(NamedTuple):
    """A series with its history: its values and their times in milliseconds since 1970, in order, each time once."""

    name: str
    labels: Labels
    times: list[int]
    values: list[float]


class Reading(Struct, frozen=True, gc=False):
    """The newest known value of a metric of the catalogue, in its unit there, and when it was measured."""

    metric: str
    labels: Labels
    value: float
    at: datetime


class Ran(Struct, frozen=True, kw_only=True):
    """The newest run of a machine: `labels` are `repo`, `branch` and `machine`; how many verdicts of each status.

    `host` is the machine's own name, `measured` how many values it has, `models` the sha256 of its models by subject.
    """

    labels: Labels
    at: datetime
    commit: str
    report: str
    url: str
    version: str
    verdicts: Mapping[str, int]
    failed: Sequence[Verdict] = ()
    host: str = ""
    measured: int = 0
    models: Mapping[str, str] = {}

    @property
    def machine(self) -> str:
        """Where it was; "repository" where no machine measured anything."""
        return dict(self.labels).get("machine", "")


class Needed(NamedTuple):
    """A dependency that is outdated or vulnerable, and of which `repo` and `branch`."""

    labels: Labels
    dependency: Dependency


class Known(Struct, frozen=True, kw_only=True):
    """What is known of a store: of its main line, and of its incidents.

    `bad_runs` has, of each alert that may be, in how many runs in a row its demand was broken, and `heard`, of those on
    silence, when there was last a value; `regressions`, by what fraction each measurement is worse than what it is held
    against. `fault` says in a sentence why the store could not be read just now (empty: it could), `book` is None where
    it never could, and `passed_over` how many of its documents could not.
    """

    version: str
    repository: str = ""
    readings: Sequence[Reading] = ()
    runs: Sequence[Ran] = ()
    dependencies: Sequence[Needed] = ()
    bad_runs: Sequence[Sample] = ()
    heard: Sequence[Sample] = ()
    regressions: Sequence[Sample] = ()
    book: Book | None = None
    fault: str = ""
    passed_over: int = 0

    @property
    def is_readable(self) -> bool:
        """Whether the store could be read just now."""
        return not self.fault
