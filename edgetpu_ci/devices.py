"""What `edgetpu-ci devices` says of the Corals of a host."""

from msgspec import Struct

from edgetpu_ci import codec
from edgetpu_ci.device import coral, holder, lease, libedgetpu
from edgetpu_ci.render import devices as render
from edgetpu_ci.world import World


class Devices(Struct, frozen=True, kw_only=True):
    """The answer for programs. `library` is the build that a run would load, empty when there is none."""

    library: str
    kernel: str
    devices: tuple[render.Device, ...]


def text(world: World, *, as_json: bool) -> str:
    """A table for people or JSON for programs; no device is opened for it."""
    found = Devices(
        library=libedgetpu.build(libedgetpu.NAME, world),
        kernel=coral.kernel(world),
        devices=tuple(_look(device, world) for device in coral.find(world)),
    )
    return codec.encode_json(found).decode().rstrip() if as_json else render.text(found.devices, found.library)


def _look(device: coral.Coral, world: World) -> render.Device:
    used, job = holder.held_by(device, world), lease.tenant(device, world)
    return render.Device(
        name=device.name,
        key=device.key,
        coral=device,
        held_by="; ".join(map(str, filter(None, (used, job)))),
        note=device.unusable or ("" if used else holder.unseen(device, world)),
    )
