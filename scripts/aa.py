"""Measure an unchanged model in many runs under random loads, and compare every run with every other."""

import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)

from msgspec.structs import replace  # noqa: E402 - only after our own folder is first on the path

from edgetpu_ci import machine, metrics, reference  # noqa: E402
from edgetpu_ci.collect import inference  # noqa: E402
from edgetpu_ci.judging import compare  # noqa: E402
from edgetpu_ci.model import Base, Measurement, Rule, Run  # noqa: E402
from edgetpu_ci.world import World, real_world  # noqa: E402

RULE = Rule(match="*/throughput_sustained_fps", worse_by_percent=5)
MOST_LOADS = 3
LOADS = (
    "while True: pass",
    "import time\nwhile True:\n t = time.time() + 1\n while time.time() < t: pass\n time.sleep(1)",
    "a = bytearray(1 << 27)\nwhile True: a[:] = a[::-1]",
)
SLOWDOWNS = (1.0, 1.1, 1.25, 1.5)


def main() -> None:
    """Print what is said of unchanged code, and of the same runs made slower."""
    world = real_world()
    with TemporaryDirectory() as folder:
        model = str(reference.write(Path(folder, reference.NAME)))
        runs = [_run(number, model, world) for number in range(int(sys.argv[1]))]
    pairs = len(runs) * (len(runs) - 1)
    print(f"{len(runs)} runs, {sum(bool(run.contended) for run in runs)} on a busy machine; {pairs} ordered pairs")
    for slowdown in SLOWDOWNS:
        found = Counter(_found(base, head, slowdown) for base, head in permutations(runs, 2))
        said = ", ".join(f"{name} {100 * count / pairs:.2f} %" for name, count in found.most_common())
        print(f"slower by {slowdown:g}: {said}")


def _run(number: int, model: str, world: World) -> Run:
    with _loads(random.randrange(MOST_LOADS + 1)) as count:  # noqa: S311 - no secret
        taken = inference.collect(inference.Options(models=(model,)), world)
    print(f"run {number + 1}: {count} loads {f'({taken.contended})' if taken.contended else ''}", file=sys.stderr)
    return Run(
        id=str(number),
        at=datetime.now(UTC),
        machine=machine.identify(world),
        measurements=taken.measurements,
        contended=taken.contended,
    )


@contextmanager
def _loads(count: int) -> Iterator[int]:
    """So many other programs, each busy in its own way."""
    programs = [subprocess.Popen([sys.executable, "-c", random.choice(LOADS)]) for _ in range(count)]  # noqa: S311, S603
    try:
        yield count
    finally:
        for program in programs:
            program.kill()
            program.wait()


def _found(base: Run, head: Run, slowdown: float) -> str:
    then = Base(kind="previous run", label="", measurements=base.measurements, contended=bool(base.contended))
    slower = replace(head, measurements=_slower(head.measurements, slowdown))
    (comparison,) = compare.sequential(slower, then, [RULE])
    return comparison.finding


def _slower(measurements: Sequence[Measurement], by: float) -> tuple[Measurement, ...]:
    """The same measurements of a model that takes so many times as long."""
    return tuple(replace(m, slots=tuple(slot * _factor(m.metric, by) for slot in m.slots)) for m in measurements)


def _factor(metric: str, by: float) -> float:
    known = metrics.find(metric)
    return by if known.unit == "ms" else 1 / by if known.unit == "1/s" else 1.0


if __name__ == "__main__":
    main()
