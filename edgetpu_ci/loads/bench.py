"""What a run minds beside the clock: that it begins cool, how hot it gets, and what it draws."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from edgetpu_ci.device import meters, thermal
from edgetpu_ci.device.power import Samples, Span
from edgetpu_ci.device.thermal import Accelerator, Heat
from edgetpu_ci.loads import contention
from edgetpu_ci.world import World

EVERY: Final = 0.1
"""Seconds between two looks while something runs."""

_PAUSE: Final = 1.0


@dataclass
class Looks:
    """What was seen while something ran: how hot the accelerators were, and what a live meter said."""

    heats: list[Heat] = field(default_factory=list)
    samples: list[tuple[float, float]] = field(default_factory=list)


class Idle(Struct, frozen=True):
    """A stretch in which nothing was asked of the device, with what a live meter said."""

    span: Span
    samples: Samples


@dataclass
class Bench:
    """Where models are measured. `below` is the temperature under which each slot begins, if it can be waited for.

    After one wait of `patience` seconds in vain it only looks, and does not wait again. `meter` may be a reason for
    there being none, and is None where none was asked for; `idle_seconds` is how long is waited beside it, before and
    after. Of PCIe accelerators, another's heat is no matter of ours: `accelerator` names the one that is, and is None
    where that is not known, and any may be.
    """

    world: World
    below: float | None = None
    patience: float = 300.0
    meter: meters.Meter | str | None = None
    idle_seconds: float = 0.0
    accelerator: str | None = None
    notes: list[str] = field(default_factory=list)
    _gave_up: bool = False

    def read(self) -> contention.Reading:
        """The host's clocks and how hot it is now."""
        found = contention.read(self.world.root)
        return replace(found, heat=replace(found.heat, accelerators=self._ours(found.heat.accelerators)))

    def _ours(self, found: tuple[Accelerator, ...]) -> tuple[Accelerator, ...]:
        return tuple(one for one in found if self.accelerator in (None, one.name))

    def ready(self) -> str:
        """Wait until it is cool; in words why a slot that begins now is not comparable, empty when it is."""
        heat, began = self.read().heat, self.world.monotonic()
        if self.below is not None and not thermal.tells_temperature(heat):
            self._note("`cool_below_celsius` is not held: not available, nothing here tells a temperature.")
        while hot := thermal.too_hot(heat, self.below):
            if self._gave_up or self.world.monotonic() - began >= self.patience:
                return self._give_up(hot)
            self.world.sleep(_PAUSE)
            heat = self.read().heat
        return ""

    def _give_up(self, hot: str) -> str:
        if not self._gave_up:
            self._note(f"After {self.patience:g} s of cooling down {hot}; it is not waited for again.")
        self._gave_up = True
        return "" if self.below is None else f"not comparable: it began at {self.below:g} °C or above"

    def _note(self, said: str) -> None:
        if said not in self.notes:
            self.notes.append(said)

    @contextmanager
    def watching(self) -> Iterator[Looks]:
        """Look again and again while the body runs, where there is anything to see that comes and goes."""
        looks = Looks()
        self._look(looks)
        if looks.samples or any(one.celsius is not None for one in looks.heats[0].accelerators):
            with _again(lambda: self._look(looks)):
                yield looks
        else:
            yield looks
        self._look(looks)

    def _look(self, looks: Looks) -> None:
        looks.heats.append(Heat(accelerators=self._ours(thermal.accelerators(self.world.root))))
        meter = self.meter
        if meter is not None and not isinstance(meter, str) and meter.live and (said := meter.sample()) is not None:
            looks.samples.append((self.world.now().timestamp(), said))

    def idle(self) -> Idle | None:
        """Wait beside the meter while nothing is asked of the device; None where there is no meter, or no wait."""
        if self.meter is None or isinstance(self.meter, str) or not self.idle_seconds:
            return None
        start = self.world.now().timestamp()
        with self.watching() as looks:
            self.world.sleep(self.idle_seconds)
        return Idle((start, self.world.now().timestamp()), looks.samples)


@contextmanager
def _again(look: Callable[[], None]) -> Iterator[None]:
    """Look in a thread of its own: the body waits for a child."""
    done = threading.Event()

    def keep_looking() -> None:
        while not done.wait(EVERY):
            look()

    thread = threading.Thread(target=keep_looking, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
