"""What tracing adds: to the latency that is measured, for each span, and at the end when nobody answers."""

import argparse
import json
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from math import exp, log
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)

from edgetpu_ci import reference, stats  # noqa: E402 - only after our own folder is first
from edgetpu_ci.collect import inference  # noqa: E402
from edgetpu_ci.config.observability import Traces  # noqa: E402
from edgetpu_ci.observed import Observed, Span, Value  # noqa: E402
from edgetpu_ci.stats import ranks  # noqa: E402
from edgetpu_ci.telemetry import otlp, tracing  # noqa: E402
from edgetpu_ci.telemetry.tracing import spans  # noqa: E402
from edgetpu_ci.telemetry.tracing.context import Context  # noqa: E402
from edgetpu_ci.world import World, real_world  # noqa: E402
from tests.fakes.loopback import dripping  # noqa: E402
from tests.fakes.receiver import receiver  # noqa: E402

CLOCKS = {"wall": "latency_ns", "CPU": "cpu_ns"}
"""A machine that is busy with other work slows the one more than the other."""

SPANS = 5_000
TRIES = 7
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


def main() -> None:
    """Print the three tables."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("models", nargs="*", type=Path, help="default: the reference model")
    options.add_argument("--rounds", type=int, default=20)
    options.add_argument("--count", type=int, default=200, help="inferences of an arm in a round")
    options.add_argument("--peer", required=True, help="a Python with opentelemetry-sdk")
    wanted = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, receiver() as known:
        models = wanted.models or [reference.write(Path(folder) / "reference.tflite")]
        print("p10 of a slot / without tracing: centre of the rounds' ratios, 99 % interval (Walsh averages)")
        for model in models:
            compare(model, wanted, known.url)
        peer = _peer(wanted.peer, known.url)
        ours = [spent(known.url) for _ in range(TRIES)]
        print(f"\nµs a span, of {SPANS:,}; median of {TRIES} (least to most)")
        for name, made in (("edgetpu-ci", ours), ("opentelemetry-sdk", peer["spans"])):
            recorded, sent = zip(*made, strict=True)
            print(f"{name:<18} to record {_spread(recorded)}   to send {_spread(sent)}")
    print(f"\nseconds at the end; median of {TRIES} (least to most)")
    for name, seconds in dead():
        print(f"{name:<28} {_spread(seconds)}")
    print(f"{'opentelemetry-sdk, silent':<28} {peer['end']:.2f} (once)")


def compare(model: Path, wanted: argparse.Namespace, url: str) -> None:
    """All arms in each round, in an order that is drawn: p10 of a fresh process each, on two clocks."""
    arms: dict[str, Callable[[], tuple[float, ...]]] = {
        "without": lambda: _p10(model, wanted.count, real_world()),
        "without, again": lambda: _p10(model, wanted.count, real_world()),
        "with": lambda: _traced(model, wanted.count, url),
    }
    drawn, rounds = random.Random(model.stem), []  # noqa: S311 - an order, not a secret
    for number in range(wanted.rounds):
        print(f"{model.stem}: round {number + 1} of {wanted.rounds}", file=sys.stderr)
        rounds.append({arm: arms[arm]() for arm in drawn.sample(list(arms), len(arms))})
    for arm in ("with", "without, again"):
        for place, clock in enumerate(CLOCKS):
            ratios = [taken[arm][place] / taken["without"][place] for taken in rounds]
            print(f"{model.stem:<28} {arm:<15} {clock:<5} {_centre(ratios)}  n={len(ratios)}")


def _centre(ratios: Sequence[float]) -> str:
    differences = [log(ratio) for ratio in ratios]
    low, high = ranks.walsh_interval(differences, stats.CONFIDENCE) or (min(differences), max(differences))
    return f"{exp(ranks.centre(differences)):.4f} ({exp(low):.4f} to {exp(high):.4f})"


def _p10(model: Path, count: int, world: World) -> tuple[float, ...]:
    options = inference.Options(models=(str(model.resolve()),), rounds=1, count=count, seconds=0.2)
    collected = inference.collect(options, world)
    if not collected.samples:
        sys.exit(f"{model}: {collected.measurements[0].reason}")
    return tuple(
        stats.percentile(sorted(collected.samples[f"{model.stem}/{name}/1"]), 0.10) for name in CLOCKS.values()
    )


def _traced(model: Path, count: int, url: str) -> tuple[float, ...]:
    """The same, traced as a command is, and sent."""
    taken: list[tuple[float, ...]] = []

    def act(world: World) -> int:
        taken.append(_p10(model, count, world))
        return 0

    real = real_world()
    tracing.traced("run", Traces(), replace(real, env={**real.env, ENDPOINT: url}), act, sys.exit)
    return taken[0]


def spent(url: str) -> tuple[float, float]:
    """Microseconds for each of many spans: to record it, and to send it."""
    observed, now = Observed(), time.time_ns()
    started = time.perf_counter()
    for _ in range(SPANS):
        known: dict[str, Value] = {
            "edgetpu_ci.model": "m",
            "edgetpu_ci.arm": "head",
            "edgetpu_ci.round": 1,
            "edgetpu_ci.device": "cpu",
        }
        observed.record(Span("benchmark_execution", now, now + 1, known))
    made = time.perf_counter()
    world = replace(real_world(), env={ENDPOINT: url})
    request = spans.request(observed.spans, Context(b"t" * 16), "seed", otlp.resource(world), ())
    outcome = otlp.send("traces", request, world, 30)
    sent = time.perf_counter()
    if outcome.arrived != SPANS:
        sys.exit(outcome.sentence)
    return 1e6 * (made - started) / SPANS, 1e6 * (sent - made) / SPANS


def _peer(python: str, url: str) -> dict[str, list[tuple[float, float]]]:
    program = Path(__file__).with_name("tracing_overhead_peer.py")
    argv = [python, str(program), str(SPANS), str(TRIES), f"{url}/v1/traces"]
    made = subprocess.run(argv, stdout=subprocess.PIPE, check=True)  # noqa: S603 - a program of ours
    found: dict[str, list[tuple[float, float]]] = json.loads(made.stdout)
    return found


def dead() -> Iterator[tuple[str, list[float]]]:
    """The seconds that one who does not answer costs."""
    for name, silence in (
        ("nobody listens", _closed),
        ("silent", _silent),
        ("headers drip", dripping),
        ("no such host", _nowhere),
    ):
        with silence() as url:
            yield name, [_seconds(url) for _ in range(TRIES)]


def _seconds(url: str) -> float:
    real, said = real_world(), list[str]()
    started = time.perf_counter()
    tracing.traced("run", Traces(), replace(real, env={ENDPOINT: url}), lambda _: 0, said.append)
    ended = time.perf_counter()
    if not said:
        sys.exit(f"{url} was to take nothing.")
    return ended - started


@contextmanager
def _closed() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as was:
        port = was.getsockname()[1]
    yield f"http://127.0.0.1:{port}"


@contextmanager
def _silent() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@contextmanager
def _nowhere() -> Iterator[str]:
    yield "http://otlp.invalid:4318"


def _spread(values: Sequence[float]) -> str:
    return f"{median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    main()
