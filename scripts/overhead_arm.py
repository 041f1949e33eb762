"""One arm of scripts/overhead in a process of its own: `overhead_arm.py ARM MODEL COUNT WARMUP`, JSON in ms.

`bare` and `theirs` print one latency for each inference. `pairs` prints [bare, ours] of blocks that take turns in one
process, where the two differ by nothing but how they are measured.
"""

import argparse
import gc
import json
import os
import sys
from collections.abc import Callable
from itertools import repeat
from pathlib import Path
from time import perf_counter_ns
from types import SimpleNamespace
from typing import Any

WORKER = Path(__file__).resolve().parent.parent / "edgetpu_ci/worker"
BLOCK_NS = 5_000_000
PAIRS_NS = 1_000_000_000


def bare(model: str, count: int, warmup: int) -> list[float]:
    """Two clock readings around each invoke, and nothing else."""
    warm, recorded = _warm(_worker(), model, warmup), []
    invoke = warm.invoke
    for _ in repeat(None, count):
        start = perf_counter_ns()
        invoke()
        end = perf_counter_ns()
        recorded.append((end - start) / 1e6)
    return recorded


def theirs(model: str, count: int, warmup: int) -> list[float]:
    """The program `litert-benchmark` as it is; its times are taken where it computes its percentiles."""
    from ai_edge_litert.tools import benchmark_litert_model as program

    recorded: list[float] = []
    percentile = program.percentile

    def keep(times: list[float], q: float) -> float:
        recorded[:] = times
        value: float = percentile(times, q)
        return value

    program.percentile = keep
    sys.argv = ["litert-benchmark", f"--model={model}", f"--num_runs={count}", f"--warmup_runs={warmup}"]
    program.run_benchmark(program.parse_args())
    return recorded


def pairs(model: str, _count: int, warmup: int) -> list[tuple[float, float]]:
    """Mean latency over blocks of invokes: one clock around a whole block, or each recorded as the worker does."""
    worker = _worker()
    warm = _warm(worker, model, warmup)
    size = max(1, BLOCK_NS // min(warm.wall))

    def whole() -> float:
        return _block(warm.invoke, size)

    def recorded() -> float:
        loop = worker.Loop(warm.invoke, 1, worker.stretch(warm))
        loop.run(lambda: len(loop.wall) >= size)
        took: int = sum(loop.wall)
        return took / len(loop.wall) / 1e6

    made = []
    for number in range(max(10, PAIRS_NS // (2 * size * min(warm.wall)))):
        if number % 2:
            made.append((whole(), recorded()))
        else:
            made.append((recorded(), whole())[::-1])
    return made


def _block(invoke: Callable[[], None], size: int) -> float:
    start = perf_counter_ns()
    for _ in repeat(None, size):
        invoke()
    return (perf_counter_ns() - start) / size / 1e6


def _warm(worker: SimpleNamespace, model: str, warmup: int) -> Any:  # noqa: ANN401 - a class of a module loaded by its path
    """A loop of the worker's that has warmed up, with the input that ours has."""
    from ai_edge_litert.interpreter import Interpreter

    gc.disable()
    interpreter = Interpreter(model_path=model, num_threads=1)
    interpreter.allocate_tensors()
    for place, detail in enumerate(interpreter.get_input_details()):
        interpreter.set_tensor(detail["index"], worker.random(detail, 0, place))
    loop = worker.Loop(interpreter.invoke, 1)
    loop.run(lambda: loop.attempted >= warmup)
    return loop


def _worker() -> SimpleNamespace:
    """What is measured of the worker, which is found as the interpreter finds it that runs its folder."""
    sys.path.insert(0, str(WORKER))
    from edgetpu_worker import inputs, loop  # type: ignore[import-not-found]

    return SimpleNamespace(Loop=loop.Loop, stretch=loop.stretch, random=inputs.random)


def main() -> None:
    """Run the arm named; libraries that print do so on standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    arms = {"bare": bare, "theirs": theirs, "pairs": pairs}
    options = argparse.ArgumentParser()
    options.add_argument("arm", choices=arms)
    options.add_argument("model")
    options.add_argument("count", type=int)
    options.add_argument("warmup", type=int)
    wanted = options.parse_args()
    json.dump(arms[wanted.arm](wanted.model, wanted.count, wanted.warmup), answers)


if __name__ == "__main__":
    main()
