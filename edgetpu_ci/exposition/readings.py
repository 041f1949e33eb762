"""What one report says of each metric, and what becomes of the newest known value by it. Pure."""

from collections.abc import Iterable, Iterator
from typing import Literal

from edgetpu_ci import metrics, validity
from edgetpu_ci.exposition.record import Labels, Reading
from edgetpu_ci.incidents import evaluate
from edgetpu_ci.judging import spoilt
from edgetpu_ci.model import Measurement, Report, Run

Key = tuple[str, Labels]
"""A metric and the labels of a series."""

Doubt = Literal["", "broken", "spoilt"]
"""Whether a value may be believed: one of a run that broke is nothing good, one that heat spoilt is nothing bad."""


Measured = tuple[Reading, Doubt]
"""A value of a report, and whether it may be believed."""


def of(report: Report, labels: Labels) -> Iterator[Measured]:
    """Every value that is known. `labels` are `repo` and `branch`; the others are those that alerts have."""
    run = report.run
    doubts = _Doubts(run.measurements)
    one_of_each = {m.metric: m for m in run.measurements}.values()
    kinds = {m.metric: (metrics.find(m.metric).name, evaluate.machine_of(run, m)) for m in one_of_each}
    written: dict[tuple[str, str, str], Labels] = {}
    for measured in run.measurements:
        if measured.value is not None:
            metric, machine = kinds[measured.metric]
            key = (measured.subject, measured.device, machine)
            # Series of a subject share theirs: that is less to keep, and to write.
            own = written.get(key) or written.setdefault(key, (*labels, *_given(*key)))
            yield Reading(metric, own, measured.value, run.at), doubts.of(measured)


def believed(report: Report, labels: Labels) -> list[Reading]:
    """Only what may be believed, whatever was known before."""
    return [reading for reading, doubt in of(report, labels) if not doubt]


def labels_of(run: Run, measured: Measurement, labels: Labels) -> Labels:
    """The labels of a measurement's series."""
    return (*labels, *_given(measured.subject, measured.device, evaluate.machine_of(run, measured)))


def take(known: dict[Key, Reading], measured: Iterable[Measured]) -> None:
    """Put into `known` what is newer, and may be believed.

    As alerts have it (`incidents.evaluate`): of a run that broke a worse value counts and a better one does not, of
    what heat spoilt it is the other way round; else what was known stays.
    """
    for reading, doubt in measured:
        key = (reading.metric, reading.labels)
        before = known.get(key)
        if (before is None or before.at <= reading.at) and (not doubt or _counts(before, reading, doubt)):
            known[key] = reading


def _counts(before: Reading | None, reading: Reading, doubt: Doubt) -> bool:
    if before is None:
        return doubt == "broken"
    better = metrics.find(reading.metric).better
    if better not in {"lower", "higher"} or reading.value == before.value:
        return False
    is_worse = (reading.value > before.value) == (better == "lower")
    return is_worse == (doubt == "broken")


def _given(subject: str, device: str, machine: str) -> Labels:
    named = (("subject", subject), ("device", device), ("machine", machine))
    return tuple((name, value) for name, value in named if value)


class _Doubts:
    """What in a run must not be believed."""

    def __init__(self, measurements: Iterable[Measurement]) -> None:
        measurements = tuple(measurements)
        self._broken, self._hot = validity.invalid(measurements), spoilt.by_heat(measurements)

    def of(self, measured: Measurement) -> Doubt:
        if measured.subject in self._broken and not validity.is_of_file(measured):
            return "broken"
        return "spoilt" if measured.subject in self._hot and spoilt.is_speed(measured.metric) else ""
