"""What a digest says of a week: facts for every rendering alike."""

from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from edgetpu_ci.model import Comparison, Dependency, Measurement, Shift, Status, Trend

Time = Annotated[datetime, Meta(tz=True)]
Kind = Literal["incident", "failed", "regressed", "missing", "unknown"]
Part = Literal["KPIs", "benchmarks"]

_GRAVE: Final = frozenset({"critical", "high"})


class Matter(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that needs attention; the smallest `rank` is the gravest.

    An incident has the `name` of its alert and a `state` ("critical, acknowledged"), everything else a subject and a
    metric; `device` is told where there are several. `threshold` is the bound that is broken, else `because` says why.
    It stands `since` then, or (`lasting`) since before: earlier reports were not looked at.
    """

    kind: Kind
    rank: int
    name: str = ""
    state: str = ""
    subject: str = ""
    metric: str = ""
    device: str = ""
    value: float | None = None
    threshold: str = ""
    because: str = ""
    since: Time | None = None
    lasting: bool = False
    owner: str = ""
    url: str = ""


class Over(Struct, frozen=True, kw_only=True):
    """An incident that ended in the week: the name of its alert, and how long it lasted."""

    name: str
    lasted: timedelta


class Gate(Struct, frozen=True, kw_only=True):
    """How the demands of one kind of report stand: of `judged` figures so many failed, are unknown or warn.

    `earlier` is how many failed or were unknown a week before, None where no report is of then. `as_of` is when they
    were judged, where that was not in this week.
    """

    of: Part
    status: Status
    judged: int
    failed: int = 0
    unknown: int = 0
    warned: int = 0
    earlier: int | None = None
    as_of: Time | None = None


class Moved(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A change of a model's figure in this week: a comparison, or a confirmed change of level."""

    subject: str
    metric: str
    comparison: Comparison
    shift: Shift | None = None
    device: str = ""
    url: str = ""


class Source(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Reports of one kind: how many of the week, and the newest, with its commit and page; None: there never was one.

    `here` says whether the newest is of this week.
    """

    of: Part
    count: int = 0
    machines: int = 0
    at: Time | None = None
    here: bool = False
    commit: str = ""
    branch: str = ""
    url: str = ""


class Digest(Struct, frozen=True, kw_only=True):
    """The digest of a week until `until`, made at `made`.

    `attention` is what needs it, the gravest first; `over` are incidents that ended, `muted` counts open ones of which
    nothing is to be said, `watched` alerts, and `steady` what is demanded and holds. `figures` are the headlines among
    key figures, `courses` how these went, `security` and `cost` those of these matters, known or not.
    Of `collectors`, (brought something, were to). `incomplete` are sentences of what was not read, `notes` of what
    there is not at all.
    """

    week: str
    repository: str
    until: Time
    made: Time
    sources: tuple[Source, ...]
    attention: tuple[Matter, ...] = ()
    over: tuple[Over, ...] = ()
    watched: int = 0
    muted: int = 0
    steady: int = 0
    gates: tuple[Gate, ...] = ()
    figures: tuple[Measurement, ...] = ()
    courses: tuple[Trend, ...] = ()
    worst: Moved | None = None
    best: Moved | None = None
    dependencies: tuple[Dependency, ...] = ()
    security: tuple[Measurement, ...] = ()
    cost: tuple[Measurement, ...] = ()
    collectors: tuple[int, int] = (0, 0)
    incomplete: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there never was anything to tell of."""
        return not self.attention and all(source.at is None for source in self.sources)

    @property
    def is_quiet(self) -> bool:
        """Whether something is demanded, all of it holds, nothing grave is known, and nothing missing."""
        told = (*self.figures, *self.security, *self.cost)
        whole = not (self.incomplete or self.muted or self.over) and all(one.value is not None for one in told)
        grave = self.attention or any(one.severity in _GRAVE for one in self.dependencies)
        well = self.gates and all(gate.status == "passed" for gate in self.gates)
        return bool(whole and well and not grave and self.collectors[0] == self.collectors[1])
