"""On what a model is run: interpreter, runtime and device; what the worker is told of it."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field, to_builtins

from edgetpu_ci.device import libedgetpu
from edgetpu_ci.model import SIMULATED
from edgetpu_ci.world import World

Whole = Annotated[int, Meta(ge=1, le=1_000_000)]
Seconds = Annotated[float, Meta(ge=0, le=86_400)]
Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]
_DEVICE = re.compile(
    r"simulated(:[0-9]{1,2})?|(usb|pci)?(:[0-9]{1,2})?|[0-9]+-[0-9.]+|[0-9a-f]{4}(:[0-9a-f]{2}){2}[.][0-7]|/(sys|dev)/.+"
)
"""As libedgetpu names them, a place on the bus of USB or of PCI, or the path by which libedgetpu lists one."""


class Simulated(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a simulated Edge TPU behaves.

    Each of the model's Edge TPU operators, of which there is one in most, takes `latency_ms` (a list: each of several
    devices its own) and up to `jitter_ms` more, the first `first_ms` more, and one after another model's on the same
    device `reload_ms` more; `slow_after` so many of them each takes `slow_ms`, as when it throttles. Opening takes
    `open_ms`. Of `fail_every` of them one fails.
    """

    latency_ms: Seconds | tuple[Seconds, ...] = 3
    jitter_ms: Seconds = 0
    first_ms: Seconds = 0
    reload_ms: Seconds = 0
    open_ms: Seconds = 0
    slow_after: Count = 0
    slow_ms: Seconds = 0
    fail_every: Count = 0
    seed: Count = 0


class Target(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`python`: the interpreter that measures, by default our own. `timeout_seconds`: when one that is silent is ended.

    `runtime`: ai_edge_litert, tflite_runtime or pycoral, by default the first found. `input`: a .npy file, or one
    for each of the model's inputs; by default random values from `seed`.

    A model that is compiled for the Edge TPU runs on `device`: usb, usb:0, pci, pci:1, :0 or a place such as 2-1.3, by
    default the first that `edgetpu_library` finds; or `simulated`, which takes the time it is told and is no device
    (`simulated:1` is another one). It waits for another job of edgetpu-ci on that device at most `device_wait_seconds`;
    what another program uses is never opened. `performance` is the clock of the device. `edgetpu_compat`: whether the
    adapter is put between libedgetpu and the runtime, which repairs what libedgetpu 16.0 hands over to runtimes newer
    than itself, and times the device; `auto` decides from what is loaded.
    """

    python: str = ""
    runtime: Literal["", "ai_edge_litert", "tflite_runtime", "pycoral"] = ""
    device: str = ""
    device_wait_seconds: Seconds = 600
    edgetpu_library: str = libedgetpu.NAME
    edgetpu_compat: Literal["auto", "always", "never"] = "auto"
    performance: Literal["", "low", "medium", "high", "max"] = ""
    simulated: Simulated = field(default_factory=Simulated)
    threads: Whole = 1
    input: str | tuple[str, ...] = ()
    seed: Annotated[int, Meta(ge=0, lt=1 << 32)] = 0
    timeout_seconds: Annotated[float, Meta(gt=0, le=86_400)] = 120

    def __post_init__(self) -> None:
        """Refuse what names no device, in words."""
        check_device(self.device)

    @property
    def is_simulated(self) -> bool:
        """Whether no real device is meant."""
        return self.device.startswith(SIMULATED)


def check_device(name: str) -> None:
    """ValueError for what names no device, with what may be named."""
    if not _DEVICE.fullmatch(name):
        raise ValueError(
            f"device {name} names no Edge TPU; it may be usb, usb:0, pci, pci:1, :0, a place such as 2-1.3, or "
            "simulated; `edgetpu-ci devices` lists those of this host"
        )


def request(target: Target, model: Path, world: World) -> dict[str, Any]:
    """What the worker is told of a model and where it runs, whatever the task."""
    files = [target.input] if isinstance(target.input, str) else target.input
    return {
        "model": str(model),
        "runtime": target.runtime,
        "threads": target.threads,
        "inputs": [str(world.cwd / file) for file in files],
        "seed": target.seed,
        "edgetpu": _edgetpu(target, world),
    }


def _edgetpu(target: Target, world: World) -> dict[str, Any]:
    library = target.edgetpu_library
    return {
        "library": str(world.cwd / library) if "/" in library else library,
        "device": target.device,
        "performance": target.performance,
        "compat": target.edgetpu_compat,
        "simulated": _simulated(target),
    }


def _simulated(target: Target) -> dict[str, Any] | None:
    if not target.is_simulated:
        return None
    number, told = target.device.partition(":")[2], target.simulated
    latencies = told.latency_ms if isinstance(told.latency_ms, tuple) else (told.latency_ms,)
    own = latencies[min(int(number or 0), len(latencies) - 1)] if latencies else 0
    return {**to_builtins(told), "latency_ms": own}
