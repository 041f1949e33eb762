"""Measure models that have no base beside them: rounds over all models, a fresh process each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path

from edgetpu_ci import stats
from edgetpu_ci.collect import agreement, contention, model_slot
from edgetpu_ci.collect.model_slot import Options, Share, Taken
from edgetpu_ci.collect.on_device import Place
from edgetpu_ci.model import Collected
from edgetpu_ci.world import World


@dataclass
class Subject:
    """A model while it is measured: its slots so far, or the reason it stopped, and the seconds it took."""

    name: str
    file: Path
    slots: list[Taken] = field(default_factory=list)
    reason: str = ""
    spent: float = 0.0


def measure(named: Sequence[tuple[str, Path]], place: Place, world: World) -> Collected:
    """All that is measured of each of the (subject, file) pairs."""
    options = place.options
    subjects = [Subject(name, file, reason=place.refuse(file)) for name, file in named]
    _rounds(subjects, options, world)
    right = [m for subject in subjects for m in agreement.accuracy(subject.name, subject.file, options, world)]
    measured = [m for s in subjects for m in model_slot.measurements(s.name, s.reason, s.slots, options)]
    return Collected(
        measurements=(*measured, *right),
        contended=contention.describe([taken.window for subject in subjects for taken in subject.slots]),
        notes=tuple(note for subject in subjects for note in _notes(subject, options)),
        samples={key: times for s in subjects for key, times in model_slot.samples(s.name, s.slots).items()},
    )


def _rounds(subjects: list[Subject], options: Options, world: World) -> None:
    total = options.rounds * len(subjects)
    for number in range(options.rounds if subjects else 0):
        # Models take turns, in another order each round, so that a host that drifts does so for all of them.
        turn = number % len(subjects)
        for place, subject in enumerate(subjects[turn:] + subjects[:turn], start=1):
            if not subject.reason and (number == 0 or subject.spent < options.budget_seconds):
                _measure(subject, options, options.rounds - number, world)
            world.progress(subject.name, number * len(subjects) + place, total)


def _measure(subject: Subject, options: Options, left: int, world: World) -> None:
    """Measure one more slot; of the budget, and of the samples p99 needs, each slot that is left gets an equal part."""
    missing = stats.samples_needed(0.99) - sum(len(done.answer.wall_ns) for done in subject.slots)
    count = options.count or max(1, ceil(missing / left))
    limit = min((options.budget_seconds - subject.spent) / left, options.timeout_seconds / 2)
    taken, elapsed = model_slot.take(options, subject.file, Share(count, limit), world)
    subject.spent += elapsed
    if isinstance(taken, str):
        subject.reason = taken
    else:
        subject.slots.append(taken)


def _notes(subject: Subject, options: Options) -> list[str]:
    made = len(subject.slots)
    if subject.reason or made == options.rounds:
        return []
    return [f"{subject.name}: {made} of {options.rounds} rounds fitted into its {options.budget_seconds:g} s."]
