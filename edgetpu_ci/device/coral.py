"""The Coral devices of this host as the kernel shows them. Nothing here opens one: that can abort who uses it."""

import grp
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from edgetpu_ci.device import sysfs
from edgetpu_ci.errors import ConfigError, DeviceError
from edgetpu_ci.world import World

USB_BEFORE, USB_AFTER, PCI = "1a6e:089a", "18d1:9302", "1ac1:089a"
"""Vendor and product: of a USB device before and after its first open, which loads its firmware, and of a PCIe one."""

_WANTED: Final = re.compile(r"(|usb|pci)(?::([0-9]{1,3}))?")
_USB_ADDRESS: Final = re.compile(r"[0-9]+-[0-9]+(\.[0-9]+)*")
_PCI_ADDRESS: Final = re.compile(r"[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")
_LOOK: Final = (
    f"plug one in, and look for it with `lsusb` ({USB_BEFORE} or {USB_AFTER}) or `lspci -n` ({PCI}); "
    "a container sees it only when it is handed in."
)
NONE: Final = f"There is no Coral on this host: {_LOOK}"


class Coral(Struct, frozen=True, kw_only=True):
    """One Edge TPU.

    `path` is what libedgetpu calls it, and `number` its place among its kind in libedgetpu's list; None where the
    list leaves it out. `address` says where it is plugged in (`2-1.3`, `0000:01:00.0`) and stays the same when the
    first open changes ids, node and number. `unusable`: why it cannot be opened, with the next step.
    """

    kind: Literal["pci", "usb"]
    address: str
    path: str
    node: str
    ids: str
    number: int | None = None
    link: str = ""
    driver: str = ""
    serial: str = ""
    celsius: float | None = None
    unusable: str = ""

    @property
    def name(self) -> str:
        """What libedgetpu takes for it now: `usb:0`."""
        return self.kind if self.number is None else f"{self.kind}:{self.number}"

    def __str__(self) -> str:
        return f"{self.name} at {self.address}"

    @property
    def unready(self) -> bool:
        """A USB device that nothing opened since it got power; with the first open it comes back under other ids."""
        return self.ids == USB_BEFORE

    @property
    def key(self) -> str:
        """What must be equal for two measurements to be of the same device: `usb 5 Gbit/s at 2-1`."""
        place = f"{self.kind} {self.link} at {self.address}" if self.link else f"{self.kind} at {self.address}"
        return f"{place} · {self.driver}" if self.driver else place


def find(world: World) -> tuple[Coral, ...]:
    """All devices: PCIe first, as libedgetpu prefers them, and each kind in libedgetpu's order.

    For PCIe that order is the kernel's own. For USB it is what libedgetpu and libusb 1.0 make of it on Linux, which
    nothing in sysfs promises: those not yet opened, then the others, each in descending order of their path in sysfs.
    (libedgetpu e35aed1 `beagle_usb_driver_provider.cc`, libusb dbd5288 `linux_udev.c`)
    """
    apex = tuple(_apex(world))
    listed = [device for device in apex if _below(device.node, world).exists()]
    unlisted = [device for device in apex if device not in listed]
    bare = [device for device in _driverless(world) if device.address not in {known.address for known in apex}]
    return (*_numbered(listed), *unlisted, *bare, *_numbered(_usb(world)))


def again(device: Coral, world: World) -> Coral | None:
    """The device in the same place as it is now; None when it is gone."""
    return next((one for one in find(world) if (one.kind, one.address) == (device.kind, device.address)), None)


def choose(wanted: str, found: Sequence[Coral]) -> Coral:
    """The device in a place (`2-1.3`), or the one that libedgetpu's `device` means: "", usb, usb:N, pci, pci:N, :N.

    DeviceError when there is none such or it cannot be opened; ConfigError when `wanted` is nothing of this kind.
    """
    meant = _meant(wanted, found)
    if meant is None:
        raise DeviceError(_none_such(wanted, found))
    if meant.unusable:
        raise DeviceError(meant.unusable)
    return meant


def _meant(wanted: str, found: Sequence[Coral]) -> Coral | None:
    if _USB_ADDRESS.fullmatch(wanted) or _PCI_ADDRESS.fullmatch(wanted):
        return next((device for device in found if device.address == wanted), None)
    match = _WANTED.fullmatch(wanted)
    if not match:
        raise ConfigError(
            f'`device: {wanted}` names no Coral; it may be "", usb, usb:0, pci, pci:0, :0, or a place such as 2-1.3.'
        )
    among = [device for device in found if match[1] in {"", device.kind}]
    if match[2] and len({device.kind for device in among}) > 1:
        raise ConfigError(
            f"`device: {wanted}` counts over PCIe and USB in an order that only libedgetpu knows; "
            f"name one of {_names(among)}."
        )
    return next(iter(among[int(match[2] or 0) :]), None)


def kernel(world: World) -> str:
    """The kernel's version as far as a driver depends on it: `6.12`."""
    known = re.match(r"[0-9]+\.[0-9]+", world.text("proc/sys/kernel/osrelease"))
    return known[0] if known else ""


def _none_such(wanted: str, found: Sequence[Coral]) -> str:
    if not found:
        return NONE
    return f"There is no Coral `{wanted}` on this host, only {_names(found)}: name one of these, or {_LOOK}"


def _names(found: Sequence[Coral]) -> str:
    return ", ".join(map(str, found))


def _numbered(devices: Iterable[Coral]) -> Iterator[Coral]:
    return (replace(device, number=number) for number, device in enumerate(devices))


