"""One slot of one model: what it is asked, and what the host did meanwhile."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Annotated, Any

from msgspec import Meta, Struct
from msgspec.structs import replace

from edgetpu_ci.device import meters
from edgetpu_ci.device.power import Samples
from edgetpu_ci.loads import contention, execution, slot, target, timing
from edgetpu_ci.loads.bench import Bench
from edgetpu_ci.loads.execution import Turn
from edgetpu_ci.loads.faults import Fault
from edgetpu_ci.loads.load import Load
from edgetpu_ci.loads.target import Seconds, Whole
from edgetpu_ci.model import SIMULATED, Measurement
from edgetpu_ci.world import World

MOST_INVOKES = 20_000
"""In one slot, unless `count` asks for more: a tiny model makes them in less than the seconds wanted for nothing."""

WARMUP_LIMIT = 0.25
"""Share of a slot's time that warming up may take, for models that never get steady."""


class Options(Load, frozen=True, kw_only=True):
    """`models`: paths and globs of .tflite files.

    A model is measured in `rounds` fresh processes, each for at least `seconds` and `count` inferences (by default as
    many as p99 needs over all rounds), and all of them for about `budget_seconds` at the most.

    With a base, both are measured in turns, in 10 to 30 rounds however many `rounds` says; `base_python` is then the
    interpreter of the base, by default the same. `examples` and `labels`: .npy files with one input and one class in
    each row, for `accuracy_top1_percent`.

    `source_model`: the path of what a compiled model was compiled from, in which `{model}` stands for its file's name
    without `_edgetpu.tflite`; what it answers while it is timed is then held against what that model answers on the CPU
    (docs/correctness.md).

    Each process begins below `cool_below_celsius`, for which `cool_down_seconds` are waited at the most, and never on
    a device that is being throttled. `meter`: what tells power: auto, hwmon, hwmon:NAME, rapl, or a CSV file of
    `timestamp,watts`, whose clock is `meter_offset_seconds` behind; or `meter_command`, a line for bash that prints
    such (docs/health.md). Before and after, `idle_seconds` are measured beside it.
    """

    models: tuple[str, ...]
    base_python: str = ""
    source_model: str = ""
    examples: str = ""
    labels: str = ""
    rounds: Whole = 10
    seconds: Seconds = 0.5
    count: Whole | None = None
    budget_seconds: Seconds = 60
    cool_below_celsius: Annotated[float, Meta(ge=0, le=150)] | None = None
    cool_down_seconds: Seconds = 300
    meter: str = ""
    meter_command: str = ""
    meter_offset_seconds: Annotated[float, Meta(ge=-86_400, le=86_400)] = 0
    idle_seconds: Seconds = 5


class Share(Struct, frozen=True):
    """What one slot gets: at least `count` inferences, about `limit` seconds, and at the most `most` inferences.

    `expected` is a file with what the outputs should be; "" where that is not known, None where nobody asks.
    """

    count: int
    limit: float
    most: int = MOST_INVOKES
    expected: str | None = None


class Taken(Struct, frozen=True):
    """What the worker said of one slot, the stretch of time it took, and what a live meter said in it."""

    answer: slot.Answer
    window: contention.Window
    samples: Samples = ()


def bench(options: Options, world: World) -> Bench:
    """Where the models of these options are measured."""
    return Bench(
        world,
        below=options.cool_below_celsius,
        patience=options.cool_down_seconds,
        meter=meters.find(options.meter, options.meter_command, options.meter_offset_seconds, world),
        idle_seconds=options.idle_seconds,
        accelerator=_accelerator(options.device),
    )


def _accelerator(device: str) -> str | None:
    """The PCIe accelerator that a device is: none when it is on USB or simulated, None where it may be any."""
    if device.startswith("/dev/"):
        return Path(device).name
    return "" if device.startswith(("usb", SIMULATED, "/")) else None


