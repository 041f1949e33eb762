"""Measure again what is out of the range of its own history, before anybody is told of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace as with_
from itertools import groupby

from msgspec.structs import replace

from edgetpu_ci import collect, history, metrics, validity
from edgetpu_ci.history import Stray
from edgetpu_ci.measure import Taken
from edgetpu_ci.model import Collected, Measurement, Rule, Run, Series
from edgetpu_ci.render import words
from edgetpu_ci.world import World


def settle(
    taken: Taken, collectors: Sequence[collect.Bound], known: Sequence[Series], rules: Sequence[Rule], world: World
) -> Taken:
    """The same run; where a second measurement disagrees with what was out of range, it counts. Both are noted."""
    strays = history.strays(known, taken.run, rules)
    if not strays:
        return taken
    subjects = frozenset(stray.measurement.subject for stray in strays)
    brought = [part for collector in collectors if (part := collector.again(subjects, world))]
    return _with(taken, brought, strays, _strays_again(taken.run, brought, known, rules))


def _strays_again(
    run: Run, brought: Sequence[Collected], known: Sequence[Series], rules: Sequence[Rule]
) -> Mapping[str, int]:
    """The side to which each metric is out of range again."""
    second = replace(run, measurements=tuple(m for part in brought for m in part.measurements))
    return {stray.measurement.key: stray.side for stray in history.strays(known, second, rules)}


def _with(taken: Taken, brought: Sequence[Collected], strays: Sequence[Stray], again: Mapping[str, int]) -> Taken:
    second = {m.key: m for part in brought for m in validity.counted(part.measurements)}
    replaced: set[str] = set()
    notes = list(taken.run.notes)
    for subject, found in groupby(strays, key=lambda stray: stray.measurement.subject):
        of_subject = [stray for stray in found if stray.measurement.key in second]
        agreed = all(again.get(stray.measurement.key) == stray.side for stray in of_subject)
        replaced |= set() if agreed else {subject}
        notes += [_note(stray.measurement, second[stray.measurement.key], agreed=agreed) for stray in of_subject]
    run = replace(
        taken.run,
        measurements=tuple(_chosen(m, second, replaced) for m in taken.run.measurements),
        contended="; ".join(dict.fromkeys(filter(None, [taken.run.contended, *(part.contended for part in brought)]))),
        notes=tuple(notes),
    )
    samples = {name: values for part in brought for name, values in part.samples.items()}
    chosen = {
        name: values for name, values in samples.items() if name.rpartition("/")[0].rpartition("/")[0] in replaced
    }
    return with_(taken, run=run, samples=taken.samples | chosen)


def _chosen(first: Measurement, second: Mapping[str, Measurement], replaced: set[str]) -> Measurement:
    return second.get(first.key, first) if first.subject in replaced else first


def _note(first: Measurement, second: Measurement, *, agreed: bool) -> str:
    metric = metrics.find(first.metric)
    was, now = (metrics.amount(m.value or 0.0, metric) for m in (first, second))
    told = "again out of it: watch the next runs" if agreed else "which counts instead"
    return (
        f"{first.subject}: {words.label(metric.name)} {was} was out of the range of its latest runs; measured again: "
        f"{now}, {told}."
    )
