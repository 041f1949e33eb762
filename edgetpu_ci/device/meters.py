"""Power meters: a sensor of the kernel, the CPU's own counters, a file that a meter writes, a command that asks one."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from edgetpu_ci.device import power, sysfs
from edgetpu_ci.device.power import Samples, Span
from edgetpu_ci.errors import ConfigError, DocumentError
from edgetpu_ci.world import World

MOST_BYTES: Final = 64 << 20
_ANSWERS_WITHIN: Final = 60.0

_NAME: Final = 60

_SENSORS: Final = ("ina",)
NONE: Final = (
    "not available: no power sensor (/sys/class/hwmon/*/power1_input) and no energy counter of the CPU "
    "(/sys/class/powercap/*/energy_uj) can be read; an accelerator tells no power itself"
)


class Meter(Protocol):
    """What tells power. One that must be asked meanwhile is `live`: what it says then is a sample."""

    @property
    def name(self) -> str:
        """What it is, for people."""

    @property
    def live(self) -> bool:
        """Whether it must be asked while something runs."""

    @property
    def of_device(self) -> bool:
        """Whether an accelerator's power is in what it tells."""

    def sample(self) -> float | None:
        """What it says now; None when it says nothing."""

    def recorded(self, samples: Samples, span: Span) -> Samples:
        """The watts in and around a span, from what was sampled or from elsewhere; DocumentError says why not."""


@dataclass(frozen=True)
class Sensor:
    """A sensor such as INA219 or INA226, in the line that feeds a device or a board (hwmon, microwatts)."""

    name: str
    file: Path
    live: bool = True
    of_device: bool = True

    def sample(self) -> float | None:
        """Watts."""
        microwatts = sysfs.number(self.file)
        return None if microwatts is None else microwatts / 1e6

    def recorded(self, samples: Samples, _span: Span) -> Samples:
        """As sampled."""
        return samples


@dataclass(frozen=True)
class Counter:
    """The energy counter of a CPU package (RAPL, microjoules): it knows of no accelerator."""

    name: str
    folder: Path
    live: bool = True
    of_device: bool = False

    def sample(self) -> float | None:
        """Joules since some time."""
        microjoules = sysfs.number(self.folder / "energy_uj")
        return None if microjoules is None else microjoules / 1e6

    def recorded(self, samples: Samples, _span: Span) -> Samples:
        """The watts between the samples."""
        return power.from_counter(samples, (sysfs.number(self.folder / "max_energy_range_uj") or 0) / 1e6)


@dataclass(frozen=True)
class File:
    """A CSV file of `timestamp,watts` that a meter writes; its clock may be `offset` seconds behind ours."""

    name: str
    path: Path
    offset: float
    live: bool = False
    of_device: bool = True

    def sample(self) -> None:
        """Nothing: the file is read at the end."""

    def recorded(self, _samples: Samples, _span: Span) -> Samples:
        """What stands in the file now."""
        try:
            with self.path.open("rb") as file:
                data = file.read(MOST_BYTES + 1)
        except OSError as error:
            raise DocumentError(f"{self.path} cannot be read: {error.strerror}.") from error
        if len(data) > MOST_BYTES:
            raise DocumentError(f"{self.path} has more than the {MOST_BYTES:,} bytes that are read.")
        return _moved(power.read_csv(data.decode(errors="replace"), str(self.path)), self.offset)


