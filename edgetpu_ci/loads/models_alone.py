"""Measure models that have no base beside them: rounds over all models, a fresh process each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory

from edgetpu_ci import stats
from edgetpu_ci.loads import agreement, contention, failures, fidelity, heated, model_slot, models, powered
from edgetpu_ci.loads.bench import Bench
from edgetpu_ci.loads.execution import turns_of
from edgetpu_ci.loads.model_slot import Options, Share, Taken
from edgetpu_ci.loads.on_device import Place
from edgetpu_ci.loads.turns import SPARE
from edgetpu_ci.model import Collected, Measurement
from edgetpu_ci.stats.paired import MOST_DROPPED
from edgetpu_ci.world import World


@dataclass
class Subject:
    """A model while it is measured: its slots so far, and the seconds it took.

    `record` has its faults, or the reason it stopped; `reference` is what its outputs are held against.
    """

    name: str
    file: Path
    reference: fidelity.Reference | None = None
    slots: list[Taken] = field(default_factory=list)
    spent: float = 0.0
    record: failures.Record = field(default_factory=failures.Record)

    def __post_init__(self) -> None:
        """Its turns are counted from now on."""
        self.turns = turns_of(self.name, "head")

    @property
    def is_over(self) -> bool:
        """Whether it is not worth another slot."""
        return self.record.is_hopeless

    @property
    def reason(self) -> str:
        """Why nothing was measured; empty when something was."""
        return "" if self.slots else self.record.reason

    def calm(self) -> list[Taken]:
        """The slots that heat did not spoil."""
        return [taken for taken in self.slots if not contention.heated([taken.window])]

    def counted(self) -> list[Taken]:
        """The slots that count: the calm ones, or where those are too few, all of them."""
        calm = self.calm()
        return calm if len(self.slots) - len(calm) <= MOST_DROPPED * len(self.slots) else self.slots


def measure(named: Sequence[tuple[str, Path]], place: Place[Options], world: World) -> Collected:
    """All that is measured of each of the (subject, file) pairs."""
    options = place.options
    bench = model_slot.bench(options, world)
    with TemporaryDirectory() as folder:
        subjects = [_subject(name, file, Path(folder), place, world) for name, file in named]
        before = bench.idle() if subjects else None
        _rounds(subjects, options, bench, world)
    idle = powered.idle(before, bench.idle() if subjects else None, bench)
    right = [m for subject in subjects for m in agreement.accuracy(subject.name, subject.file, options, world)]
    measured = [m for subject in subjects for m in _measurements(subject, options, idle, bench)]
    windows = [taken.window for subject in subjects for taken in subject.slots]
    notes = [note for subject in subjects for note in _notes(subject, options)]
    return Collected(
        measurements=(*measured, *right),
        contended=contention.describe(windows),
        notes=(*notes, *contention.events(windows), *bench.notes),
        samples={key: times for s in subjects for key, times in model_slot.samples(s.name, s.slots).items()},
    )


def _subject(name: str, file: Path, folder: Path, place: Place[Options], world: World) -> Subject:
    reason, source = place.refuse(file), models.source(place.options.source_model, file, world)
    known = None if reason else fidelity.reference(file, source, folder, place.options, world)
    return Subject(name, file, known, record=failures.Record(stopped=reason))


def _measurements(subject: Subject, options: Options, idle: powered.Details, bench: Bench) -> list[Measurement]:
    reason = subject.reason
    counted = [] if reason else subject.counted()
    answers = [] if reason else [taken.answer for taken in subject.slots]
    return [
        *model_slot.measurements(subject.name, reason, counted, options),
        *([] if reason else heated.measurements(subject.name, subject.slots)),
        *powered.measurements(subject.name, counted, idle, options, bench),
        *failures.measurements(subject.name, answers, subject.record, options.threads),
        *fidelity.measurements(subject.name, subject.reference, answers, options),
    ]


def _rounds(subjects: list[Subject], options: Options, bench: Bench, world: World) -> None:
    total = options.rounds * len(subjects)
    for number in range(options.rounds if subjects else 0):
        # Models take turns, in another order each round, so that a host that drifts does so for all of them.
        turn = number % len(subjects)
        for place, subject in enumerate(subjects[turn:] + subjects[:turn], start=1):
            if not subject.is_over and (number == 0 or subject.spent < options.budget_seconds):
                _measure(subject, options, options.rounds - number, bench)
            world.progress(subject.name, number * len(subjects) + place, total)
    for subject in subjects:
        _again(subject, options, bench)


def _again(subject: Subject, options: Options, bench: Bench) -> None:
    """Take slots again that heat spoilt, up to half as many more."""
    while (
        not subject.is_over
        and len(subject.calm()) < len(subject.slots) < SPARE * options.rounds
        and (missing := options.rounds - len(subject.calm())) > 0
        and subject.spent < options.budget_seconds
    ):
        _measure(subject, options, missing, bench)


def _measure(subject: Subject, options: Options, left: int, bench: Bench) -> None:
    """Measure one more slot; of the budget, and of the samples p99 needs, each slot that is left gets an equal part."""
    missing = stats.samples_needed(0.99) - sum(len(done.answer.wall_ns) for done in subject.slots)
    count = options.count or max(1, ceil(missing / left))
    limit = min((options.budget_seconds - subject.spent) / left, options.timeout_seconds / 2)
    share = Share(count, limit, expected=fidelity.expected(subject.reference))
    taken, elapsed = model_slot.take(options, subject.file, share, bench, next(subject.turns))
    subject.spent += elapsed
    if isinstance(taken, Taken):
        subject.slots.append(taken)
        subject.record.worked(taken.answer, elapsed, bench.world)
    fault = taken.answer.fault() if isinstance(taken, Taken) else taken
    if fault:
        subject.record.broke(fault, bench.world)


def _notes(subject: Subject, options: Options) -> list[str]:
    made, spoilt = len(subject.slots), [why for taken in subject.slots if (why := contention.heated([taken.window]))]
    if subject.reason:
        return []
    notes = []
    if spoilt and len(subject.counted()) < made:
        notes.append(f"{subject.name}: {len(spoilt)} of {made} rounds do not count ({spoilt[0]}).")
    if made < options.rounds and not subject.record.reason:
        notes.append(f"{subject.name}: {made} of {options.rounds} rounds fitted into its {options.budget_seconds:g} s.")
    return notes
