"""From what a power meter recorded to the watts of a stretch of time, and what is made of them. Pure."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from math import isfinite
from typing import Final

from edgetpu_ci.errors import DocumentError

LONGEST_GAP: Final = 2.0
"""Seconds between two samples beyond which nobody knows what was in between."""

LEAST_SAMPLES: Final = 3
"""Within a stretch: fewer say what was around it."""

OPS_PER_MAC: Final = 2

_MOST_WATTS: Final = 1e5
_LATEST: Final = 1e11
"""Seconds since 1970 that no clock shows; a greater number is of milliseconds."""

Samples = Sequence[tuple[float, float]]
"""Of a sensor (Unix seconds, watts), of a counter (Unix seconds, joules since some time); times rise."""

Span = tuple[float, float]
"""From when until when, in Unix seconds."""


def from_counter(readings: Samples, wraps_at: float) -> Samples:
    """The watts between readings of a counter that starts at nought again after `wraps_at` joules.

    Each is given at the middle of its stretch; a reading at the time of the one before it is left out.
    """
    steps = [(a, b) for a, b in pairwise(readings) if b[0] > a[0]]
    return [((a[0] + b[0]) / 2, _grown(a[1], b[1], wraps_at) / (b[0] - a[0])) for a, b in steps]


def _grown(before: float, after: float, wraps_at: float) -> float:
    return after - before if after >= before else after - before + wraps_at


def watts(samples: Samples, span: Span) -> float | str:
    """The mean watts of a span by the trapezoidal rule, or why the samples do not tell."""
    start, end = span
    if reason := _uncovered(samples, span):
        return reason
    ends = [(start, _at(samples, start)), (end, _at(samples, end))]
    inside = [sample for sample in samples if start < sample[0] < end]
    joules = sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in pairwise([ends[0], *inside, ends[1]]))
    return joules / (end - start)


def _uncovered(samples: Samples, span: Span) -> str:
    """Why the samples do not say what was in a span; empty when they do."""
    start, end = span
    if not samples:
        return "the meter told nothing"
    first, last = samples[0][0], samples[-1][0]
    if first > start or last < end:
        off = last - end if last < end else first - start
        clock = "; if its clock is off, `meter_offset_seconds` moves it"
        return (
            f"the meter {'ends' if off < 0 else 'begins'} {abs(off):.1f} s too {'early' if off < 0 else 'late'}{clock}"
        )
    gap = max((b[0] - a[0] for a, b in pairwise(samples) if b[0] > start and a[0] < end), default=0.0)
    if gap > LONGEST_GAP:
        return f"the meter has a gap of {gap:.1f} s within the measured time"
    inside = sum(start <= at <= end for at, _ in samples)
    if inside < LEAST_SAMPLES:
        return f"the meter has {inside} samples in the {end - start:.2g} s that were timed; raise `seconds`"
    return ""


def _at(samples: Samples, when: float) -> float:
    """The watts at a time between two samples."""
    a, b = next((a, b) for a, b in pairwise(samples) if a[0] <= when <= b[0])
    return a[1] + (b[1] - a[1]) * (when - a[0]) / (b[0] - a[0]) if b[0] > a[0] else b[1]


def read_csv(text: str, source: str) -> Samples:
    """Lines of `timestamp,watts`, below a heading or none: Unix seconds or milliseconds, or ISO 8601.

    A time without a zone is UTC. DocumentError names the line that is none, or does not follow the one before.
    """
    samples = list(_lines(text, source))
    for number, (before, after) in enumerate(pairwise(samples), 2):
        if after[0] < before[0]:
            raise DocumentError(f"{source}: its times do not rise (sample {number}); a meter's clock was set back.")
    return samples


def _lines(text: str, source: str) -> Iterator[tuple[float, float]]:
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        fields = [field.strip() for field in line.split(",")]
        if not any(fields) or line.startswith("#"):
            continue
        sample = _sample(fields)
        if sample is None and number > 1:
            raise DocumentError(f"{source}, line {number}: {line[:60]!r} is no `timestamp,watts`.")
        if sample:
            yield sample


def _sample(fields: Sequence[str]) -> tuple[float, float] | None:
    try:
        at, power = _time(fields[0]), float(fields[1])
    except (ValueError, IndexError, OverflowError):
        return None
    return (at, power) if isfinite(at) and abs(power) <= _MOST_WATTS else None


def _time(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    return number / 1000 if number > _LATEST else number


def tops_per_watt(macs_millions: float, energy_mj: float) -> float:
    """Tera-operations per second and watt where an inference is so many MACs and millijoules.

    A MAC is two operations; per second and watt is per joule.
    """
    return OPS_PER_MAC * macs_millions * 1e6 / (energy_mj / 1e3) / 1e12
