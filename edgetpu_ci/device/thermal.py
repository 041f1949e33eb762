"""How hot accelerators and host are and what slows down for it, as the kernel tells below a root.

Of a PCIe accelerator: google/gasket-driver, src/apex_driver.c. Every five seconds the driver divides the clock by two
for each trip point that the temperature reaches, and multiplies it again as it falls below. What `get_throttled` of a
Raspberry Pi says: raspberrypi/linux, drivers/firmware/raspberrypi.c (hexadecimal without a prefix).
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct

from edgetpu_ci.device import sysfs

MARGIN: Final = 5.0
"""Degrees Celsius below the first trip point at which a device counts as cooled down."""

WARM: Final = 10.0
"""Degrees Celsius below the first trip point from which on it is warm."""

CLOCKS: Final = (500.0, 250.0, 125.0, 62.5)
"""MHz of an Edge TPU that reached so many trip points."""

State = Literal["optimal", "warm", "throttled"]

PI: Final = (
    "sys/devices/platform/soc*/*firmware*/get_throttled",
    "sys/devices/platform/*firmware*/get_throttled",
)
_PI_SAYS: Final = ("under-voltage", "a capped clock", "throttling", "the soft temperature limit")
PI_SLOWS: Final = 0b1110
_SINCE: Final = 16


class Accelerator(Struct, frozen=True, kw_only=True):
    """A PCIe accelerator: `celsius` is None where it tells no temperature, and where `lost` its sensor is.

    `trips` are the temperatures from which its clock is halved once more, `warns` those at which it raises an alarm,
    `resets` counts since the driver was loaded; `status` is ALIVE, LAMED or DEAD.
    """

    name: str
    status: str = ""
    resets: int | None = None
    celsius: float | None = None
    lost: bool = False
    trips: tuple[float, ...] = ()
    warns: tuple[float, ...] = ()

    @property
    def reached(self) -> int:
        """How many trip points its temperature has reached."""
        return 0 if self.celsius is None else sum(self.celsius >= trip for trip in self.trips)


class Heat(Struct, frozen=True, kw_only=True):
    """One look: the accelerators, the host's hottest zone, and who says that the host is slowed down.

    `limit` is the least temperature at which a zone of the host slows down; `pi` has the flags of a Raspberry Pi, and
    `throttles` counts how often the CPU slowed itself down; both None where they are not told. `held` names what the
    kernel holds back to cool it.
    """

    accelerators: tuple[Accelerator, ...] = ()
    celsius: float | None = None
    limit: float | None = None
    pi: int | None = None
    throttles: int | None = None
    held: tuple[str, ...] | None = None

    @property
    def tells(self) -> bool:
        """Whether anything here would say that it is slowed down by heat."""
        told = any(one.celsius is not None and one.trips for one in self.accelerators)
        return told or any(known is not None for known in (self.pi, self.throttles, self.held))


def read(root: Path) -> Heat:
    """Look at everything below `root` that tells a temperature, or that it slows down."""
    zones = [zone for zone in sorted(root.glob("sys/class/thermal/thermal_zone*")) if (zone / "temp").exists()]
    known = [celsius for zone in zones if (celsius := sysfs.thousandth(zone / "temp")) and not sysfs.is_lost(celsius)]
    return Heat(
        accelerators=accelerators(root),
        celsius=max(known, default=None),
        limit=min((limit for zone in zones for limit in _limits(zone)), default=None),
        pi=_pi(root),
        throttles=_throttles(root),
        held=_held(root),
    )


def accelerators(root: Path) -> tuple[Accelerator, ...]:
    """Look at the accelerators alone, which costs little."""
    return tuple(_accelerator(folder) for folder in sorted(root.glob("sys/class/apex/apex_*")))


def _accelerator(folder: Path) -> Accelerator:
    celsius = sysfs.thousandth(folder / "temp")
    is_lost = celsius is not None and sysfs.is_lost(celsius)
    return Accelerator(
        name=folder.name,
        status=sysfs.text(folder / "status"),
        resets=sysfs.number(folder / "reset_count"),
        celsius=None if is_lost else celsius,
        lost=is_lost,
        trips=_told(folder / f"trip_point{n}_temp" for n in range(3)),
        warns=_told(folder / f"hw_temp_warn{n}" for n in (1, 2) if sysfs.number(folder / f"hw_temp_warn{n}_en")),
    )


def _told(files: Iterator[Path]) -> tuple[float, ...]:
    return tuple(degrees for file in files if (degrees := sysfs.thousandth(file)) is not None)


def _limits(zone: Path) -> Iterator[float]:
    """From which temperatures on the kernel slows the host down."""
    for kind in zone.glob("trip_point_*_type"):
        limit = sysfs.thousandth(zone / kind.name.replace("_type", "_temp"))
        if sysfs.text(kind) == "passive" and limit and limit > 0:
            yield limit


def _pi(root: Path) -> int | None:
    flags = [sysfs.number(path, 16) for pattern in PI for path in root.glob(pattern)]
    if flags and flags[0] is not None:
        return flags[0]
    # Newer kernels tell under-voltage alone, as an alarm of a sensor.
    sensors = [name.parent for name in root.glob("sys/class/hwmon/hwmon*/name") if sysfs.text(name) == "rpi_volt"]
    return sysfs.number(sensors[0] / "in0_lcrit_alarm") if sensors else None


def _throttles(root: Path) -> int | None:
    files = root.glob("sys/devices/system/cpu/cpu*/thermal_throttle/*_throttle_count")
    counts = [count for file in files if (count := sysfs.number(file)) is not None]
    return sum(counts) if counts else None


def _held(root: Path) -> tuple[str, ...] | None:
    """The CPUs' cooling devices that are at work; None where there are none."""
    kinds = {each: sysfs.text(each / "type") for each in sorted(root.glob("sys/class/thermal/cooling_device*"))}
    cpus = {each: kind for each, kind in kinds.items() if re.search(r"cpufreq|^Processor$", kind)}
    return (
        tuple(dict.fromkeys(kind for each, kind in cpus.items() if sysfs.number(each / "cur_state"))) if cpus else None
    )