@dataclass(frozen=True)
class Command:
    """A line for bash that prints `timestamp,watts` from EDGETPU_CI_FROM to EDGETPU_CI_UNTIL, in Unix seconds."""

    name: str
    line: str
    offset: float
    world: World
    live: bool = False
    of_device: bool = True

    def sample(self) -> None:
        """Nothing: it is asked at the end."""

    def recorded(self, _samples: Samples, span: Span) -> Samples:
        """What it prints of a span, by the meter's own clock, and a little around it: its ends lie between samples."""
        first, last = span[0] - self.offset - power.LONGEST_GAP, span[1] - self.offset + power.LONGEST_GAP
        times = {"EDGETPU_CI_FROM": f"{first:.3f}", "EDGETPU_CI_UNTIL": f"{last:.3f}"}
        try:
            ran = self.world.run(["bash", "-c", self.line], b"", _ANSWERS_WITHIN, times)
        except OSError as error:
            raise DocumentError(f"`meter_command` cannot be started: {error.strerror}.") from error
        if ran.status:
            raise DocumentError(f"`meter_command` ended with status {ran.status}.")
        if ran.status is None:
            raise DocumentError(f"`meter_command` did not end within {_ANSWERS_WITHIN:g} s.")
        return _moved(power.read_csv(ran.stdout.decode(errors="replace"), "what `meter_command` printed"), self.offset)


def _moved(samples: Samples, offset: float) -> Samples:
    return [(at + offset, watts) for at, watts in samples]


def find(wanted: str, command: str, offset: float, world: World) -> Meter | str | None:
    """The meter that options name, or why there is none; None where none is named.

    `wanted` is `auto`, `hwmon`, `hwmon:NAME` (of the sensor or its folder), `rapl`, or a file. ConfigError where it is
    neither, or a command is named beside it.
    """
    if command and wanted:
        raise ConfigError("`meter` and `meter_command` are two meters; name one of them.")
    if command:
        return Command(_called(command), command, offset, world)
    kind, _, name = wanted.partition(":")
    if kind == "hwmon":
        if name and not _sensors(world.root, name):
            known = ", ".join(sensor.name for sensor in _sensors(world.root, "")) or "none"
            raise ConfigError(f"There is no power sensor {name} that can be read; this host has {known}.")
        return _only(_sensors(world.root, name), "power sensor", "hwmon:")
    if wanted == "rapl":
        return _only(_counters(world.root), "energy counter of the CPU", "")
    if wanted == "auto":
        found: list[Meter] = [*_sensors(world.root, ""), *_counters(world.root)]
        return found[0] if found else NONE
    if wanted and not (world.cwd / wanted).is_file():
        known = "auto, hwmon, hwmon:NAME, rapl, or a CSV file of `timestamp,watts` that is there"
        raise ConfigError(f"There is no meter {wanted}; name {known}.")
    return File(wanted, world.cwd / wanted, offset) if wanted else None


def _called(command: str) -> str:
    """A command as the name of a meter: as much of it as fits a line."""
    words = " ".join(command.split())
    return f"meter_command: {words if len(words) <= _NAME else words[: _NAME - 1] + '…'}"


def _only(found: Sequence[Sensor | Counter], what: str, prefix: str) -> Meter | str:
    if not found:
        return f"not available: there is no {what} that can be read"
    if len(found) > 1 and prefix:
        return f"there are several: {', '.join(one.name for one in found)}; name one, as in `meter: {prefix}NAME`"
    return found[0]


def _sensors(root: Path, wanted: str) -> list[Sensor]:
    """The sensors that tell power; without a name only such as are put into a line to measure it."""
    found = []
    for file in sorted(root.glob("sys/class/hwmon/hwmon*/power1_input")):
        kind, folder = sysfs.text(file.parent / "name"), file.parent.name
        is_wanted = wanted in (kind, folder) if wanted else kind.startswith(_SENSORS)
        if is_wanted and sysfs.number(file) is not None:
            found.append(Sensor(f"{kind.upper()} ({folder})", file))
    return found


def _counters(root: Path) -> list[Counter]:
    """The packages' counters: what lies within a package has two colons in its name."""
    return [
        Counter(f"RAPL {sysfs.text(folder / 'name')}: the host's CPU package alone", folder)
        for folder in sorted(root.glob("sys/class/powercap/intel-rapl:*"))
        if folder.name.count(":") == 1 and sysfs.number(folder / "energy_uj") is not None
    ]
