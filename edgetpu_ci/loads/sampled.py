"""From samples and slots to a measurement, with what is known of its certainty."""

from collections.abc import Sequence
from statistics import median

from msgspec.structs import replace

from edgetpu_ci import stats
from edgetpu_ci.model import Measurement


def over_slots(subject: str, metric: str, values: Sequence[float], n: int) -> Measurement:
    """The median over slots of one statistic of each; `n` counts the samples behind them."""
    return Measurement(
        subject=subject,
        metric=metric,
        value=median(values),
        n=n,
        interval=stats.percentile_interval(sorted(values), 0.5),
        slots=tuple(values),
    )


def pooled(subject: str, metric: str, q: float, slots: Sequence[Sequence[float]]) -> Measurement:
    """The `q` quantile of the samples of all slots, or that they are too few for it."""
    samples = sorted(value for slot in slots for value in slot)
    reason = too_few(q, len(samples))
    return Measurement(
        subject=subject,
        metric=metric,
        value=None if reason else stats.percentile(samples, q),
        reason=reason,
        n=len(samples),
        interval=None if reason else _interval(slots, samples, q),
    )


def _interval(slots: Sequence[Sequence[float]], samples: Sequence[float], q: float) -> tuple[float, float] | None:
    """The wider of two intervals: over the samples, and over the slots' own percentiles.

    Samples of one process are alike, so the first alone would be too narrow when processes differ.
    """
    own = sorted(stats.percentile(sorted(slot), q) for slot in slots if slot)
    known = [found for found in (stats.percentile_interval(samples, q), stats.percentile_interval(own, 0.5)) if found]
    return (min(low for low, _ in known), max(high for _, high in known)) if known else None


def too_few(q: float, samples: int) -> str:
    """Why a quantile is not printed; empty when there are as many samples as it needs."""
    needed = stats.samples_needed(q)
    if samples >= needed:
        return ""
    return f"p{q * 100:.0f} needs {needed} samples, has {samples}; raise `count` or `rounds`, or the budget"


def p10(times: Sequence[int]) -> float:
    """What other work on the host disturbs least."""
    return stats.percentile(sorted(times), 0.10)


def rounded(measurement: Measurement, where: str) -> Measurement:
    """With its device. Six digits are more than any of these is good for, and keep reports small."""
    return replace(
        measurement,
        value=None if measurement.value is None else six_digits(measurement.value),
        interval=measurement.interval and (six_digits(measurement.interval[0]), six_digits(measurement.interval[1])),
        slots=tuple(map(six_digits, measurement.slots)),
        device=where,
    )


def six_digits(value: float) -> float:
    """As much of a value as is kept."""
    return float(f"{value:.6g}")
