"""Run on several devices of one machine: one report each, one after the other or side by side."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Final

from msgspec import structs

from edgetpu_ci import app, collect, config
from edgetpu_ci.app import Outcome
from edgetpu_ci.device import coral
from edgetpu_ci.errors import ConfigError, DeviceError, EdgeTpuCiError
from edgetpu_ci.judging import judge
from edgetpu_ci.model import SIMULATED, Status
from edgetpu_ci.publish import job
from edgetpu_ci.world import World

Result = Outcome | EdgeTpuCiError

_WORST_LAST: Final = (3, 5, 1)
"""Exit statuses that say something of what was measured are worse than all others."""


def run(
    settings: config.Config, devices: Sequence[str], folder: Path, world: World, *, side_by_side: bool
) -> dict[str, Result]:
    """The outcome of each device, whatever becomes of the others, or why it has none.

    Its report lies in a folder of its name below `folder`. Side by side they are measured at the same time, and share
    the host.
    """
    places = _places(devices, world)
    each = {device: on(settings, place) for device, place in places.items()}

    def one(device: str) -> Result:
        unit = _part(places[device])
        try:
            with world.observed.span("device", **{"edgetpu_ci.device": device}):
                return app.run(each[device], folder / unit, _telling(device, world), unit=unit)
        except EdgeTpuCiError as error:
            return error

    with ThreadPoolExecutor(max_workers=len(devices) if side_by_side else 1) as pool:
        results = dict(zip(places, pool.map(one, places), strict=True))
    _write_outputs(results, folder, world)
    return results


def _places(devices: Sequence[str], world: World) -> dict[str, str]:
    """Where each device is plugged in, known before the first is opened: an open changes what the others are called."""
    found = coral.find(world)
    real = {name for name in devices if found and not name.startswith(SIMULATED)}
    places = {name: _place(name, found) if name in real else name for name in devices}
    if len(set(places.values())) < len(devices):
        raise ConfigError("--device names a device twice; name each once, as `edgetpu-ci devices` lists them.")
    return places


def _place(name: str, found: Sequence[coral.Coral]) -> str:
    """One that cannot be used keeps its name: its own report says why."""
    try:
        return coral.choose(name, found).address
    except DeviceError:
        return name


def exit_status(results: Mapping[str, Result]) -> int:
    """That of the worst device."""
    return _worst(results).exit_status


def _worst(results: Mapping[str, Result]) -> Result:
    return max(results.values(), key=_badness)


def _badness(result: Result) -> tuple[int, int, bool]:
    """Comparable: of two that leave with the same status, a warning is worse."""
    rank = _WORST_LAST.index(result.exit_status) if result.exit_status in _WORST_LAST else -1
    return rank, result.exit_status, _status(result) != "passed"


def _status(result: Result) -> Status:
    """Of a device without a report nothing is known."""
    return judge.status(result.report) if isinstance(result, Outcome) else "unknown"


def on(settings: config.Config, device: str) -> config.Config:
    """The configuration with this device in every step that takes one, and a comment of its own."""
    takes = [_takes_device(step, f"collect[{number}]") for number, step in enumerate(settings.collect)]
    if not any(takes):
        raise ConfigError(f"No step of `collect` takes a device, so there is nothing to run on {device}.")
    steps = (_with(step, device) if taking else step for step, taking in zip(settings.collect, takes, strict=True))
    publish = tuple(_apart(step, device) for step in settings.publish)
    found = structs.replace(settings, collect=tuple(steps), publish=publish)
    for number, step in enumerate(found.collect):
        collect.bind(step, f"collect[{number}]")
    return found


def _takes_device(step: config.Step, place: str) -> bool:
    return "device" in collect.options(step, place).__struct_fields__


def _with(step: config.Step, device: str) -> config.Step:
    return structs.replace(step, with_={**step.with_, "device": device})


def _apart(step: config.Step, device: str) -> config.Step:
    """Each device says its report in a comment of its own."""
    if step.use != "pull_request":
        return step
    key = f"{step.with_.get('key', 'default')}-{_part(device)}"
    return structs.replace(step, with_={**step.with_, "key": key})


def _part(device: str) -> str:
    """A device or its place as part of a name: `usb:0` is usb-0."""
    return device.lstrip(":").replace(":", "-") or "any"


def _telling(device: str, world: World) -> World:
    return replace(
        world,
        progress=lambda what, done, total: world.progress(f"{device}: {what}", done, total),
        warn=lambda line: world.warn(f"{device}: {line}"),
    )


def _write_outputs(results: Mapping[str, Result], folder: Path, world: World) -> None:
    """The outputs of the step are of all devices; those of the last would say too little."""
    job.write_outputs({"status": _status(_worst(results)), "report": str(world.cwd / folder)}, world)
