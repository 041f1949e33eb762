"""The Edge TPU that a collector uses: chosen, locked, and found to be nobody else's, before anything opens it."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from msgspec.structs import replace

from edgetpu_ci.device import coral, lease
from edgetpu_ci.errors import DeviceError
from edgetpu_ci.loads import models
from edgetpu_ci.loads.target import Target
from edgetpu_ci.model import SIMULATED
from edgetpu_ci.world import World

T = TypeVar("T", bound=Target)


@dataclass(frozen=True)
class Place(Generic[T]):
    """Where models run: the options with the device that is ours now, or in words why compiled ones cannot."""

    options: T
    refused: str = ""

    def refuse(self, file: Path) -> str:
        """Why a file is not worth a process; empty when it may be a model that runs here."""
        return models.refuse(file) or (self.refused if self.refused and models.is_compiled(file) else "")


@contextmanager
def taken(options: T, files: Sequence[Path], world: World) -> Iterator[Place[T]]:
    """Have the device to ourselves while something is measured; nothing is taken where no model needs one.

    Where the kernel shows no Coral there is nobody to harm: libedgetpu itself is left to say so.
    """
    with ExitStack() as held:
        yield _take(options, files, held, world)


def _take(options: T, files: Sequence[Path], held: ExitStack, world: World) -> Place[T]:
    found = coral.find(world)
    if options.is_simulated or not found or not any(map(models.is_compiled, files)):
        return Place(options)
    try:
        chosen = coral.choose(options.device, found)
        (device,) = held.enter_context(lease.hold([chosen], options.device_wait_seconds, world))
    except DeviceError as error:
        return Place(options, str(error).rstrip("."))
    # By its path: the first open of any may change the number it has in libedgetpu's list.
    return Place(replace(options, device=device.path))


@contextmanager
def several(
    options: Target, devices: Sequence[str], files: Sequence[Path], world: World
) -> Iterator[tuple[Sequence[str], str]]:
    """The same of several devices: what each is called now that it is ours, or why compiled models cannot run there."""
    found = coral.find(world)
    with ExitStack() as held:
        if all(name.startswith(SIMULATED) for name in devices) or not found or not any(map(models.is_compiled, files)):
            yield devices, ""
            return
        try:
            chosen = _chosen(devices, found)
            ours = held.enter_context(lease.hold(chosen, options.device_wait_seconds, world))
        except DeviceError as error:
            yield devices, str(error).rstrip(".")
        else:
            yield _in_order(chosen, ours), ""


def _chosen(devices: Sequence[str], found: Sequence[coral.Coral]) -> list[coral.Coral]:
    chosen = [coral.choose(name, found) for name in devices]
    if len({device.address for device in chosen}) < len(chosen):
        raise DeviceError(f"{' and '.join(devices)} are the same device; name each by its place.")
    return chosen


def _in_order(wanted: Sequence[coral.Coral], held: Sequence[coral.Coral]) -> list[str]:
    """The paths of devices in the order they were asked for: they are locked in another."""
    paths = {device.address: device.path for device in held}
    return [paths[device.address] for device in wanted]
