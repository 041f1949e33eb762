"""Which machine this is: facts that decide whether two runs may be compared."""

import platform
import re
from hashlib import sha256

from edgetpu_ci.model import Machine
from edgetpu_ci.world import World


def identify(world: World, unit: str = "") -> Machine:
    """The host as the kernel describes it; what it does not say stays empty.

    A `unit` is one of its devices: what is measured there is compared with that unit alone.
    """
    cpu = _cpu(world)
    cores = len(re.findall(r"^processor\s*:", world.text("proc/cpuinfo"), re.MULTILINE))
    arch = platform.machine()
    memory = re.search(r"^MemTotal:\s+(\d+) kB", world.text("proc/meminfo"), re.MULTILINE)
    system = re.search(r'^PRETTY_NAME="?([^"\n]*)', world.text("etc/os-release"), re.MULTILINE)
    load = world.text("proc/loadavg").split(" ")[0]
    return Machine(
        key="-".join(filter(None, [_key(cpu, cores, arch), unit])),
        host=platform.node(),
        cpu=cpu,
        cores=cores,
        arch=arch,
        kernel=world.text("proc/sys/kernel/osrelease"),
        os=system.group(1) if system else "",
        governor=world.text("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        memory_mb=int(memory.group(1)) // 1024 if memory else 0,
        hypervisor="yes" if re.search(r"\bhypervisor\b", world.text("proc/cpuinfo")) else "",
        python=platform.python_version(),
        load=float(load) if load else None,
    )


def _cpu(world: World) -> str:
    """The CPU's name; boards without one in cpuinfo have it in the device tree."""
    found = re.search(r"^model name\s*:\s*(.+)$", world.text("proc/cpuinfo"), re.MULTILINE)
    return found.group(1).strip() if found else world.text("proc/device-tree/model").strip("\0 ")


def _key(cpu: str, cores: int, arch: str) -> str:
    """Short name of this kind of machine: what must be equal for runs to be comparable."""
    slug = re.sub(r"[^a-z0-9]+", "-", cpu.lower()).strip("-")[:40] or "unknown-cpu"
    digest = sha256(f"{cpu}|{cores}|{arch}".encode()).hexdigest()[:6]
    return f"{slug}-{cores}x-{arch}-{digest}"
