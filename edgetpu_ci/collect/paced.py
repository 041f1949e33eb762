"""Measure models at the pace of a camera: each frame is timed from when it was due, free or not."""

from collections.abc import Sequence
from functools import partial
from math import ceil
from pathlib import Path
from typing import Final

from edgetpu_ci.loads import failures, frames, load, models, on_device, sampled, slot, turns
from edgetpu_ci.loads.frames import Flow, Frames, Milliseconds, Rate, Served
from edgetpu_ci.loads.on_device import Place
from edgetpu_ci.loads.target import Seconds, Whole
from edgetpu_ci.loads.tries import Tries
from edgetpu_ci.model import Collected, Measurement
from edgetpu_ci.world import World

METRICS: Final = (
    "paced_latency_p50_ms",
    "paced_latency_p99_ms",
    "paced_queue_p99_ms",
    "paced_service_p50_ms",
    "paced_dropped_percent",
)


class Options(Frames, frozen=True, kw_only=True):
    """`models`: paths and globs of .tflite files. Of each, `rate_per_second` frames come in a second.

    They come in `rounds` fresh processes, `count` in all (by default as many as p99 needs), or as many as fit into
    `budget_seconds`. `deadline_ms` is by default the time until the next frame is due.
    """

    models: tuple[str, ...]
    rate_per_second: Rate
    deadline_ms: Milliseconds | None = None
    rounds: Whole = 5
    count: Whole | None = None
    budget_seconds: Seconds = 120


def collect(options: Options, world: World) -> Collected:
    """Latency, its parts, and dropped frames of each model, called `model at RATE/s`."""
    found = models.find(options.models, world)
    with on_device.taken(options, [file for _, file in found], world) as place:
        taken = {name: _rounds(name, file, place, world) for name, file in found}
    return Collected(
        measurements=tuple(m for name, slots in taken.items() for m in _of(name, slots, options)),
        contended=load.contended(each for slots in taken.values() for each in slots.taken),
        samples={
            key: values for name, slots in taken.items() for key, values in _samples(name, slots, options).items()
        },
    )


def _rounds(name: str, file: Path, place: Place[Options], world: World) -> Tries[turns.Slot[Served]]:
    slots = Tries[turns.Slot[Served]](record=failures.Record(stopped=place.refuse(file)))
    options = place.options
    for number in range(options.rounds):
        if not slots.is_over:
            slots.take(partial(frames.serve, options, file, _flow(options, number), world), world)
        world.progress(_subject(name, options), number + 1, options.rounds)
    return slots


def _flow(options: Options, number: int) -> Flow:
    """The frames of one round."""
    rate, wanted = options.rate_per_second, ceil((options.count or frames.enough()) / options.rounds)
    fitting = int(rate * options.budget_seconds / options.rounds)
    return Flow(rate, max(1, min(wanted, fitting)), options.deadline_ms or 1000 / rate, number)


def _subject(name: str, options: Options) -> str:
    return f"{name} at {options.rate_per_second:g}/s"


def _of(name: str, slots: Tries[turns.Slot[Served]], options: Options) -> list[Measurement]:
    subject = _subject(name, options)
    if nothing := slots.nothing:
        return load.unmeasured(subject, METRICS, nothing)
    answers = [each.answer for each in slots.taken]
    latency = [answer.latency_ms for answer in answers]
    waited, took = _milliseconds(answers)
    made = [
        sampled.pooled(subject, "paced_latency_p50_ms", 0.50, latency),
        sampled.pooled(subject, "paced_latency_p99_ms", 0.99, latency),
        sampled.pooled(subject, "paced_queue_p99_ms", 0.99, waited),
        sampled.pooled(subject, "paced_service_p50_ms", 0.50, took),
        _dropped(subject, answers),
    ]
    where = slot.device(answers, options.threads)
    return [*(sampled.rounded(m, where) for m in made), *frames.broken(subject, answers, slots.record, where)]


def _milliseconds(answers: Sequence[Served]) -> tuple[list[list[float]], list[list[float]]]:
    """Of each slot how long its frames waited, and how long their inferences took."""
    waited = [[nanoseconds / 1e6 for nanoseconds in answer.wait_ns] for answer in answers]
    return waited, [[nanoseconds / 1e6 for nanoseconds in answer.service_ns] for answer in answers]


def _dropped(subject: str, answers: Sequence[Served]) -> Measurement:
    offered = sum(answer.offered for answer in answers)
    causes = {
        "the queue was full": sum(answer.overflowed for answer in answers),
        "too late to begin": sum(answer.stale for answer in answers),
        "the inference failed": sum(answer.failed for answer in answers),
    }
    return Measurement(
        subject=subject,
        metric="paced_dropped_percent",
        value=100 * sum(causes.values()) / offered,
        n=offered,
        slots=tuple(100 * answer.lost / answer.offered for answer in answers),
        details=tuple((cause, str(number)) for cause, number in causes.items() if number),
    )


def _samples(name: str, slots: Tries[turns.Slot[Served]], options: Options) -> dict[str, list[float]]:
    return {
        f"{_subject(name, options)}/{kind}/{number}": list(times)
        for number, answer in enumerate((each.answer for each in slots.taken), start=1)
        for kind, times in (("wait_ns", answer.wait_ns), ("service_ns", answer.service_ns))
    }
