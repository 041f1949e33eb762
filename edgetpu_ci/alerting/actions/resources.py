"""How the host is now: processor, memory, disk, heat, who uses a Coral, and the busiest processes."""

import re
from collections.abc import Iterator
from typing import Final

from edgetpu_ci import machine
from edgetpu_ci.alerting.actions.deed import Deed, Done
from edgetpu_ci.collect import health
from edgetpu_ci.device import coral, holder, lease
from edgetpu_ci.model import Measurement
from edgetpu_ci.render import words
from edgetpu_ci.world import World

WOULD: Final = "look at processor, memory, disk, heat, Corals and the busiest processes"
NAME: Final = "resources.txt"

_BUSIEST: Final = 5
_SHOWN: Final = ("cpu_use_percent", "memory_free_percent", "disk_free_percent", "temperature_celsius")
_STAT: Final = re.compile(r"\d+ \((.*)\) \S(?: -?\d+){10} (\d+) (\d+) ", re.DOTALL)


def check(deed: Deed) -> Done:
    """Look for a second; the figures in a sentence, all of it in a file."""
    world = deed.world
    before = _ticks(world)
    measured = health.collect(health.Options(meter=""), world).measurements
    busiest = _busiest(before, _ticks(world))
    corals = [_held(device, world) for device in coral.find(world)]
    host = machine.identify(world)
    load = "load not told" if host.load is None else f"load {host.load:g} on {host.cores} cores"
    lines = [load, *map(_line, measured), *(corals or ["no Coral was found"]), *busiest]
    told = [m for m in measured if m.metric in _SHOWN and m.value is not None]
    short = [f"{words.label(m.metric)} {words.value(m)}" for m in told]
    return Done(f"{'; '.join([*short, load, *corals])}.", file=deed.write(NAME, "\n".join(lines) + "\n"))


def _line(measured: Measurement) -> str:
    details = "".join(f"; {name} {said}" for name, said in measured.details)
    return f"{measured.subject}: {words.label(measured.metric)} {words.value(measured)}{details}"


def _held(device: coral.Coral, world: World) -> str:
    who = "; ".join(map(str, filter(None, (holder.held_by(device, world), lease.tenant(device, world)))))
    return f"{device.name} is used by {who}" if who else f"{device.name} is used by nobody that can be seen"


def _ticks(world: World) -> dict[tuple[str, str], int]:
    """The processor time of each process so far, by number and name."""
    found = {}
    for path in (world.root / "proc").glob("[0-9]*/stat"):
        if stat := _STAT.match(world.text(str(path.relative_to(world.root)))):
            found[path.parent.name, stat[1]] = int(stat[2]) + int(stat[3])
    return found


def _busiest(before: dict[tuple[str, str], int], after: dict[tuple[str, str], int]) -> Iterator[str]:
    """Those that used most of the processors meanwhile; of those that began or ended meanwhile nothing is known."""
    used = {process: after[process] - before[process] for process in before.keys() & after.keys()}
    total = sum(used.values())
    for process in sorted(used, key=lambda one: (-used[one], one))[:_BUSIEST]:
        if used[process] > 0:
            number, name = process
            yield f"process {number} ({words.plain(name)}): {used[process] / total:.0%} of what all processes used"
