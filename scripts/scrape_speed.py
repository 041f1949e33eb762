"""Scrape a store of so many series, again and again: seconds of the processor from asking to the text.

It waits for nothing but files, so that on a machine with nothing else to do it is the time that passes.
"""

import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)

from prometheus_client import CollectorRegistry, generate_latest  # noqa: E402 - only after our own folder is first
from prometheus_client.core import GaugeMetricFamily, Metric  # noqa: E402
from prometheus_client.registry import Collector  # noqa: E402

from edgetpu_ci import codec, config, history, machine, newest  # noqa: E402
from edgetpu_ci.config.alerting import Alerting, AlertRule  # noqa: E402
from edgetpu_ci.exposition import families, text  # noqa: E402
from edgetpu_ci.exposition.record import Family, Known  # noqa: E402
from edgetpu_ci.metrics import benchmarks  # noqa: E402
from edgetpu_ci.model import Machine, Measurement, Report, Run  # noqa: E402
from edgetpu_ci.store.folder import Folder  # noqa: E402
from edgetpu_ci.world import World, real_world  # noqa: E402

TIMES = 9
MACHINES = 10
METRICS = tuple(metric.name for metric in benchmarks.METRICS[:20])
NOW = datetime.now(UTC)
SETTINGS = config.Config(
    alerting=Alerting(
        rules=(
            AlertRule(name="performance_regression", match="*/throughput_fps", worse_by_percent=10),
            AlertRule(name="high_error_rate", match="*/error_rate_percent", above=5),
        )
    )
)


def main() -> None:
    """Print a table, with the machine and how often it was tried."""
    host = machine.identify(real_world())
    where = f"{'virtual, ' if host.hypervisor else ''}{host.cores} cores {host.cpu}"
    print(f"{where}, load {host.load}; medians, n = {TIMES}")
    print("\n| series | MB | first scrape | repeated | of that, text | prometheus_client, text | ours / theirs |")
    print("|---|---|---|---|---|---|---|")
    for count in [int(given) for given in sys.argv[1:]] or [1_000, 10_000, 100_000]:
        with TemporaryDirectory() as folder:
            world = replace(real_world(), cwd=Path(folder))
            _fill(Folder(world.cwd / ".edgetpu-ci"), count)
            print(_row(world))


def _fill(store: Folder, count: int) -> None:
    """A report of each machine, of so many subjects that there are as many series."""
    subjects = max(1, count // (MACHINES * len(METRICS)))
    for number in range(MACHINES):
        measured = tuple(
            Measurement(subject=f"model_{n}", metric=metric, value=1.0 + n % 100 / 70, device="edgetpu:0")
            for n in range(subjects)
            for metric in METRICS
        )
        name = f"{NOW:%Y%m%dT%H%M%SZ}-{number}"
        run = Run(id=name, at=NOW, machine=Machine(key=f"pi-{number}"), measurements=measured, branch="main")
        store.append(history.REPORTS, name, codec.encode_json(Report(run=run)))


def _row(world: World) -> str:
    first = _seconds(lambda: _scrape(newest.of(SETTINGS, world)))
    reader = newest.of(SETTINGS, world)
    written = _scrape(reader)
    repeated = _seconds(lambda: _scrape(reader))
    known = reader.refresh()
    found = families.of(known)
    ours, theirs = _seconds(lambda: _text(known)), _seconds(lambda: _theirs(found))
    series = sum(len(family.samples) for family in found)
    return (
        f"| {series:,} | {len(written.encode()) / 1e6:.1f} | {first:.3f} s | {repeated:.3f} s | {ours:.3f} s "
        f"| {theirs:.3f} s | {ours / theirs:.2f} |"
    )


def _scrape(reader: newest.Newest) -> str:
    return _text(reader.refresh())


def _text(known: Known) -> str:
    return text.prometheus(families.of(known))


def _theirs(found: Iterable[Family]) -> bytes:
    """The same samples through a collector of prometheus_client, as its documentation has it for such a case."""
    registry = CollectorRegistry()
    registry.register(_Given(found))
    return generate_latest(registry)


class _Given(Collector):
    def __init__(self, found: Iterable[Family]) -> None:
        self.found = found

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterable[Metric]:
        for family in self.found:
            names = [name for name, _ in family.samples[0].labels]
            metric = GaugeMetricFamily(family.name, family.help, labels=names)
            for one in family.samples:
                metric.add_metric([text for _, text in one.labels], one.value)
            yield metric


def _seconds(do: Callable[[], object]) -> float:
    """The median of several tries."""
    times = []
    for _ in range(TIMES):
        started = time.process_time()
        do()
        times.append(time.process_time() - started)
    return median(times)


if __name__ == "__main__":
    main()
