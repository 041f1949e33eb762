"""A host with Corals, as files below a root of its own: /sys, /dev and /proc as Linux and the apex driver fill them."""

from collections.abc import Mapping
from pathlib import Path

from tests.fakes.world import NOTHING

HOST = "pid:[4026531836]"


def host(root: Path) -> Path:
    """A machine that shows all of its processes, and where all users can make locks."""
    write(root / "proc/sys/kernel/osrelease", "6.12.34+rpt-rpi-v8")
    process(root, 1, "/sbin/init")
    link(root / "proc/self/ns/pid", HOST)
    for folder in ("run/lock", "tmp"):
        (root / folder).mkdir(parents=True)
        (root / folder).chmod(0o1777)
    return root


def usb(
    root: Path, address: str = "2-1", *, bus: int = 2, device: int = 3, opened: bool = True, speed: str = "5000"
) -> str:
    """A USB Accelerator; its node."""
    real = root / f"sys/devices/pci0000:00/0000:00:14.0/usb{bus}/{address}"
    vendor, product = ("18d1", "9302") if opened else ("1a6e", "089a")
    told = {"idVendor": vendor, "idProduct": product, "speed": speed, "busnum": str(bus), "devnum": str(device)}
    for name, text in told.items():
        write(real / name, text)
    link(root / f"sys/bus/usb/devices/{address}", real)
    node = f"/dev/bus/usb/{bus:03}/{device:03}"
    write(root / node[1:], "")
    return node


def claim(root: Path, address: str = "2-1", driver: str = "usbfs") -> None:
    """A process took an interface of a USB device."""
    real = root / "sys/bus/usb/drivers" / driver
    real.mkdir(parents=True, exist_ok=True)
    link(root / f"sys/bus/usb/devices/{address}:1.0/driver", real)


def pci(root: Path, number: int = 0, *, owner: int = 0, told: Mapping[str, str] = NOTHING) -> str:
    """A PCIe Coral with its driver; its node."""
    address = f"0000:0{number + 1}:00.0"
    usual = {
        "status": "ALIVE",
        "driver_version": "1.2",
        "is_device_owned": str(int(owner > 0)),
        "device_owner": str(owner),
        "write_open_count": str(int(owner > 0)),
        "pci_address": address,
        "unique_id": "0" * 31 + str(number),
        "temp": "46300",
    }
    for name, text in {**usual, **told}.items():
        write(root / f"sys/class/apex/apex_{number}/{name}", text)
    bus(root, address)
    node = f"/dev/apex_{number}"
    write(root / node[1:], "")
    return node


def bus(root: Path, address: str) -> None:
    """What the PCI bus tells of a Coral, with a driver or without."""
    told = {"vendor": "0x1ac1", "device": "0x089a", "current_link_speed": "5.0 GT/s PCIe", "current_link_width": "1"}
    for name, text in told.items():
        write(root / f"sys/bus/pci/devices/{address}/{name}", text)


def process(root: Path, pid: int, *command: str, opened: tuple[str, ...] = ()) -> None:
    """A running process with some files open."""
    write(root / f"proc/{pid}/cmdline", "\0".join(command) + "\0", end="")
    (root / f"proc/{pid}/fd").mkdir(exist_ok=True)
    for number, node in enumerate(("/dev/null", *opened)):
        link(root / f"proc/{pid}/fd/{number}", node)


def write(place: Path, text: str, end: str = "\n") -> None:
    """One file of the kernel."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text + end)


def link(place: Path, target: str | Path) -> None:
    """One link of the kernel."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if not place.is_symlink():
        place.symlink_to(target)
