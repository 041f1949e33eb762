"""The same model on several devices at once, a process each: what each of them completes."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

from edgetpu_ci.loads import load, slot, turns
from edgetpu_ci.loads.faults import Fault
from edgetpu_ci.loads.load import Load
from edgetpu_ci.world import World


class Ran(load.Loaded, frozen=True, kw_only=True):
    """What one of them completed, and in how long."""

    wall_ns: tuple[Annotated[int, Meta(ge=1)], ...] = ()
    span_ns: slot.Nanoseconds = 0

    @property
    def fps(self) -> float:
        return len(self.wall_ns) * 1e9 / self.span_ns

    def __post_init__(self) -> None:
        """Refuse what a worker of ours cannot say."""
        if not self.kind and not (self.wall_ns and self.span_ns):
            raise ValueError("nothing was completed")


def run(
    options: Load, file: Path, devices: Sequence[str], seconds: float, world: World
) -> list[turns.Slot[Ran]] | Fault | str:
    """One process for each of the devices, which begin to measure at once; or what broke, or why one cannot."""
    with TemporaryDirectory() as meeting, ThreadPoolExecutor(len(devices)) as pool:
        asked = [
            load.request(
                replace(options, device=device),
                file,
                "together",
                world,
                meeting=meeting,
                meeting_seconds=options.timeout_seconds / 2,
                place=place,
                together=len(devices),
                count=1,
                seconds=seconds,
                limit_seconds=seconds,
                most=10_000_000,
            )
            for place, device in enumerate(devices)
        ]
        taken = list(pool.map(lambda one: load.take(options, one, Ran, world, seconds), asked))
    return _all(taken, devices)


def _all(taken: Sequence[turns.Slot[Ran] | Fault | str], devices: Sequence[str]) -> list[turns.Slot[Ran]] | Fault | str:
    broken = [(device, one) for device, one in zip(devices, taken, strict=True) if isinstance(one, (Fault, str))]
    if broken:
        # Who waited for another in vain is not who broke.
        device, why = min(broken, key=lambda each: isinstance(each[1], str) and "were ready in time" in each[1])
        where = device or "the first device"
        return f"{where}: {why}" if isinstance(why, str) else replace(why, text=f"{where}: {why.text}")
    return [one for one in taken if not isinstance(one, (Fault, str))]
