"""Collect all key figures of a checkout in a process of its own, and tell what that cost."""

import re
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from msgspec import Struct

from edgetpu_ci import collect, config, event, measure
from edgetpu_ci.collect import github
from edgetpu_ci.memory import Swap
from edgetpu_ci.model import Measurement
from edgetpu_ci.store.folder import Folder
from edgetpu_ci.world import real_world

KEPT = timedelta(days=800)
"""Longer than the repository is old."""

OPTIONS = github.Options(retention_days=KEPT.days)


class Cost(Struct, frozen=True):
    """Seconds by the clock and of CPU, the most memory and what is stored in MB, writes, and what came of it."""

    seconds: float
    cpu: float
    peak_mb: int
    stored_mb: float
    writes: int
    measurements: tuple[Measurement, ...]
    incomplete: tuple[str, ...]


@dataclass(frozen=True)
class Counting(Folder):
    """A folder that counts its writes."""

    writes: list[int] = field(default_factory=list)

    def swap_all(self, changes: Mapping[str, Swap]) -> bool:
        self.writes.append(len(changes))
        return super().swap_all(changes)


def main() -> None:
    """`TIME`: collect `kpis` of the configuration that is here, as of that time, and print the cost."""
    store, at = Counting(Path(".edgetpu-ci")), datetime.fromisoformat(sys.argv[1])
    started, busy = time.perf_counter(), time.process_time()
    world, settings = replace(real_world(), now=lambda: at), config.of_kpis(config.load(Path(config.FILE)))
    collectors = [collect.bind(step, f"kpis[{n}]") for n, step in enumerate(settings.collect)]
    run = measure.take(collectors, None, event.read(world), world, state=store).run
    cost = Cost(
        seconds=time.perf_counter() - started,
        cpu=time.process_time() - busy,
        peak_mb=_peak_kb() // 1024,
        stored_mb=sum(path.stat().st_size for path in (store.root / "state").iterdir()) / 1e6,
        writes=len(store.writes),
        measurements=run.measurements,
        incomplete=run.incomplete,
    )
    sys.stdout.buffer.write(msgspec.json.encode(cost))


def _peak_kb() -> int:
    """By the kernel's word of this program; `getrusage` has that of who started it in it."""
    found = re.search(r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(found[1]) if found else 0
