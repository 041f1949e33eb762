"""The nouns: what was observed, what is demanded, what is said. Frozen, typed, no behaviour."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

SCHEMA = 1
"""Version of the report document; a reader refuses a greater one and tolerates unknown fields."""

FORMAT = "edgetpu-ci report"
"""How a report says that it is one."""

SIMULATED = "simulated"
"""How the device of a measurement is called that no device made."""

REPOSITORY = "repository"
"""The subject of what holds for the whole repository, and the machine of a run that measured nothing else."""

Better = Literal["lower", "higher", "exact"]
Severity = Literal["fail", "warn"]
Weight = Literal["fail", "warn", "pass"]
Status = Literal["passed", "warned", "failed", "unknown"]
Finding = Literal["regressed", "improved", "unchanged", "inconclusive"]
BaseKind = Literal["baseline", "previous run", "base commit"]
Tier = Literal["suspected", "confirmed"]


class Metric(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a value means: its unit and which direction is better (none: shown, never compared).

    `calm` names the metric of the same thing that other work on the host disturbs least; a `deterministic` one is the
    same each time it is measured, so that any difference is one. The value of a metric with `states`, from good to bad,
    is the place of one of them, from 0 on.
    """

    name: str
    unit: str = ""
    better: Better | None = None
    meaning: str = ""
    aliases: tuple[str, ...] = ()
    calm: str = ""
    deterministic: bool = False
    states: tuple[str, ...] = ()


