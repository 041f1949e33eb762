"""A C library that behaves like libedgetpu 16.0: its exports and words, on devices that the environment describes.

    library = build(folder)
    worn = device("usb:/sys/bus/usb/devices/2-1", latency_us=3000, slow_after=500, slow_us=6000)
    subprocess.run(program, env={**os.environ, **environment(worn, "pci:/dev/apex_0", open_us=200_000)})

What stands beside a device holds for it alone; what is given to the environment holds for all. Devices keep their
count of invokes for as long as the process that opened them lives.
"""

import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Final, Literal, TypedDict, Unpack

SOURCES: Final = Path(__file__).parent
_STRICT: Final = ("-std=c11", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Werror")
_SHARED: Final = ("-O2", "-fPIC", "-shared", "-fvisibility=hidden", "-pthread")


class Settings(TypedDict, total=False):
    """Times in µs. `…_after` counts the invokes that still go well. What each does, and its default: device.h."""

    open_us: int
    load_failures: int
    latency_us: int
    jitter_us: int
    seed: int
    first_us: int
    reload_us: int
    slow_after: int
    slow_us: int
    fail_every: int
    fail_after: int
    hang_after: int
    crash_after: int
    abort_after: int
    abort_error: Literal[1, 2, 5]
    hib_after: int
    unplug_after: int
    output: int
    output_steps: int


class Library(Settings, total=False):
    """What holds for the library as a whole.

    `abi="2.5"` hands registrations over as genuine 16.0 does: newer runtimes read past their 64 bytes, and break.
    `state` is a folder that outlives the process: in it `load_failures` are counted (it is needed for them), and an
    unplugged device stays unplugged until the folder is emptied. Loading it takes `loading_us`.
    """

    abi: Literal["2.5"]
    runtime_version: int
    loading_us: int
    state: Path


@cache
def build(folder: Path, *flags: str) -> Path | None:
    """The library, built in this folder; None where there is no C compiler."""
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler is None:
        return None
    library = folder / "libedgetpu.so.1"
    command: list[str | Path] = [compiler, *_STRICT, *_SHARED, *flags, "-o", library, *sorted(SOURCES.glob("*.c"))]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return library


def device(name: str, **settings: Unpack[Settings]) -> str:
    """A device for `environment`: `usb:` or `pci:` and its path, with what holds for it alone."""
    return name + "?" * bool(settings) + "&".join(f"{key}={value}" for key, value in settings.items())


def environment(*devices: str, **settings: Unpack[Library]) -> dict[str, str]:
    """What a process needs in its environment to find these devices; none given: none plugged in."""
    told = {"devices": ",".join(devices), **settings}
    return {f"FAKE_EDGETPU_{key.upper()}": str(value) for key, value in told.items()}
