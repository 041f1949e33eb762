"""How other work on the host disturbed a measurement."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

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


class Reading(Struct, frozen=True):
    """The host's CPU clocks, in seconds since it started; all zero where the kernel does not tell."""

    busy: float = 0.0
    stolen: float = 0.0
    total: float = 0.0
    pressure: float = 0.0


class Window(Struct, frozen=True, kw_only=True):
    """One measured stretch: what we used in it (seconds), and the host's clocks around it."""

    wall: float
    waited: float | None
    ours: float
    before: Reading
    after: Reading
    elapsed: float


def read(root: Path) -> Reading:
    """The clocks as `/proc` below `root` has them now."""
    stat = re.match(r"cpu +([\d ]+)", _text(root / "proc/stat"))
    pressure = re.search(r"^some .*total=(\d+)", _text(root / "proc/pressure/cpu"), re.MULTILINE)
    # Guest time, from the ninth on, is already in user time.
    ticks = [int(tick) / os.sysconf("SC_CLK_TCK") for tick in stat.group(1).split()[:8]] if stat else []
    if len(ticks) < 8:  # noqa: PLR2004 - user, nice, system, idle, iowait, irq, softirq, steal
        return Reading()
    idle, stolen = ticks[3] + ticks[4], ticks[7]
    waited = int(pressure.group(1)) / 1e6 if pressure else 0.0
    return Reading(busy=sum(ticks) - idle - stolen, stolen=stolen, total=sum(ticks), pressure=waited)


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


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
