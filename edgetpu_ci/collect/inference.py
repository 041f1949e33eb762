"""Measure inference: each model in fresh processes, in rounds over all models."""

from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

from edgetpu_ci import stats, tflite
from edgetpu_ci.collect import contention, models, slot, timing
from edgetpu_ci.errors import ModelError
from edgetpu_ci.model import Collected, Measurement
from edgetpu_ci.world import World

Whole = Annotated[int, Meta(ge=1, le=1_000_000)]
Seconds = Annotated[float, Meta(ge=0, le=86_400)]

MOST_INVOKES = 20_000
"""In one slot, unless `count` asks for more: a tiny model makes them in less than the seconds wanted for nothing."""

WARMUP_LIMIT = 0.25
"""Share of a slot's time that warming up may take, for models that never get steady."""


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`models`: paths and globs of .tflite files. `python`: the interpreter that measures, by default our own.

    `runtime`: ai_edge_litert, tflite_runtime or pycoral, by default the first found. `input`: a .npy file, or one
    for each of the model's inputs; by default random values from `seed`. A model is measured in `rounds` fresh
    processes, each for at least `seconds` and `count` inferences (by default as many as p99 needs over all rounds)
    after a warm-up of at least `warmup_seconds` and `warmup_count`; `budget_seconds` bounds this for a model, and a
    process that does not answer within `timeout_seconds` is ended.
    """

    models: tuple[str, ...]
    python: str = ""
    runtime: Literal["", "ai_edge_litert", "tflite_runtime", "pycoral"] = ""
    threads: Whole = 1
    input: str | tuple[str, ...] = ()
    seed: Annotated[int, Meta(ge=0, lt=1 << 32)] = 0
    rounds: Whole = 10
    seconds: Seconds = 0.5
    count: Whole | None = None
    warmup_seconds: Seconds = 0.1
    warmup_count: Whole = 10
    budget_seconds: Seconds = 60
    timeout_seconds: Annotated[float, Meta(gt=0, le=86_400)] = 120


@dataclass
class Subject:
    """A model while it is measured: its slots so far, or the reason it stopped, and the seconds it took."""

    name: str
    file: Path
    slots: list[slot.Answer] = field(default_factory=list)
    reason: str = ""
    spent: float = 0.0


def collect(options: Options, world: World) -> Collected:
    """Latency, throughput, errors and memory of each model.

    `samples` has raw nanoseconds for each completed inference of a slot, numbered from 1:
    `subject/latency_ns/1`, and `cpu_ns` and, where known, `wait_ns` likewise.
    """
    subjects = [Subject(name, file, reason=_refuse(file)) for name, file in models.find(options.models, world)]
    windows: list[contention.Window] = []
    total = options.rounds * len(subjects)
    for number in range(options.rounds):
        # Models take turns, in another order each round, so that a host that drifts does so for all of them.
        turn = number % len(subjects)
        for place, subject in enumerate(subjects[turn:] + subjects[:turn], start=1):
            if not subject.reason and (number == 0 or subject.spent < options.budget_seconds):
                windows += _slot(subject, options, options.rounds - number, world)
            world.progress(subject.name, number * len(subjects) + place, total)
    return Collected(
        measurements=tuple(m for subject in subjects for m in _measurements(subject, options)),
        contended=contention.describe(windows),
        notes=tuple(note for subject in subjects for note in _notes(subject, options)),
        samples={key: times for subject in subjects for key, times in _samples(subject).items()},
    )


class Tried(Struct, frozen=True, kw_only=True):
    """Which runtime ran on which interpreter, or the `reason` that none did."""

    what: str = ""
    reason: str = ""


def try_runtime(options: Options, model: Path, world: World) -> Tried:
    """Run a model once on random input, with the interpreter and runtime that the options name."""
    request = {
        **_what(replace(options, input=()), model, world),
        **dict.fromkeys(("warmup_count", "warmup_seconds", "warmup_limit_seconds", "seconds", "limit_seconds"), 0),
        "count": 1,
        "most": 1,
    }
    answer = slot.run(request, options.python, options.timeout_seconds, world)
    if isinstance(answer, str):
        return Tried(reason=answer)
    return Tried(what=f"{answer.runtime_version} on Python {answer.python} with numpy {answer.numpy}")


def _slot(subject: Subject, options: Options, left: int, world: World) -> list[contention.Window]:
    """Measure one more slot of a model; the stretch it took, none when it failed."""
    request = _request(subject, options, left, world)
    started, before = world.now(), contention.read(world.root)
    answer = slot.run(request, options.python, options.timeout_seconds, world)
    after, elapsed = contention.read(world.root), (world.now() - started).total_seconds()
    subject.spent += elapsed
    if isinstance(answer, str):
        subject.reason = answer
        return []
    subject.slots.append(answer)
    return [
        contention.Window(
            wall=sum(answer.wall_ns) / 1e9,
            waited=sum(answer.wait_ns) / 1e9 if answer.wait_ns else None,
            ours=answer.cpu_seconds,
            before=before,
            after=after,
            elapsed=elapsed,
        )
    ]


def _request(subject: Subject, options: Options, left: int, world: World) -> dict[str, Any]:
    """What the worker is asked; of the budget, each slot that is left gets an equal part."""
    limit = min((options.budget_seconds - subject.spent) / left, options.timeout_seconds / 2)
    missing = stats.samples_needed(0.99) - sum(len(done.wall_ns) for done in subject.slots)
    count = options.count or max(1, ceil(missing / left))
    return {
        **_what(options, subject.file, world),
        "warmup_count": options.warmup_count,
        "warmup_seconds": options.warmup_seconds,
        "warmup_limit_seconds": limit * WARMUP_LIMIT,
        "count": count,
        "seconds": options.seconds,
        "most": max(MOST_INVOKES, count),
        "limit_seconds": limit * (1 - WARMUP_LIMIT),
    }


def _what(options: Options, model: Path, world: World) -> dict[str, Any]:
    files = [options.input] if isinstance(options.input, str) else options.input
    return {
        "model": str(model),
        "runtime": options.runtime,
        "threads": options.threads,
        "inputs": [str(world.cwd / file) for file in files],
        "seed": options.seed,
    }


def _measurements(subject: Subject, options: Options) -> list[Measurement]:
    if subject.reason:
        return timing.unmeasured(subject.name, subject.reason)
    return timing.measurements(subject.name, subject.slots, slot.device(subject.slots, options.threads))


def _notes(subject: Subject, options: Options) -> list[str]:
    made = len(subject.slots)
    if subject.reason or made == options.rounds:
        return []
    return [f"{subject.name}: {made} of {options.rounds} rounds fitted into its {options.budget_seconds:g} s."]


def _samples(subject: Subject) -> dict[str, list[float]]:
    return {
        f"{subject.name}/{name}/{number}": list(times)
        for number, done in enumerate(subject.slots, start=1)
        for name, times in (("latency_ns", done.wall_ns), ("cpu_ns", done.cpu_ns), ("wait_ns", done.wait_ns))
        if times
    }


def _refuse(file: Path) -> str:
    """Why a file is not worth a process; empty when it may be a model."""
    try:
        tflite.load(file, file.name)
    except ModelError as error:
        return str(error)
    return ""
