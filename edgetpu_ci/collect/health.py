"""How host and accelerators are: temperature, throttling, power, CPU, memory, disk, status and resets."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, get_args

from msgspec import Meta, Struct

from edgetpu_ci import metrics
from edgetpu_ci.device import coral, meters, power, sysfs, thermal
from edgetpu_ci.device.coral import Coral
from edgetpu_ci.device.thermal import Accelerator, Heat
from edgetpu_ci.errors import DocumentError
from edgetpu_ci.loads import contention
from edgetpu_ci.loads.bench import Bench, Idle
from edgetpu_ci.model import Collected, Measurement
from edgetpu_ci.world import World

HOST: Final = "host"

_NO_SENSOR: Final = "not available: a USB accelerator tells no temperature; drift is looked for instead"

_Details = tuple[tuple[str, str], ...]


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`seconds`: for how long CPU and power are looked at, while nothing is asked of the devices.

    `meter`: what tells power, as for `inference`; none is asked where it is empty. `disk`: a folder on the disk whose
    free room is told.
    """

    seconds: Annotated[float, Meta(gt=0, le=3600)] = 1
    meter: str = "auto"
    disk: str = "."


def collect(options: Options, world: World) -> Collected:
    """The state of the host, as subject "host", and of each accelerator that is found, under its own name."""
    meter = meters.find(options.meter, "", 0, world)
    before = contention.read(world.root)
    bench = Bench(world, meter=meter, idle_seconds=options.seconds)
    idle = bench.idle()
    if idle is None:
        world.sleep(options.seconds)
    after = contention.read(world.root)
    found = [
        *_host(after.heat),
        _cpu(before, after),
        _memory(world.root),
        _disk(world.cwd / options.disk),
        *([_power(meter, idle)] if meter else []),
        *(m for one in after.heat.accelerators for m in _accelerator(one)),
        *(m for device in coral.find(world) for m in _without_sensor(device)),
    ]
    return Collected(measurements=tuple(found))


def _host(heat: Heat) -> Iterator[Measurement]:
    reason = "not available: no thermal zone of this host tells a temperature (/sys/class/thermal)"
    yield _value(HOST, "temperature_celsius", heat.celsius, reason)
    slowed, before = thermal.throttled([heat]), thermal.since_boot(heat)
    details = [("now", slowed), ("before", before)]
    reason = "not available: neither a trip point nor a flag of throttling is told by this host"
    yield _state(HOST, thermal.state(heat), reason, tuple((name, said) for name, said in details if said))


def _accelerator(one: Accelerator) -> Iterator[Measurement]:
    lost = f"sensor lost: it reads below {sysfs.LOST:g} °C, as a bus does that no longer answers"
    reason = lost if one.lost else "not available: this version of the apex driver tells no temperature"
    trips = [("trip points", _degrees(one.trips)), ("alarms", _degrees(one.warns))]
    details = tuple((name, said) for name, said in trips if said)
    yield _value(one.name, "tpu_temperature_celsius", one.celsius, reason, details)
    clock = (("clock", f"{thermal.CLOCKS[one.reached]:g} MHz by its temperature"),) if one.trips else ()
    yield _state(one.name, thermal.state(one), reason, clock)
    known = metrics.find("device_status").states
    status = float(known.index(one.status)) if one.status in known else None
    yield _value(one.name, "device_status", status, f"not available: the driver says {one.status or 'nothing'}")
    yield _value(one.name, "device_resets", one.resets, "not available: the driver does not count resets")


def _degrees(known: tuple[float, ...]) -> str:
    return ", ".join(f"{degrees:g} °C" for degrees in known)


def _without_sensor(device: Coral) -> Iterator[Measurement]:
    """What is to be said of an accelerator that tells nothing itself: on USB, or without its driver."""
    subject = f"{device.kind} {device.address}"
    if device.kind == "usb":
        for metric in ("tpu_temperature_celsius", "thermal_state"):
            yield Measurement(subject=subject, metric=metric, reason=_NO_SENSOR)
    elif not device.node:
        yield Measurement(subject=subject, metric="device_status", reason=device.unusable)


def _cpu(before: contention.Reading, after: contention.Reading) -> Measurement:
    total = after.total - before.total
    used = 100 * (after.busy - before.busy) / total if total > 0 else None
    return _value(HOST, "cpu_use_percent", used, "not available: /proc/stat tells no CPU time")


def _memory(root: Path) -> Measurement:
    text = sysfs.text(root / "proc/meminfo")
    total, free = (re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE) for name in ("MemTotal", "MemAvailable"))
    share = 100 * int(free[1]) / int(total[1]) if total and free and int(total[1]) else None
    details = (("total", f"{int(total[1]) // 1024:,} MB"),) if total else ()
    return _value(HOST, "memory_free_percent", share, "not available: /proc/meminfo does not tell", details)


def _disk(folder: Path) -> Measurement:
    try:
        room = shutil.disk_usage(folder)
    except OSError as error:
        return _value(HOST, "disk_free_percent", None, f"not available: {folder}: {error.strerror}")
    details = (("free", f"{room.free / 1e9:,.1f} GB"),)
    return _value(HOST, "disk_free_percent", 100 * room.free / room.total, "not available", details)


def _power(meter: meters.Meter | str, idle: Idle | None) -> Measurement:
    if isinstance(meter, str) or idle is None:
        return Measurement(subject=HOST, metric="power_watts", reason=str(meter))
    try:
        watts: float | str = power.watts(meter.recorded(idle.samples, idle.span), idle.span)
    except DocumentError as error:
        watts = str(error)
    details = (("meter", meter.name), ("while", "nothing was asked of the devices"))
    if isinstance(watts, str):
        return Measurement(subject=HOST, metric="power_watts", reason=watts, details=details)
    return _value(HOST, "power_watts", watts, "", details)


def _value(subject: str, metric: str, value: float | None, reason: str, details: _Details = ()) -> Measurement:
    return Measurement(
        subject=subject, metric=metric, value=value, reason=reason if value is None else "", details=details
    )


def _state(subject: str, state: thermal.State | None, reason: str, details: _Details) -> Measurement:
    place = None if state is None else float(get_args(thermal.State).index(state))
    return _value(subject, "thermal_state", place, reason, details)
