"""Which models failed while they were measured: their numbers are shown, and say nothing of any change. Pure."""

from collections.abc import Iterable

from edgetpu_ci import metrics
from edgetpu_ci.model import Measurement


def invalid(measurements: Iterable[Measurement]) -> dict[str, str]:
    """The subjects whose run broke with some of it measured, and in words how."""
    return {m.subject: m.reason for m in measurements if m.failed and m.value is not None}


def counted(measurements: Iterable[Measurement]) -> tuple[Measurement, ...]:
    """What has a value that later runs may be held against: all of valid runs, of others what the file is."""
    measurements = tuple(measurements)
    broken = invalid(measurements)
    return tuple(m for m in measurements if m.value is not None and (m.subject not in broken or is_of_file(m)))


def is_of_file(measurement: Measurement) -> bool:
    """Whether it was read from a file, and not measured."""
    return metrics.find(measurement.metric).better == "exact"
