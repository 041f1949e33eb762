"""From the answers of a model's slots to its measurements."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from edgetpu_ci.loads import sampled
from edgetpu_ci.loads.slot import Answer, EdgeTpu, device
from edgetpu_ci.metrics import CATALOGUE
from edgetpu_ci.model import Measurement

Statistic = Callable[[Answer], float | None]
"""One number of a slot; None where it is not known."""

_SLOTS: Final[dict[str, Statistic]] = {
    "latency_p10_ms": lambda slot: sampled.p10(slot.wall_ns) / 1e6,
    "throughput_sustained_fps": lambda slot: 1e9 / sampled.p10(slot.wall_ns),
    "first_inference_ms": lambda slot: slot.first_ns / 1e6,
    "model_load_ms": lambda slot: slot.load_ns / 1e6,
    "cpu_time_p10_ms": lambda slot: sampled.p10(slot.cpu_ns) / 1e6,
    "memory_peak_mb": lambda slot: slot.memory_bytes / 1e6 or None,
}
"""Metrics that are the median over slots of one statistic of each."""

_ON_TPU: Final[dict[str, Statistic]] = {
    "delegate_open_ms": lambda slot: _edgetpu(slot).open_ns / 1e6,
    "time_to_ready_ms": lambda slot: (_edgetpu(slot).open_ns + slot.load_ns + slot.first_ns) / 1e6,
    "tpu_time_p10_ms": lambda slot: sampled.p10(slot.tpu_ns) / 1e6 if slot.tpu_ns else None,
    "cpu_operators_p10_ms": lambda slot: sampled.p10(_rest(slot)) / 1e6 if slot.tpu_ns else None,
    "delegate_busy_fraction": lambda slot: sum(slot.tpu_ns) / sum(slot.wall_ns) if slot.tpu_ns else None,
    "tpu_utilization_percent": lambda slot: 100 * sum(slot.tpu_ns) / sum(slot.wall_ns) if slot.tpu_ns else None,
}
"""The same of a model that ran on an Edge TPU."""

IN_SLOTS: Final = tuple(_SLOTS)
"""What has a value in every slot, and so can be compared round by round."""

IN_SLOTS_ON_TPU: Final = tuple(_ON_TPU)
"""What has one beside of a model on an Edge TPU."""

_POOLED: Final = {"latency_p50_ms": 0.50, "latency_p90_ms": 0.90, "latency_p95_ms": 0.95, "latency_p99_ms": 0.99}

_TOTALS: Final = ("throughput_fps", "run_queue_wait_percent", "error_rate_percent")

METRICS: Final = tuple(metric.name for metric in CATALOGUE if metric.name in {*_SLOTS, *_POOLED, *_TOTALS})
"""What every model has, in the catalogue's order."""

_ORDER: Final = {metric.name: place for place, metric in enumerate(CATALOGUE)}

_UNKNOWN: Final = "this system does not tell"


def of_slots(subject: str, reason: str, slots: Sequence[Answer], threads: int) -> list[Measurement]:
    """All measurements of a model, or for each the reason that there is none."""
    if reason or not slots:
        return unmeasured(subject, reason or "no round was measured")
    return measurements(subject, slots, device(slots, threads))


def measurements(subject: str, slots: Sequence[Answer], where: str) -> list[Measurement]:
    """All measurements of a model from at least one slot."""
    made = [*_over_slots(subject, slots, _SLOTS), *_over_samples(subject, slots), *_totals(subject, slots)]
    if tpu := slots[0].edgetpu:
        made += _over_slots(subject, slots, _ON_TPU, f"nobody timed the device: {tpu.because}")
    made.sort(key=lambda measurement: _ORDER[measurement.metric])
    # Once is enough: one interpreter measured them all.
    made[0] = replace(made[0], details=_ran_on(slots[0]))
    return [sampled.rounded(measurement, where) for measurement in made]


def _rest(slot: Answer) -> list[int]:
    """What of each inference was not in the TPU's operators."""
    # Small models share out the TPU's time over some inferences: one that was quick can seem to have none left.
    return [max(0, wall - tpu) for wall, tpu in zip(slot.wall_ns, slot.tpu_ns, strict=True)]


def _ran_on(answer: Answer) -> tuple[tuple[str, str], ...]:
    known = (("python", answer.python), ("numpy", answer.numpy))
    tpu = answer.edgetpu
    if tpu is None:
        return known
    library = (("library", tpu.library), ("version", tpu.version), ("sha256", tpu.sha256))
    adapter = ("adapter", f"{'between' if tpu.adapted else 'not used'}: {tpu.because}")
    return (*known, *((name, text) for name, text in library if text), adapter)


def _edgetpu(answer: Answer) -> EdgeTpu:
    return answer.edgetpu or EdgeTpu()


def unmeasured(subject: str, reason: str) -> list[Measurement]:
    """The same measurements without a value, for one reason."""
    return [Measurement(subject=subject, metric=metric, reason=reason, failed=True) for metric in METRICS]


def _over_slots(
    subject: str, slots: Sequence[Answer], statistics: Mapping[str, Statistic], unknown: str = _UNKNOWN
) -> Iterator[Measurement]:
    samples = sum(len(slot.wall_ns) for slot in slots)
    for metric, statistic in statistics.items():
        values = [value for slot in slots if (value := statistic(slot)) is not None]
        is_percentile = "_p10_" in metric
        if len(values) < len(slots):
            yield Measurement(subject=subject, metric=metric, reason=unknown)
        elif is_percentile and (reason := sampled.too_few(0.10, samples)):
            yield Measurement(subject=subject, metric=metric, reason=reason, n=samples)
        else:
            yield sampled.over_slots(subject, metric, values, samples if is_percentile else len(values))


def _over_samples(subject: str, slots: Sequence[Answer]) -> Iterator[Measurement]:
    times = [[nanoseconds / 1e6 for nanoseconds in slot.wall_ns] for slot in slots]
    for metric, q in _POOLED.items():
        yield sampled.pooled(subject, metric, q, times)


def _totals(subject: str, slots: Sequence[Answer]) -> Iterator[Measurement]:
    completed = sum(len(slot.wall_ns) for slot in slots)
    attempted = sum(slot.attempted for slot in slots)
    yield Measurement(
        subject=subject,
        metric="throughput_fps",
        value=completed * 1e9 / sum(slot.spent_ns for slot in slots),
        n=completed,
        slots=tuple(len(slot.wall_ns) * 1e9 / slot.spent_ns for slot in slots),
    )
    yield _waiting(subject, slots)
    yield Measurement(
        subject=subject,
        metric="error_rate_percent",
        value=100 * (attempted - completed) / attempted,
        n=attempted,
        slots=tuple(100 * (slot.attempted - len(slot.wall_ns)) / slot.attempted for slot in slots),
        details=tuple((kind, f"{seen.count} × {seen.text}") for slot in slots for kind, seen in slot.failures.items()),
    )


def _waiting(subject: str, slots: Sequence[Answer]) -> Measurement:
    metric = "run_queue_wait_percent"
    if not all(slot.wait_ns for slot in slots):
        return Measurement(subject=subject, metric=metric, reason=_UNKNOWN)
    wall = [nanoseconds for slot in slots for nanoseconds in slot.wall_ns]
    waited = sum(sum(slot.wait_ns) for slot in slots)
    return Measurement(
        subject=subject,
        metric=metric,
        value=100 * waited / sum(wall),
        n=len(wall),
        slots=tuple(100 * sum(slot.wait_ns) / sum(slot.wall_ns) for slot in slots),
    )
