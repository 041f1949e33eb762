"""How often a model failed while it was measured, and how long it took until it worked again."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from edgetpu_ci import stats
from edgetpu_ci.loads.faults import Fault
from edgetpu_ci.loads.sampled import six_digits
from edgetpu_ci.loads.slot import Answer, device
from edgetpu_ci.model import Measurement
from edgetpu_ci.world import World

MOST: Final = 3
"""Faults after which a model is left alone."""

PAUSE_SECONDS: Final = 1.0
"""After the first fault, and as much more after each further one: a device that was reset is away for so long."""


@dataclass
class Record:
    """The faults of a model on one side, and how long after each failure it worked again, in milliseconds.

    `stopped`: in words what ended it that is no fault, so that no other try would go better.
    """

    faults: list[Fault] = field(default_factory=list)
    stopped: str = ""
    recovered: list[float] = field(default_factory=list)
    broke_at: datetime | None = None

    @property
    def is_hopeless(self) -> bool:
        """Whether it is not worth another try."""
        return bool(self.stopped) or len(self.faults) >= MOST

    @property
    def reason(self) -> str:
        """What went wrong first, and how often something did; empty when nothing did."""
        count = len(self.faults)
        return f"{f'{count} × ' if count > 1 else ''}{self.faults[0].text}" if count else self.stopped

    def broke(self, why: Fault | str, world: World) -> None:
        """One more fault, after which the device gets some time to come back; or what no time mends."""
        if isinstance(why, str):
            self.stopped = why
            return
        self.faults.append(why)
        self.broke_at = world.now()
        if not self.is_hopeless:
            world.sleep(PAUSE_SECONDS * len(self.faults))

    def worked(self, answer: Answer, elapsed: float, world: World) -> None:
        """A slot that took so many seconds went well."""
        if self.broke_at:
            away = world.now() - timedelta(seconds=elapsed) - self.broke_at
            opening = answer.edgetpu.open_ns if answer.edgetpu else 0
            self.recovered.append(away.total_seconds() * 1e3 + (opening + answer.load_ns + answer.first_ns) / 1e6)
        self.broke_at = None
        self.recovered += [nanoseconds / 1e6 for nanoseconds in answer.recovered_ns]


def measurements(subject: str, slots: Sequence[Answer], record: Record, threads: int) -> list[Measurement]:
    """How often it failed, told of what ran on an Edge TPU or failed at all; after a fault the run of it is invalid."""
    # What a slot that gave up attempted stands with its fault.
    well = [slot for slot in slots if not slot.gave_up]
    attempted = sum(slot.attempted for slot in well) + sum(fault.attempted for fault in record.faults)
    failed = sum(slot.attempted - len(slot.wall_ns) for slot in well) + sum(fault.failed for fault in record.faults)
    if not slots or not (failed or record.reason or slots[0].edgetpu):
        return []
    where = device(slots, threads)
    return [rate(subject, attempted, failed, record, where), *_recovery(subject, record, where)]


def rate(subject: str, attempted: int, failed: int, record: Record, where: str) -> Measurement:
    """How many of the inferences failed; that it broke off makes the run of the subject invalid."""
    return Measurement(
        subject=subject,
        metric="failures_per_million",
        value=six_digits(1e6 * failed / attempted),
        reason=f"invalid: {record.reason}" if record.reason else "",
        failed=bool(record.reason),
        n=attempted,
        interval=(0.0, six_digits(1e6 * stats.rate_at_most(failed, attempted))),
        device=where,
        details=tuple((f"{count} ×", fault) for fault, count in Counter(fault.text for fault in record.faults).items()),
    )


def _recovery(subject: str, record: Record, where: str) -> list[Measurement]:
    known = record.recovered
    if not known:
        return []
    value, longest = six_digits(median(known)), (("longest", f"{max(known):,.0f} ms"),)
    return [
        Measurement(subject=subject, metric="recovery_ms", value=value, n=len(known), device=where, details=longest)
    ]
