"""Processes of one subject: what was taken before a fault is kept, and after a pause there is another try."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from edgetpu_ci.loads import failures
from edgetpu_ci.loads.faults import Fault
from edgetpu_ci.model import Measurement
from edgetpu_ci.world import World

T = TypeVar("T")


@dataclass
class Tries(Generic[T]):
    """What was taken of a subject, and what broke."""

    taken: list[T] = field(default_factory=list)
    record: failures.Record = field(default_factory=failures.Record)

    @property
    def is_over(self) -> bool:
        """Whether it is not worth another try."""
        return self.record.is_hopeless

    @property
    def nothing(self) -> str:
        """Why nothing was taken; empty when something was."""
        return "" if self.taken else self.record.reason or "nothing was measured"

    def take(self, one: Callable[[], T | Fault | str], world: World) -> T | None:
        """Try once: what was taken, or None after a fault or what no other try would mend."""
        found = one()
        if isinstance(found, (Fault, str)):
            self.record.broke(found, world)
            return None
        self.taken.append(found)
        return found


def broken(subject: str, attempted: int, failed: int, record: failures.Record, where: str) -> list[Measurement]:
    """What makes the run of a subject invalid that broke off after so many inferences; nothing of one that did not."""
    if not record.reason:
        return []
    attempted += sum(fault.attempted for fault in record.faults)
    failed += sum(fault.failed for fault in record.faults)
    return [failures.rate(subject, attempted, failed, record, where)]