def throttled(looks: Sequence[Heat]) -> str:
    """In words what was slowed down by heat or want of power during some looks; empty when nothing was, or tells.

    The words are the same for the same cause, whatever the temperature.
    """
    seen = [one for look in looks for one in look.accelerators if one.reached]
    hottest = {one.name: one for one in sorted(seen, key=lambda one: one.reached)}
    said = [
        f"{name} reached its trip point of {one.trips[one.reached - 1]:g} °C, from which on it has "
        f"{CLOCKS[one.reached]:g} MHz"
        for name, one in sorted(hottest.items())
    ]
    return "; ".join([*said, *_host(looks)])


def _host(looks: Sequence[Heat]) -> Iterator[str]:
    if (flags := _flags(looks)) & PI_SLOWS:
        yield f"the Raspberry Pi tells of {' and '.join(said for bit, said in enumerate(_PI_SAYS) if flags >> bit & 1)}"
    counts = [look.throttles for look in looks if look.throttles is not None]
    if counts and max(counts) > min(counts):
        yield "the CPU slowed itself down for heat"
    if held := dict.fromkeys(kind for look in looks for kind in look.held or ()):
        yield f"the kernel held the CPU back for heat ({', '.join(held)})"


def _flags(looks: Sequence[Heat]) -> int:
    """What a Raspberry Pi tells of in one of the looks, and of what came since the first of them."""
    known = [look.pi for look in looks if look.pi is not None]
    flags = 0
    for pi in known:
        flags |= pi | (pi & ~known[0]) >> _SINCE
    return flags & ((1 << _SINCE) - 1)


def since_boot(heat: Heat) -> str:
    """What a Raspberry Pi tells to have happened before; empty when nothing did."""
    return " and ".join(said for bit, said in enumerate(_PI_SAYS) if (heat.pi or 0) >> (_SINCE + bit) & 1)


def hottest(looks: Sequence[Heat]) -> tuple[float | None, float | None]:
    """The highest temperature of any accelerator, and of the host, in some looks; None where none is told."""
    of_tpu = [one.celsius for look in looks for one in look.accelerators if one.celsius is not None]
    of_host = [look.celsius for look in looks if look.celsius is not None]
    return max(of_tpu, default=None), max(of_host, default=None)


def events(looks: Sequence[Heat]) -> list[str]:
    """In words what happened to the accelerators during some looks: resets, a bad status, a lost sensor."""
    said = []
    for name in dict.fromkeys(one.name for look in looks for one in look.accelerators):
        seen = [one for look in looks for one in look.accelerators if one.name == name]
        resets = [one.resets for one in seen if one.resets is not None]
        if resets and (times := max(resets) - min(resets)):
            said.append(f"{name} was reset {'once' if times == 1 else f'{times} times'}")
        said += [f"{name} was {status}" for status in dict.fromkeys(one.status for one in seen) if is_ill(status)]
        if any(one.lost for one in seen):
            said.append(f"{name} lost its temperature sensor (it reads below {sysfs.LOST:g} °C)")
    return said


def is_ill(status: str) -> bool:
    """Whether a status is told, and is not that of a device that works."""
    return bool(status) and status != "ALIVE"


def tells_temperature(heat: Heat) -> bool:
    """Whether an accelerator or the host tells how hot it is."""
    return heat.celsius is not None or any(one.celsius is not None for one in heat.accelerators)


def too_hot(heat: Heat, below: float | None) -> str:
    """In words what is too hot to begin; empty when nothing is, or tells.

    With a limit: an accelerator where one tells its temperature, else the host's hottest zone. Without one, what is
    slowed down, and an accelerator that has not cooled down from its first trip point.
    """
    told = {one.name: one.celsius for one in heat.accelerators if one.celsius is not None}
    if below is not None:
        hottest = told or ({"the host": heat.celsius} if heat.celsius is not None else {})
        return ", ".join(f"{name} is at {celsius:.0f} °C" for name, celsius in hottest.items() if celsius >= below)
    close = {
        one.name for one in heat.accelerators if one.trips and told.get(one.name, sysfs.LOST) > one.trips[0] - MARGIN
    }
    return ", ".join(f"{name} is at {told[name]:.0f} °C" for name in sorted(close)) or throttled([heat])


def state(heat: Accelerator | Heat) -> State | None:
    """The thermal state of an accelerator, or of the host; None where neither a limit nor a flag is told."""
    if isinstance(heat, Accelerator):
        return _state(heat.celsius, heat.trips[0] if heat.trips else None)
    if any(_host([heat])):
        return "throttled"
    known = _state(heat.celsius, heat.limit)
    return known or ("optimal" if any(told is not None for told in (heat.pi, heat.held)) else None)


def _state(celsius: float | None, limit: float | None) -> State | None:
    if celsius is None or limit is None:
        return None
    return "throttled" if celsius >= limit else "warm" if celsius > limit - WARM else "optimal"