class Earlier(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The same value of the window before this one, and of how many; `moved` when they differ beyond noise."""

    value: float
    n: int = 0
    moved: bool = False


class Measurement(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One value of one metric of one subject.

    A missing value is None with a reason, never 0; `failed` when it was tried and went wrong, or with a value when the
    whole run of its subject did.
    `slots` holds one statistic for each slot (a fresh process), in the metric's unit; `n` counts
    the samples behind the value and `interval` is its two-sided 95 % confidence interval.
    `earlier` is what it was in the window before, where it is of a window. `details` are shown, never judged.
    """

    subject: str
    metric: str
    value: float | None = None
    reason: str = ""
    failed: bool = False
    n: int = 0
    interval: tuple[float, float] | None = None
    slots: tuple[float, ...] = ()
    device: str = ""
    earlier: Earlier | None = None
    details: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """`subject/metric`, what a rule's `match` is compared with."""
        return f"{self.subject}/{self.metric}"


class Dependency(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A package that is built on, where it is outdated or vulnerable.

    `severity` is that of its gravest advisory (critical, high, medium, low), empty without one; `epss` the likelihood,
    0 to 1, that one is exploited within 30 days; `scope` is runtime or development, empty where nobody knows;
    `fixed_in` is the version that has none of the `advisories`.
    """

    package: str
    current: str
    latest: str = ""
    severity: str = ""
    epss: float | None = None
    scope: str = ""
    direct: bool | None = None
    fixed_in: str = ""
    advisories: tuple[str, ...] = ()


class Machine(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who measured: facts of the host; unknown ones are empty."""

    key: str
    host: str = ""
    cpu: str = ""
    cores: int = 0
    arch: str = ""
    kernel: str = ""
    os: str = ""
    governor: str = ""
    memory_mb: int = 0
    hypervisor: str = ""
    python: str = ""
    load: float | None = None


class Rounds(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How slots of base and head belong together: slot n of each was taken in round n.

    `orders` says which went first, the base in AB; `disturbed` names what disturbed a round more than the others.
    `looks` has for each look that was held which of the rounds until then were disturbed, as it was known then.
    """

    orders: tuple[Literal["AB", "BA"], ...]
    disturbed: tuple[str, ...]
    looks: tuple[tuple[bool, ...], ...] = ()


class Collected(Struct, frozen=True, kw_only=True):
    """What one collector brings: measurements, what disturbed them, and raw samples for the side file.

    `base` has the same of the base, where that was measured too, in the same `rounds` of each subject; `alike` are
    the subjects that are the same on both sides, to the last byte, and `without` says why some have no base.
    `incomplete` says what should have been collected and was not, a sentence each.
    """

    measurements: tuple[Measurement, ...]
    base: tuple[Measurement, ...] = ()
    rounds: dict[str, Rounds] = field(default_factory=dict)
    alike: frozenset[str] = frozenset()
    without: dict[str, str] = field(default_factory=dict)
    contended: str = ""
    notes: tuple[str, ...] = ()
    incomplete: tuple[str, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    samples: dict[str, list[float]] = field(default_factory=dict)


class Run(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was measured, of which commit, when and where.

    `contended` says in words how other work disturbed the host, empty when it did not, and `aside` why this is no
    point of main's history, empty when it is one. `incomplete` says what should have been collected and was not.
    """

    id: str
    at: Annotated[datetime, Meta(tz=True)]
    machine: Machine
    measurements: tuple[Measurement, ...]
    commit: str = ""
    branch: str = ""
    pull_request: int | None = None
    url: str = ""
    contended: str = ""
    aside: str = ""
    notes: tuple[str, ...] = ()
    incomplete: tuple[str, ...] = ()
    dependencies: tuple[Dependency, ...] = ()

    @property
    def is_simulated(self) -> bool:
        """Whether any value comes from a simulated device."""
        return any(measurement.device.startswith(SIMULATED) for measurement in self.measurements)


class Base(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a run is compared with, and where that came from; a base commit with what `Collected` says of it."""

    kind: BaseKind
    label: str
    measurements: tuple[Measurement, ...]
    contended: bool = False
    rounds: dict[str, Rounds] = field(default_factory=dict)
    alike: frozenset[str] = frozenset()
    without: dict[str, str] = field(default_factory=dict)


class Comparison(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Head against base for one metric.

    `ratio` is head / base with its interval; `p` is one-sided towards the finding.
    `because` explains in words what is inconclusive, or names what changed. Against a base commit both were measured
    in the same rounds: `pairs` has (base, head) of each round that counts, `dropped` is how many were too disturbed to,
    `rounds_needed` how many would decide; `worth_a_look` is a change that is likely, not proven. `min_effect` is the
    smallest change that matters, as a fraction.
    """

    subject: str
    metric: str
    base: float
    head: float
    finding: Finding
    ratio: float | None = None
    interval: tuple[float, float] | None = None
    p: float | None = None
    p_adjusted: float | None = None
    rounds: int = 0
    rounds_needed: int | None = None
    dropped: int = 0
    pairs: tuple[tuple[float, float], ...] = ()
    min_effect: float | None = None
    worth_a_look: bool = False
    against: BaseKind = "baseline"
    because: str = ""

    @property
    def key(self) -> str:
        """`subject/metric`."""
        return f"{self.subject}/{self.metric}"


class Rule(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One demand on the measurements whose `subject/metric` matches the glob.

    Exactly one demand: a band (`min`, `target`, `max`), `worse_by_percent`, `exact`, or `no_change_point`: that the
    metric's own history on this device shows no lasting change for the worse, which is judged of every run that belongs
    to no pull request. `unknown` says how a value that could not be judged weighs; by default as `severity`. A change
    of a time by less than `floor_ms` is none, however many percent it is.
    """

    match: str
    min: float | None = None
    target: float | None = None
    max: float | None = None
    worse_by_percent: Annotated[float, Meta(ge=0)] | None = None
    floor_ms: Annotated[float, Meta(ge=0)] = 0.001
    exact: bool = False
    no_change_point: bool = False
    severity: Severity = "fail"
    unknown: Weight | None = None
    owner: str = ""
    runbook: str = ""


class Verdict(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rule on one measurement: what is said, why, and how much it weighs.

    `suspected` is a change of level that is likely, not certain: it is shown, and fails nothing. `worse_than` says what
    something became worse than, where that is what fails.
    """

    subject: str
    metric: str
    status: Status
    weight: Weight
    because: str
    demand: str = ""
    value: float | None = None
    improved: bool = False
    suspected: bool = False
    worse_than: BaseKind | None = None
    owner: str = ""
    runbook: str = ""

    @property
    def key(self) -> str:
        """`subject/metric`."""
        return f"{self.subject}/{self.metric}"


class Runner(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a machine's self-tests say of it: how many there are, the newest, and its noise floor as a fraction.

    `quarantine` says why it cannot tell changes of `allowed`, the smallest that the rules demand to hear of; empty when
    it can, or nobody knows. `clean` counts its newest self-tests that would have let it.
    """

    tests: int = 0
    at: Annotated[datetime, Meta(tz=True)] | None = None
    floor: Annotated[float, Meta(ge=0, le=1e9)] | None = None
    allowed: float
    quarantine: str = ""
    clean: int = 0


class Approval(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody accepts what became worse: of one subject, or (empty) of all. `how` it was said, up to `by` whom."""

    by: str
    how: str
    subject: str = ""
    reason: str = ""


class Report(Struct, frozen=True, kw_only=True):
    """The one judged document; every rendering is a function of it. `runner` is told where a base was beside."""

    format: str = FORMAT
    schema: int = SCHEMA
    version: str = ""
    run: Run
    verdicts: tuple[Verdict, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    bases: tuple[str, ...] = ()
    trend: tuple["Trend", ...] = ()
    runner: Runner | None = None
    history: tuple["History", ...] = ()


class Trend(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Earlier values of one metric on the same device, oldest first, the newest last; `since` is when the first was."""

    subject: str
    metric: str
    values: tuple[float, ...]
    since: Annotated[datetime, Meta(tz=True)] | None = None


class Point(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One value of a series: when, of which commit, and the report and page that tell more."""

    at: Annotated[datetime, Meta(tz=True)]
    value: float
    commit: str = ""
    report: str = ""
    url: str = ""


class Change(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A new level in a series: `index` is its first point, `before` and `after` are the levels.

    The `_at` fields, of one who watched the series grow, are the index of the newest point when it was said.
    """

    index: int
    tier: Tier
    before: float
    after: float
    suspected_at: int | None = None
    confirmed_at: int | None = None
    withdrawn_at: int | None = None


class Series(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One metric of one subject on one device over many reports, oldest first.

    `open` are changes for the worse that still stand and came before the first point kept.
    """

    device: str
    subject: str
    metric: str
    points: tuple[Point, ...]
    changes: tuple[Change, ...] = ()
    open: tuple["Shift", ...] = ()

    @property
    def key(self) -> str:
        """`subject/metric`."""
        return f"{self.subject}/{self.metric}"


class Shift(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A change of level that still stands: `good` is the last point measured before it, `bad` the first after.

    `before` and `after` are the levels, `runs` counts the points of the new one. `commits` counts what came after the
    commit of `good`, up to that of `bad`; None where git does not know.
    """

    tier: Tier
    finding: Literal["regressed", "improved"]
    before: float
    after: float
    good: Point
    bad: Point
    runs: int
    commits: int | None = None


class History(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the series of one metric says with this run as its newest point: of `runs` points, which shifts stand."""

    subject: str
    metric: str
    runs: int
    shifts: tuple[Shift, ...] = ()

    @property
    def key(self) -> str:
        """`subject/metric`."""
        return f"{self.subject}/{self.metric}"
