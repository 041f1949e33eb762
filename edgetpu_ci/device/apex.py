"""The kernel's driver of PCIe Corals, `apex` of gasket-dkms: whether the running kernel has it, and why it may not."""

from pathlib import Path
from typing import Final

from msgspec import Struct

from edgetpu_ci.world import World

_SECURE_BOOT: Final = "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
_MODULES: Final = "lib/modules"
_PLACES: Final = ("updates/dkms", "updates", "extra", "kernel/drivers/staging/gasket", "extra/gasket")
"""Where DKMS of Debian, of others, and old kernels themselves have it."""


class Driver(Struct, frozen=True, kw_only=True):
    """`built` for the running `kernel`, and for which others; `secure_boot`: the kernel loads signed modules only."""

    kernel: str = ""
    loaded: bool = False
    built: bool = False
    others: tuple[str, ...] = ()
    secure_boot: bool = False


def find(world: World) -> Driver:
    """As /sys and the folder of modules tell it."""
    kernel = world.text("proc/sys/kernel/osrelease")
    built = sorted({file.relative_to(world.root / _MODULES).parts[0] for file in _modules(world)})
    return Driver(
        kernel=kernel,
        loaded=(world.root / "sys/module/apex").is_dir(),
        built=kernel in built,
        others=tuple(name for name in built if name != kernel),
        secure_boot=_is_on(world),
    )


def explain(driver: Driver) -> str:
    """Why a device on the bus has no driver, with the next step."""
    if driver.loaded:
        return "the driver apex is loaded and did not take it; `sudo dmesg | grep -i apex` says why"
    if not driver.built and driver.others:
        return (
            f"gasket-dkms is built for {', '.join(driver.others)} and not for the running kernel {driver.kernel}: "
            "install this kernel's headers, then `sudo dkms autoinstall`"
        )
    if not driver.built:
        return f"/lib/modules has no apex for the running kernel {driver.kernel or '(unknown)'}: install gasket-dkms"
    if driver.secure_boot:
        return (
            "apex is built but not loaded, and Secure Boot lets in signed modules only: enrol the key of DKMS (`sudo "
            "mokutil --import /var/lib/dkms/mok.pub`, then restart), or switch Secure Boot off"
        )
    return "apex is built but not loaded: `sudo modprobe apex`, and look into `dmesg` if that fails"


def _modules(world: World) -> list[Path]:
    folder = world.root / _MODULES
    return [file for place in _PLACES for file in folder.glob(f"*/{place}/apex.ko*")]


def _is_on(world: World) -> bool:
    """The last byte of the firmware's variable, behind four of attributes."""
    try:
        return (world.root / _SECURE_BOOT).read_bytes()[4:] == b"\1"
    except OSError:
        return False
