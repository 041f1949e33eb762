"""One process that serves frames which come by a schedule: what is asked, and what was found."""

from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from edgetpu_ci import stats
from edgetpu_ci.loads import failures, load, tries, turns
from edgetpu_ci.loads.faults import Fault
from edgetpu_ci.loads.load import Load
from edgetpu_ci.loads.slot import Nanoseconds
from edgetpu_ci.model import Measurement
from edgetpu_ci.world import World

Rate = Annotated[float, Meta(gt=0, le=1_000_000)]
Milliseconds = Annotated[float, Meta(gt=0, le=3_600_000)]
Percent = Annotated[float, Meta(ge=0, lt=100)]


class Frames(Load, frozen=True, kw_only=True):
    """Frames come at even times, or, with `arrivals: poisson`, as from many cameras that do not know of each other.

    One is inferred at a time, first come, first served; `queue` others may wait. A frame is dropped when it comes while
    so many wait, or when its inference could begin only more than `deadline_ms` after it came.
    """

    arrivals: Literal["even", "poisson"] = "even"
    queue: Annotated[int, Meta(ge=0, le=100_000)] = 8


class Flow(Struct, frozen=True):
    """What comes: `count` frames at `rate` in a second, each of which is late after `deadline_ms`.

    `draw` is which of the random schedules it is: those of several processes should differ.
    """

    rate: float
    count: int
    deadline_ms: float
    draw: int = 0

    @property
    def seconds(self) -> float:
        return self.count / self.rate


class Served(load.Loaded, frozen=True, kw_only=True):
    """Of each frame that was served, nanoseconds from when it was due until its inference began, and that took.

    `overflowed` were dropped as they came, `stale` when their turn came; the inference of `failed` ones failed.
    """

    wait_ns: tuple[Nanoseconds, ...] = ()
    service_ns: tuple[Nanoseconds, ...] = ()
    stale: Annotated[int, Meta(ge=0)] = 0
    overflowed: Annotated[int, Meta(ge=0)] = 0
    failed: Annotated[int, Meta(ge=0)] = 0

    def __post_init__(self) -> None:
        """Refuse what a worker of ours cannot say."""
        if not self.kind and not 0 < len(self.wait_ns) == len(self.service_ns):
            raise ValueError("the records do not fit together")

    @property
    def offered(self) -> int:
        return len(self.wait_ns) + self.lost

    @property
    def attempted(self) -> int:
        """How many inferences were begun."""
        return len(self.service_ns) + self.failed

    @property
    def lost(self) -> int:
        """Frames that have no result."""
        return self.stale + self.overflowed + self.failed

    @property
    def latency_ms(self) -> list[float]:
        """From when each served frame was due to its result."""
        return [(waited + took) / 1e6 for waited, took in zip(self.wait_ns, self.service_ns, strict=True)]


def enough(lost_percent: float = 0) -> int:
    """How many frames p99 needs when so many percent of them may be lost."""
    return ceil(stats.samples_needed(0.99) / (1 - lost_percent / 100))


def serve(options: Frames, file: Path, flow: Flow, world: World) -> turns.Slot[Served] | Fault | str:
    """One process that serves these frames, or what broke, or why there is none."""
    asked = load.request(
        options,
        file,
        "paced",
        world,
        rate=flow.rate,
        count=flow.count,
        arrivals=options.arrivals,
        draw=flow.draw,
        queue=options.queue,
        deadline_ns=round(flow.deadline_ms * 1e6),
    )
    return load.take(options, asked, Served, world, flow.seconds)


def broken(subject: str, answers: Sequence[Served], record: failures.Record, where: str) -> list[Measurement]:
    """What makes a run invalid that broke off after these answers; nothing of one that did not."""
    attempted, failed = sum(each.attempted for each in answers), sum(each.failed for each in answers)
    return tries.broken(subject, attempted, failed, record, where)
