"""How other work on the host disturbed a measurement."""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from msgspec import Struct

from edgetpu_ci.device import sysfs, thermal
from edgetpu_ci.device.thermal import Heat

WAITED = 0.05
"""Our thread waiting longer than this share: one inference in twenty, what p95 is, is then not the model's.

In 53 runs on a quiet virtual machine with 2 cores it was 0.28 % at the most.
"""

OTHERS = 0.20
"""Others using more than this share of the CPUs: caches, memory and clock are then shared with them even while
a CPU is free for us. None of the same 53 runs came near.
"""

STOLEN = 0.02
"""More than this share taken by the hypervisor: it lies within our times, and no clock of ours can take it out."""

PRESSURE = 0.20
"""Some process waiting for a CPU more than this share of the time; read where our own wait is unknown."""


BURST = 3.0
"""A round is a burst when it was disturbed so many times as much as the middle one of its match."""

SLOWED = 0.95
"""The clock of a round below this share of the middle round's: throttled, or another governor's choice."""

HEATED = 5.0
"""Degrees Celsius between the first rounds and the last from which it is said that the machine warmed up."""


class Reading(Struct, frozen=True):
    """The host's CPU clocks, in seconds since it started, its frequency and temperature; zero where not told."""

    busy: float = 0.0
    stolen: float = 0.0
    total: float = 0.0
    pressure: float = 0.0
    mhz: float = 0.0
    heat: Heat = Heat()


class Window(Struct, frozen=True, kw_only=True):
    """One measured stretch: what we used in it (seconds), and the host's clocks around it.

    `during` has how hot it was meanwhile, and `warm` in words that it began warmer than was asked for.
    """

    wall: float
    waited: float | None
    ours: float
    before: Reading
    after: Reading
    elapsed: float
    during: tuple[Heat, ...] = ()
    warm: str = ""

    @property
    def heats(self) -> tuple[Heat, ...]:
        """All looks at how hot it was, in order."""
        return (self.before.heat, *self.during, self.after.heat)


def read(root: Path) -> Reading:
    """The clocks as `/proc` below `root` has them now."""
    stat = re.match(r"cpu +([\d ]+)", sysfs.text(root / "proc/stat"))
    pressure = re.search(r"^some .*total=(\d+)", sysfs.text(root / "proc/pressure/cpu"), re.MULTILINE)
    # Guest time, from the ninth on, is already in user time.
    ticks = [int(tick) / os.sysconf("SC_CLK_TCK") for tick in stat.group(1).split()[:8]] if stat else []
    if len(ticks) < 8:  # noqa: PLR2004 - user, nice, system, idle, iowait, irq, softirq, steal
        return Reading(heat=thermal.read(root))
    idle, stolen = ticks[3] + ticks[4], ticks[7]
    return Reading(
        busy=sum(ticks) - idle - stolen,
        stolen=stolen,
        total=sum(ticks),
        pressure=int(pressure.group(1)) / 1e6 if pressure else 0.0,
        mhz=_greatest(root, "sys/devices/system/cpu/cpu*/cpufreq/scaling_cur_freq"),
        heat=thermal.read(root),
    )


def _greatest(root: Path, pattern: str) -> float:
    """The greatest of some numbers that the kernel gives in thousandths; 0 if none."""
    return max((found for path in root.glob(pattern) if (found := sysfs.thousandth(path))), default=0.0)


def describe(windows: Sequence[Window]) -> str:
    """In words how the host was contended, empty when it was not."""
    total = sum(window.after.total - window.before.total for window in windows)
    others = sum(window.after.busy - window.before.busy - window.ours for window in windows)
    stolen = sum(window.after.stolen - window.before.stolen for window in windows)
    said = [
        _wait(windows),
        _said(_share(others, total), OTHERS, "other processes used {:.0%} of the CPUs"),
        _said(_share(stolen, total), STOLEN, "{:.0%} was stolen by the hypervisor"),
    ]
    return "; ".join(part for part in said if part)


Pair = tuple[Window | None, Window | None]
"""The windows of the two arms of a round; what is told of it must not depend on which is which."""