def _apex(world: World) -> Iterator[Coral]:
    """PCIe devices with their driver, in the order in which the kernel lists them: libedgetpu reads the same folder."""
    for name in _listed(world.root / "sys/class/apex"):
        if not name.startswith("apex"):
            continue
        folder, node = f"sys/class/apex/{name}", f"/dev/{name}"
        address = world.text(f"{folder}/pci_address")
        known = _PCI_ADDRESS.fullmatch(address)
        yield Coral(
            kind="pci",
            address=address if known else name,
            path=node,
            node=node,
            ids=PCI,
            link=_pci_link(address, world) if known else "",
            driver=f"apex {world.text(f'{folder}/driver_version')}".rstrip(),
            serial=world.text(f"{folder}/unique_id"),
            celsius=_celsius(world.text(f"{folder}/temp")),
            unusable=_ailing(node, world.text(f"{folder}/status")) or _closed(node, world),
        )


def _driverless(world: World) -> Iterator[Coral]:
    """PCIe devices on the bus, whether a driver knows them or not."""
    for address in sorted(_listed(world.root / "sys/bus/pci/devices")):
        folder = f"sys/bus/pci/devices/{address}"
        ids = ":".join(world.text(f"{folder}/{part}").removeprefix("0x") for part in ("vendor", "device"))
        if ids == PCI and _PCI_ADDRESS.fullmatch(address):
            yield Coral(
                kind="pci",
                address=address,
                path="",
                node="",
                ids=ids,
                link=_pci_link(address, world),
                unusable=f"The Coral at {address} has no driver: try `sudo modprobe apex`, or install gasket-dkms, "
                f"which must be built for this kernel ({world.text('proc/sys/kernel/osrelease') or 'unknown'}).",
            )


def _usb(world: World) -> Iterator[Coral]:
    folder = world.root / "sys/bus/usb/devices"
    addresses = filter(_USB_ADDRESS.fullmatch, _listed(folder))
    found = [(_usb_ids(address, world), os.path.realpath(folder / address), address) for address in addresses]
    for wanted in (USB_BEFORE, USB_AFTER):
        for ids, _, address in sorted(found, reverse=True):
            if ids == wanted:
                yield _usb_device(address, ids, world)


def _usb_device(address: str, ids: str, world: World) -> Coral:
    path = f"/sys/bus/usb/devices/{address}"
    bus, device = (world.text(f"{path[1:]}/{name}") for name in ("busnum", "devnum"))
    node = f"/dev/bus/usb/{bus:0>3}/{device:0>3}"
    return Coral(
        kind="usb",
        address=address,
        path=path,
        node=node,
        ids=ids,
        link=_usb_link(world.text(f"{path[1:]}/speed")),
        serial=world.text(f"{path[1:]}/serial"),
        unusable=_closed(node, world),
    )


def _usb_ids(address: str, world: World) -> str:
    return ":".join(world.text(f"sys/bus/usb/devices/{address}/{part}") for part in ("idVendor", "idProduct"))


def _usb_link(speed: str) -> str:
    """From Mbit/s, as the kernel gives them."""
    if not re.fullmatch(r"[0-9]{1,6}", speed):
        return ""
    return f"{int(speed) / 1000:g} Gbit/s" if int(speed) >= 1000 else f"{int(speed)} Mbit/s"  # noqa: PLR2004 - a unit


def _pci_link(address: str, world: World) -> str:
    """`5 GT/s x1`; kernels differ in how they write the first."""
    folder = f"sys/bus/pci/devices/{address}"
    speed = re.match(r"([0-9]+(?:\.[0-9]+)?) GT/s", world.text(f"{folder}/current_link_speed"))
    width = re.fullmatch(r"[0-9]+", world.text(f"{folder}/current_link_width"))
    return f"{float(speed[1]):g} GT/s x{width[0]}" if speed and width else ""


def _celsius(thousandths: str) -> float | None:
    """None where the driver tells none, or what a lost sensor reads: -87.9 was seen, and stayed."""
    if not re.fullmatch(r"-?[0-9]{1,6}", thousandths):
        return None
    celsius = int(thousandths) / 1000
    return None if sysfs.is_lost(celsius) else celsius


def _ailing(node: str, status: str) -> str:
    """Why the driver cannot be asked for a device, by its own word: ALIVE, LAMED or DEAD."""
    if status in {"", "ALIVE"}:
        return ""
    return f"The driver says that {node} is {status}: switch the host off and on, and look into `dmesg` if it stays so."


def _closed(node: str, world: World) -> str:
    """Why we may not open a node, found out without opening it; empty when we may."""
    place = _below(node, world)
    try:
        owner = place.stat().st_gid
    except FileNotFoundError:
        return f"{node} is not there: hand it into the container (`--device {node}`), or plug the device in anew."
    except OSError as error:
        return f"{node} cannot be looked at: {os.strerror(error.errno or 0).lower()}."
    if os.access(place, os.R_OK | os.W_OK, effective_ids=True):
        return ""
    if owner == 0:
        return (
            f"{node} may be opened by root only: install Google's udev rule, which gives it to a group, and join that."
        )
    group = _group(owner)
    return f"{node} may be opened by group {group} only: `sudo usermod -aG {group} $USER`, and log in anew."


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _below(place: str, world: World) -> Path:
    return world.root / place.lstrip("/")


def _listed(folder: Path) -> list[str]:
    """The names in a folder, in the folder's own order; none where there is no folder."""
    try:
        return os.listdir(folder)  # noqa: PTH208 - Path.iterdir promises no order
    except OSError:
        return []
