"""What several measurements say together: operations per second, and their share of what the chip can do. Pure."""

from collections.abc import Iterator, Sequence
from typing import Final

from edgetpu_ci.model import Measurement

PEAK_TOPS: Final = 4.0
"""Of one Edge TPU, as coral.ai has it: tera-operations per second, where a multiply-accumulate is two."""

_OPERATIONS: Final = 2e-6
"""Tera-operations in a million multiply-accumulates."""

_DERIVED: Final = frozenset({"tops", "tops_peak_percent"})


def of(measurements: Sequence[Measurement]) -> tuple[Measurement, ...]:
    """All measurements with what follows from them; what followed before, when they were judged first, goes."""
    measured = tuple(m for m in measurements if m.metric not in _DERIVED)
    return (*measured, *_tops(measured))


def _tops(measured: Sequence[Measurement]) -> Iterator[Measurement]:
    """Of each subject of which both is sought, the MACs on the chip and the throughput; or why there is none."""
    macs = {m.subject: m for m in measured if m.metric == "macs_on_tpu_millions"}
    for speed in measured:
        if speed.metric == "throughput_sustained_fps" and speed.subject in macs:
            yield from _of_one(speed, macs[speed.subject])


def _of_one(speed: Measurement, macs: Measurement) -> Iterator[Measurement]:
    values: tuple[float | None, float | None] = (None, None)
    if speed.value is not None and macs.value is not None:
        tops = macs.value * _OPERATIONS * speed.value
        values = (tops, 100 * tops / PEAK_TOPS)
    for metric, value in zip(("tops", "tops_peak_percent"), values, strict=True):
        reason = "" if value is not None else speed.reason or macs.reason
        yield Measurement(
            subject=speed.subject, metric=metric, value=value, reason=reason, n=speed.n, device=speed.device
        )
