"""Who uses a Coral now, found out without touching it: opening one that another process has can abort that process."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct

from edgetpu_ci.device import coral
from edgetpu_ci.device.coral import Coral
from edgetpu_ci.world import World

_FIRST_NAMESPACE: Final = "pid:[4026531836]"  # PROC_PID_INIT_INO of the kernel: the host's own processes
_MOST_WORDS, _MOST_LETTERS = 3, 60


class Holder(Struct, frozen=True, kw_only=True):
    """A process that has a device; `pid` is None when only the kernel knows which it is."""

    pid: int | None = None
    command: str = ""

    def __str__(self) -> str:
        if self.pid is None:
            return "a process that cannot be seen from here"
        return f"process {self.pid} ({self.command or 'not to be seen from here'})"


class _Seen(Struct, frozen=True):
    """Who has a node open, and how many processes did not let us look."""

    pids: tuple[int, ...]
    closed: int


def held_by(device: Coral, world: World) -> Holder | None:
    """Who uses a device, by the word of its driver, by a look at open files, or by the kernel's claim on USB.

    None when nobody was found; `unseen` tells what that leaves open.
    """
    device = coral.again(device, world) or device
    owner = _owner(device, world)
    pid = owner or next(iter(_look(device.node, world).pids), 0)
    if pid:
        return Holder(pid=pid, command=_command(pid, world))
    return Holder() if owner == 0 or _claimed(device, world) else None


def refusal(device: Coral, world: World) -> str:
    """Why a device must not be opened now; empty when nobody was found to use it."""
    used = held_by(device, world)
    if not used:
        return ""
    return (
        f"{device} is used by {used}, and was not opened, because that can abort who uses it: "
        "end that program, or name another device"
    )


def unseen(device: Coral, world: World) -> str:
    """Why somebody may use a device although nobody was found; empty when the driver itself says who does."""
    if device.kind == "pci" and _tells_owner(device, world):
        return ""
    closed, hidden = _look(device.node, world).closed, _hidden(world)
    who = f"{closed:,} processes of other users" if closed else hidden
    if not who:
        return ""
    claim = " (the kernel knows of no claim)" if device.kind == "usb" else ""
    return f"Whether {who} have {device.name} open cannot be seen{claim}; as root on the host it can."


def _owner(device: Coral, world: World) -> int | None:
    """The process that the apex driver names; 0 when it names none but says there is one; None when there is none."""
    if device.kind != "pci":
        return None
    folder = f"sys/class/apex/{Path(device.node).name}"
    if world.text(f"{folder}/is_device_owned") in {"", "0"} and world.text(f"{folder}/write_open_count") in {"", "0"}:
        return None
    pid = world.text(f"{folder}/device_owner")
    return int(pid) if re.fullmatch(r"[0-9]{1,9}", pid) else 0


def _tells_owner(device: Coral, world: World) -> bool:
    return bool(world.text(f"sys/class/apex/{Path(device.node).name}/is_device_owned"))


def _claimed(device: Coral, world: World) -> bool:
    """Whether a process claimed an interface of a USB device: the kernel then names usbfs as its driver, to anybody."""
    interfaces = (world.root / "sys/bus/usb/devices").glob(f"{device.address}:*/driver")
    return device.kind == "usb" and any(Path(os.path.realpath(driver)).name == "usbfs" for driver in interfaces)


def _look(node: str, world: World) -> _Seen:
    """Go through the open files of all processes."""
    found, closed = [], 0
    for pid in _processes(world):
        try:
            links = os.listdir(world.root / f"proc/{pid}/fd")  # noqa: PTH208 - thousands of names, no need for paths
        except PermissionError:
            closed += 1
        except OSError:
            continue  # It ended.
        else:
            if any(_target(world.root / f"proc/{pid}/fd/{link}") == node for link in links):
                found.append(pid)
    return _Seen(tuple(found), closed)


def _processes(world: World) -> Iterator[int]:
    try:
        names = os.listdir(world.root / "proc")  # noqa: PTH208 - as above
    except OSError:
        return iter(())
    return (int(name) for name in names if re.fullmatch(r"[0-9]{1,9}", name))


def _hidden(world: World) -> str:
    """Processes that are not even listed: those outside our container, or of others where /proc hides them."""
    namespace = _target(world.root / "proc/self/ns/pid")
    if namespace not in {None, _FIRST_NAMESPACE}:
        return "processes outside this container"
    return "" if (world.root / "proc/1").exists() else "processes of other users"


def _target(link: Path) -> str | None:
    try:
        return os.readlink(link)  # noqa: PTH115 - what it says, not a path of ours
    except OSError:
        return None


def _command(pid: int, world: World) -> str:
    """The beginning of a command line: what follows may be a secret, and logs are read by many."""
    told: list[str] = []
    for word in world.text(f"proc/{pid}/cmdline").rstrip("\0").split("\0")[:_MOST_WORDS]:
        if told and (word.startswith("--") or re.search(r"[=@]|://", word)):
            break
        told.append(word if told else Path(word).name)
    return " ".join(told)[:_MOST_LETTERS]
