"""False failures and a true slowdown, live: comparisons of base and head in turns while the other core is kept busy."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)

from msgspec import Struct, json  # noqa: E402 - only after our own folder is first on the path

from edgetpu_ci import collect, event, machine, measure, reference  # noqa: E402
from edgetpu_ci.base import Files  # noqa: E402
from edgetpu_ci.config import Step  # noqa: E402
from edgetpu_ci.judging import interleaved  # noqa: E402
from edgetpu_ci.loads import timing  # noqa: E402
from edgetpu_ci.model import Comparison, Rule  # noqa: E402
from edgetpu_ci.world import World, real_world  # noqa: E402

KEPT = Path(".edgetpu-ci", "aa-live.jsonl")
"""One line for each comparison that was made, so that a run which was cut short goes on."""

SIZES = ((32, 0.1), (48, 0.1), (64, 0.1), (124, 0.35))
"""Resolution and width of the models: with six metrics each, a family of 24."""

SLOWER = (128, 0.35)
"""What the last of them becomes: 3 % slower (p10 by 1.030, 99 % interval 1.025 to 1.042, 80 rounds in one process)."""

EVERY = 5
"""After so many comparisons of nothing comes one with the slowdown."""

RULES = tuple(Rule(match=f"*/{metric}", worse_by_percent=1) for metric in timing.IN_SLOTS)
SLOWED = "model3/throughput_sustained_fps"
BUDGET_SECONDS = 600
QUICK = {"seconds": 0.02, "count": 20, "warmup_seconds": 0, "warmup_count": 3}
BUSY = "import os\nos.sched_setaffinity(0, {max(os.sched_getaffinity(0))})\nwhile True: pass"


class Done(Struct):
    """One comparison: what was called a regression, and what the slowdown looked like where there was one."""

    slower: bool
    seconds: float
    family: int
    rounds: int
    regressed: list[str]
    contended: str
    ratio: float | None = None


def main() -> None:
    """Make the comparisons that are missing, then print what came of all of them."""
    wanted, world = int(sys.argv[1]), real_world()
    done = [json.decode(line, type=Done) for line in KEPT.read_bytes().splitlines()] if KEPT.exists() else []
    KEPT.parent.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder, _busy(), KEPT.open("ab") as kept:
        while len(done) < wanted:
            slower = len(done) % (EVERY + 1) == EVERY
            done.append(_compare(Path(folder), world, slower=slower))
            kept.write(json.encode(done[-1]) + b"\n")
            kept.flush()
            print(f"{len(done)}/{wanted}: {done[-1]}", file=sys.stderr)
    print(machine.identify(world).key)
    print(*_table(done), sep="\n")


def _compare(folder: Path, world: World, *, slower: bool) -> Done:
    sizes = (*SIZES[:-1], SLOWER) if slower else SIZES
    # What differs in a byte that nobody reads is compared as any other change is.
    pairs = {
        _write(folder / f"model{n}.tflite", size): _write(folder / "base" / f"model{n}.tflite", was, b"\0")
        for n, (size, was) in enumerate(zip(sizes, SIZES, strict=True))
    }
    step = Step(use="inference", with_={"models": [str(head) for head in pairs], **QUICK})
    plan = measure.Plan(Files(pairs), RULES, BUDGET_SECONDS)
    started = world.monotonic()
    taken = measure.take([collect.bind(step, "collect[0]")], plan, event.read(world), world)
    assert taken.base  # noqa: S101 - a plan has one
    found = interleaved.compare_rounds(taken.run.measurements, taken.base, taken.rules, taken.family)
    return _done(found.comparisons, len(taken.family), world.monotonic() - started, taken.run.contended, slower=slower)


def _done(found: Sequence[Comparison], family: int, seconds: float, contended: str, *, slower: bool) -> Done:
    ratios = {each.key: each.ratio for each in found}
    return Done(
        slower=slower,
        seconds=round(seconds, 1),
        family=family,
        rounds=sum(each.rounds for each in found),
        regressed=[each.key for each in found if each.finding == "regressed"],
        contended=contended,
        ratio=ratios.get(SLOWED) if slower else None,
    )


def _write(path: Path, size: tuple[int, float], more: bytes = b"") -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(reference.build(*size) + more)
    return path.resolve()


@contextmanager
def _busy() -> Iterator[None]:
    """The last core has other work all the time."""
    program = subprocess.Popen([sys.executable, "-c", BUSY])  # noqa: S603
    try:
        yield
    finally:
        program.kill()
        program.wait()


def _table(done: Sequence[Done]) -> Iterator[str]:
    yield "| head | comparisons | metrics each | with a regression | of the slowdown | seconds each |"
    yield "|---|---|---|---|---|---|"
    for slower, name in ((False, "unchanged"), (True, "one model 3 % slower")):
        of = [each for each in done if each.slower == slower]
        false = sum(any(not _true(key, slower=slower) for key in each.regressed) for each in of)
        hits = sum(SLOWED in each.regressed for each in of) if slower else ""
        family = of[0].family if of else ""
        seconds = f"{sum(each.seconds for each in of) / len(of):.0f}" if of else ""
        yield f"| {name} | {len(of)} | {family} | {false} false | {hits} | {seconds} |"


def _true(key: str, *, slower: bool) -> bool:
    return slower and key.startswith("model3/")


if __name__ == "__main__":
    main()
