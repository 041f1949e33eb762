"""The Edge TPU that a collector uses: chosen, locked, and found to be nobody else's, before anything opens it."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from edgetpu_ci import coral, lease
from edgetpu_ci.collect import models
from edgetpu_ci.collect.model_slot import Options
from edgetpu_ci.errors import DeviceError
from edgetpu_ci.model import SIMULATED
from edgetpu_ci.world import World


@dataclass(frozen=True)
class Place:
    """Where models run: the options with the device that is ours now, or in words why compiled ones cannot."""

    options: Options
    refused: str = ""

    def refuse(self, file: Path) -> str:
        """Why a file is not worth a process; empty when it may be a model that runs here."""
        return models.refuse(file) or (self.refused if self.refused and models.is_compiled(file) else "")


@contextmanager
def taken(options: Options, files: Sequence[Path], world: World) -> Iterator[Place]:
    """Have the device to ourselves while something is measured; nothing is taken where no model needs one.

    Where the kernel shows no Coral there is nobody to harm: libedgetpu itself is left to say so.
    """
    with ExitStack() as held:
        yield _take(options, files, held, world)


def _take(options: Options, files: Sequence[Path], held: ExitStack, world: World) -> Place:
    found = coral.find(world)
    if options.device == SIMULATED or not found or not any(map(models.is_compiled, files)):
        return Place(options)
    try:
        chosen = coral.choose(options.device, found)
        (device,) = held.enter_context(lease.hold([chosen], options.device_wait_seconds, world))
    except DeviceError as error:
        return Place(options, str(error).rstrip("."))
    # By its path: the first open of any may change the number it has in libedgetpu's list.
    return Place(replace(options, device=device.path))