def bursts(rounds: Sequence[Pair]) -> tuple[str, ...]:
    """For each round in words what disturbed it more than the others; empty where nothing did.

    Both arms are taken together, and their results are not looked at, so that leaving such a round out favours neither.
    """
    windows = [tuple(window for window in pair if window) for pair in rounds]
    waits = _beyond([_waited_share(of) for of in windows], WAITED, "waited for a CPU {:.0%} of the time")
    stolen = _beyond([_stolen_share(of) for of in windows], STOLEN, "{:.0%} was stolen by the hypervisor")
    clocks = _slowed([_mhz(of) for of in windows])
    busy = ["; ".join(filter(None, said)) for said in zip(waits, stolen, clocks, strict=True)]
    # Heat has the word: it lowers the clock, and where it is the cause of most rounds that do not count, it is named.
    return tuple(heated(of) or said for of, said in zip(windows, busy, strict=True))


def heated(windows: Sequence[Window]) -> str:
    """In words why heat or a reset spoils what was measured in some windows; empty when it does not.

    The words are the same for the same cause. Nothing of the results is looked at.
    """
    if warm := next((window.warm for window in windows if window.warm), ""):
        return warm
    if slowed := next(filter(None, (thermal.throttled(window.heats) for window in windows)), ""):
        return f"throttled: {slowed}"
    return next((said for window in windows for said in thermal.events(window.heats)), "")


def warmed(rounds: Sequence[Pair]) -> str:
    """In words by how much machine and accelerators warmed up over the rounds; empty when they did not, or tell not."""
    heats = [window.after.heat for pair in rounds for window in pair if window]
    names = dict.fromkeys(one.name for heat in heats for one in heat.accelerators)
    courses = {"the machine": [heat.celsius for heat in heats]} | {
        name: [one.celsius for heat in heats for one in heat.accelerators if one.name == name] for name in names
    }
    return "; ".join(filter(None, (_course(name, course) for name, course in courses.items())))


def _course(name: str, course: Sequence[float | None]) -> str:
    known = [celsius for celsius in course if celsius is not None]
    third = len(known) // 3
    if not third:
        return ""
    before, after = median(known[:third]), median(known[-third:])
    return f"{name} warmed up from {before:.0f} to {after:.0f} °C" if after - before > HEATED else ""


def events(windows: Sequence[Window]) -> list[str]:
    """In words what happened to the accelerators from the first window to the last."""
    said = thermal.events([heat for window in windows for heat in window.heats])
    return [f"{event} while it was measured." for event in said]


def _beyond(shares: Sequence[float], threshold: float, words: str) -> Iterator[str]:
    usual = median(shares) if shares else 0.0
    for share in shares:
        yield words.format(share) if share > max(threshold, BURST * usual) else ""


def _slowed(clocks: Sequence[float]) -> Iterator[str]:
    usual = median(clocks) if clocks else 0.0
    for mhz in clocks:
        yield f"the clock fell to {mhz:,.0f} MHz of {usual:,.0f}" if 0 < mhz < SLOWED * usual else ""


def _waited_share(windows: Sequence[Window]) -> float:
    return _share(sum(window.waited or 0 for window in windows), sum(window.wall for window in windows))


def _stolen_share(windows: Sequence[Window]) -> float:
    stolen = sum(window.after.stolen - window.before.stolen for window in windows)
    return _share(stolen, sum(window.after.total - window.before.total for window in windows))


def _mhz(windows: Sequence[Window]) -> float:
    return min((window.after.mhz for window in windows), default=0.0)


def _wait(windows: Sequence[Window]) -> str:
    known = [window for window in windows if window.waited is not None]
    if known:
        share = _share(sum(window.waited or 0 for window in known), sum(window.wall for window in known))
        return _said(share, WAITED, "the model waited for a CPU {:.0%} of the time")
    pressure = sum(window.after.pressure - window.before.pressure for window in windows)
    share = _share(pressure, sum(window.elapsed for window in windows))
    return _said(share, PRESSURE, "some process waited for a CPU {:.0%} of the time")


def _said(share: float, threshold: float, words: str) -> str:
    return words.format(share) if share > threshold else ""


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 0.0
