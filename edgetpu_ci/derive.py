"""What several measurements say together: operations per second, their share of the peak, and those of a watt. Pure."""

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Final

from edgetpu_ci.device import power
from edgetpu_ci.model import Measurement

PEAK_TOPS: Final = 4.0
"""Of one Edge TPU, as coral.ai has it: tera-operations per second, where a multiply-accumulate is two."""

MACS: Final = "macs_on_tpu_millions"
ENERGY: Final = "energy_per_inference_mj"
EFFICIENCY: Final = "power_efficiency_tops_per_watt"

_OPERATIONS: Final = 2e-6
"""Tera-operations in a million multiply-accumulates."""

_TOPS: Final = ("tops", "tops_peak_percent")


def of(measurements: Sequence[Measurement]) -> tuple[Measurement, ...]:
    """All measurements with what follows from them; the same where that was among them already."""
    measured = tuple(m for m in measurements if m.metric not in _TOPS)
    macs = {m.subject: m for m in measured if m.metric == MACS}
    return (*measured, *_tops(measured, macs), *_efficiencies(measured, macs))


def _tops(measured: Sequence[Measurement], macs: dict[str, Measurement]) -> Iterator[Measurement]:
    """Of each subject of which both is sought, the MACs on the chip and the throughput; or why there is none."""
    for speed in measured:
        if speed.metric == "throughput_sustained_fps" and speed.subject in macs:
            yield from _of_one(speed, macs[speed.subject])


def _of_one(speed: Measurement, macs: Measurement) -> Iterator[Measurement]:
    values: tuple[float | None, float | None] = (None, None)
    if speed.value is not None and macs.value is not None:
        tops = macs.value * _OPERATIONS * speed.value
        values = (tops, 100 * tops / PEAK_TOPS)
    for metric, value in zip(_TOPS, values, strict=True):
        reason = "" if value is not None else speed.reason or macs.reason
        yield Measurement(
            subject=speed.subject, metric=metric, value=value, reason=reason, n=speed.n, device=speed.device
        )


def _efficiencies(measured: Sequence[Measurement], macs: dict[str, Measurement]) -> Iterator[Measurement]:
    """Of each subject whose energy was measured, with the meter's details; what a meter said it cannot tell stays."""
    told = {m.subject for m in measured if m.metric == EFFICIENCY}
    for energy in measured:
        if energy.metric == ENERGY and energy.slots and energy.subject not in told:
            yield _efficiency(energy, macs.get(energy.subject))


def _efficiency(energy: Measurement, macs: Measurement | None) -> Measurement:
    if macs is None or macs.value is None:
        reason = macs.reason if macs else "its MACs on the TPU are not known: name its `source_model`"
        return Measurement(subject=energy.subject, metric=EFFICIENCY, reason=reason, details=energy.details)
    slots = tuple(power.tops_per_watt(macs.value, slot) for slot in energy.slots)
    return Measurement(
        subject=energy.subject,
        metric=EFFICIENCY,
        value=median(slots),
        n=energy.n,
        slots=slots,
        device=energy.device,
        details=energy.details,
    )
