"""The kernel's files that a soak looks at after each window: temperature, throttling, devices that came anew."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from edgetpu_ci.device import coral, sysfs, thermal
from edgetpu_ci.world import World

Reading = Mapping[str, str]
"""What each file said, by a name that tells its kind; empty when it was not there."""

_FILES: Final = {
    "heat": ("sys/class/apex/apex_*/temp", "sys/class/thermal/thermal_zone*/temp"),
    "throttles": ("sys/devices/system/cpu/cpu*/thermal_throttle/*_throttle_count",),
    "pi": thermal.PI,
    "resets": ("sys/class/apex/apex_*/reset_count",),
}


def files(world: World) -> dict[str, str]:
    """What is there to be looked at: `heat:…`, `throttles:…`, `pi:…`, `resets:…` and `usb:…`."""
    root = world.root
    found = {
        f"{kind}:{path.relative_to(root)}": str(path)
        for kind, patterns in _FILES.items()
        for pattern in patterns
        for path in sorted(root.glob(pattern))
    }
    places = [device.address for device in coral.find(world) if device.kind == "usb"]
    return found | {f"usb:{place}": str(root / "sys/bus/usb/devices" / place / "devnum") for place in places}


def limits(world: World) -> dict[str, float]:
    """From which temperature on each accelerator slows down, in °C, under the name of what it reads."""
    return {
        f"heat:sys/class/apex/{one.name}/temp": min(one.trips) for one in thermal.accelerators(world.root) if one.trips
    }


def trips(readings: Sequence[Reading], limits: Mapping[str, float]) -> int | None:
    """How often something began to be slowed down by heat; None where nothing tells.

    By the CPU's own count, by the trip point of an accelerator, and by the flags of a Raspberry Pi.
    """
    counted = rises("throttles", readings)
    slowed = [[_is_hot(reading.get(name, ""), limit) for reading in readings] for name, limit in limits.items()]
    flags = sorted({name for reading in readings for name in reading if name.startswith("pi:")})
    slowed += [[_is_flagged(reading.get(name, "")) for reading in readings] for name in flags]
    if counted is None and not slowed:
        return None
    return (counted or 0) + sum(sum(now and not before for before, now in pairwise([False, *one])) for one in slowed)


def _is_hot(text: str, limit: float) -> bool:
    return text.isdecimal() and int(text) / 1000 >= limit


def _is_flagged(text: str) -> bool:
    return re.fullmatch("[0-9a-f]{1,8}", text) is not None and bool(int(text, 16) & thermal.PI_SLOWS)


def hottest(readings: Sequence[Reading]) -> float | None:
    """The highest temperature; None where no sensor told one."""
    known = [celsius for reading in readings for celsius in _celsius(reading) if not sysfs.is_lost(celsius)]
    return max(known, default=None)


def lost(readings: Sequence[Reading]) -> int:
    """At the end of how many windows a sensor was lost."""
    return sum(any(map(sysfs.is_lost, _celsius(reading))) for reading in readings)


def rises(kind: str, readings: Sequence[Reading]) -> int | None:
    """Between how many windows a counter of this kind went up; None where there is none."""
    return _between(kind, readings, lambda before, after: after > before)


def renewals(readings: Sequence[Reading]) -> int | None:
    """How often a USB accelerator came back under another number; None where there is none."""
    return _between("usb", readings, lambda before, after: after != before)


def _between(kind: str, readings: Sequence[Reading], is_one: Callable[[int, int], bool]) -> int | None:
    names = sorted({name for reading in readings for name in reading if name.startswith(f"{kind}:")})
    if not names:
        return None
    # While a device is away it has no number; what counts is the one it comes back with.
    series = [[int(text) for reading in readings if (text := reading.get(name, "")).isdecimal()] for name in names]
    steps = [pairwise(numbers) for numbers in series]
    return sum(is_one(before, after) for pairs in steps for before, after in pairs)


def _celsius(reading: Reading) -> Iterator[float]:
    for name, text in reading.items():
        if name.startswith("heat:") and text.removeprefix("-").isdecimal():
            yield int(text) / 1000