def take(options: Options, file: Path, share: Share, bench: Bench, turn: Turn) -> tuple[Taken | Fault | str, float]:
    """One slot, or what broke, or why there is none; and how many seconds it took once it was cool."""
    warm, world = bench.ready(), bench.world
    started, before, began = world.now(), bench.read(), world.observed.clock()
    with bench.watching() as looks:
        asked = _timing(options, file, share, world)
        answer = slot.run(asked, options.python, options.timeout_seconds, slot.Answer, world)
    ended, after, elapsed = world.observed.clock(), bench.read(), (world.now() - started).total_seconds()
    execution.of_slot(turn, options.threads, (began, ended), answer, world.observed)
    if not isinstance(answer, slot.Answer):
        return answer, elapsed
    window = contention.Window(
        wall=sum(answer.wall_ns) / 1e9,
        waited=sum(answer.wait_ns) / 1e9 if answer.wait_ns else None,
        ours=answer.cpu_seconds,
        before=before,
        after=after,
        elapsed=elapsed,
        during=tuple(looks.heats),
        warm=warm,
    )
    return Taken(answer, window, looks.samples), elapsed


def try_runtime(options: Options, model: Path, world: World) -> slot.Answer | str:
    """Run a model once on random input, with the interpreter and runtime that the options name; or why that failed."""
    request = {
        **target.request(replace(options, input=()), model, world),
        **dict.fromkeys(("warmup_count", "warmup_seconds", "warmup_limit_seconds", "seconds", "limit_seconds"), 0),
        "task": "time",
        "count": 1,
        "most": 1,
    }
    return slot.ask(request, options.python, options.timeout_seconds, slot.Answer, world)


def try_library(options: Options, world: World) -> slot.Listed | str:
    """Load libedgetpu as the options name it, and ask what it lists; or why that failed. No device is opened."""
    request = {**target.request(replace(options, input=()), Path(), world), "task": "devices"}
    return slot.ask(request, options.python, options.timeout_seconds, slot.Listed, world)


def outputs(
    options: Options, file: Path, save: str, expected: str, world: World, first: int | None = None
) -> slot.Outputs | str:
    """What a model answers to the (first) examples: kept in `save`, compared with `expected`; or why there is none."""
    request = {
        **target.request(options, file, world),
        "task": "outputs",
        "save": save,
        "expected": expected,
        "examples": _examples(options, world),
        "first": first,
        "labels": str(world.cwd / options.labels) if options.labels else "",
    }
    return slot.ask(request, options.python, options.timeout_seconds, slot.Outputs, world)


def samples(name: str, slots: Sequence[Taken]) -> dict[str, list[float]]:
    """The raw nanoseconds of some slots, for the side file."""
    return {
        f"{name}/{kind}/{number}": list(times)
        for number, answer in enumerate((taken.answer for taken in slots), start=1)
        for kind, times in _kinds(answer)
        if times
    }


def _kinds(answer: slot.Answer) -> tuple[tuple[str, tuple[int, ...]], ...]:
    return (
        ("latency_ns", answer.wall_ns),
        ("cpu_ns", answer.cpu_ns),
        ("wait_ns", answer.wait_ns),
        ("tpu_ns", answer.tpu_ns),
    )


def measurements(subject: str, reason: str, slots: Sequence[Taken], options: Options) -> list[Measurement]:
    """All that some slots of a model say, or for each metric the reason that there is none."""
    timed = timing.of_slots(subject, reason, [taken.answer for taken in slots], options.threads)
    return [*timed, *([] if reason else _clock(subject, slots))]


def _clock(subject: str, slots: Sequence[Taken]) -> list[Measurement]:
    """How fast the CPU was clocked; nothing where the kernel does not tell."""
    known = tuple(taken.window.after.mhz for taken in slots)
    if not known or not all(known):
        return []
    return [Measurement(subject=subject, metric="cpu_clock_mhz", value=median(known), n=len(known), slots=known)]


def _timing(options: Options, file: Path, share: Share, world: World) -> dict[str, Any]:
    return {
        **target.request(options, file, world),
        "task": "time",
        "warmup_count": options.warmup_count,
        "warmup_seconds": options.warmup_seconds,
        "warmup_limit_seconds": share.limit * WARMUP_LIMIT,
        "count": share.count,
        "seconds": options.seconds,
        "most": max(share.most, share.count),
        "limit_seconds": share.limit * (1 - WARMUP_LIMIT),
        "check": None
        if share.expected is None
        else {"examples": _examples(options, world), "expected": share.expected},
    }


def _examples(options: Options, world: World) -> str:
    return str(world.cwd / options.examples) if options.examples else ""
