"""Measure models and their bases in turns, and whether they answer alike."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from msgspec.structs import replace

from edgetpu_ci import stats
from edgetpu_ci.loads import agreement, contention, failures, fidelity, heated, model_slot, models, powered, turns
from edgetpu_ci.loads.bench import Bench
from edgetpu_ci.loads.beside import Beside
from edgetpu_ci.loads.execution import Turn, turns_of
from edgetpu_ci.loads.faults import Fault
from edgetpu_ci.loads.model_slot import Options, Share, Taken
from edgetpu_ci.loads.on_device import Place
from edgetpu_ci.model import Collected, Measurement
from edgetpu_ci.stats.paired import LOOKS
from edgetpu_ci.world import World

MOST_INVOKES = 5_000
"""In one slot: up to ninety of them are kept until the end, of each model."""

_SIDES: Final[tuple[turns.Side, turns.Side]] = ("head", "base")


class Both(NamedTuple):
    """A subject, and its file on either side."""

    name: str
    base: Path
    head: Path


class _Side(NamedTuple):
    """What is known of one side beside its slots: what its outputs are held against, and its faults; and its turns."""

    reference: fidelity.Reference | None
    turns: Iterator[Turn]
    record: failures.Record


@dataclass
class _Match(turns.Match[Taken]):
    """A model on both sides, and what the outputs of either are held against."""

    references: dict[turns.Side, fidelity.Reference | None] = field(default_factory=dict)


def measure(named: Sequence[Both], place: Place[Options], beside: Beside, world: World) -> Collected:
    """All that is measured of each model and of its base; of one whose base breaks only why, in `without`."""
    options = place.options
    refused = {both.name: why for both in named if (why := place.refuse(both.base))}
    bench = model_slot.bench(options, world)
    with TemporaryDirectory() as folder:
        sound = [both for both in named if both.name not in refused]
        matches = [
            _match(both, _references(both, Path(folder), options, beside, world), place, bench) for both in sound
        ]
        before = bench.idle() if matches else None
        turns.play(matches, lambda: beside.standing(_so_far(matches, options)), beside.left, world)
    broken = {match.name: match.reason for match in matches if match.broke == "base"}
    well = [match for match in matches if match.name not in broken]
    idle = powered.idle(before, bench.idle() if matches else None, bench)
    timed = _with_power(_so_far(well, options), well, idle, options, bench)
    without = {name: f"its base cannot be measured: {why}" for name, why in (refused | broken).items()}
    return replace(_answers(named, timed, options, world), without=without)


def _references(
    both: Both, folder: Path, options: Options, beside: Beside, world: World
) -> tuple[fidelity.Reference | None, fidelity.Reference | None]:
    """What the outputs of the base and of the head are held against, each by its own source model."""
    if not options.source_model:
        return None, None
    source = models.source(options.source_model, both.head, world)
    return (
        fidelity.reference(both.base, beside.file(source), folder, _of_base(options), world),
        fidelity.reference(both.head, source, folder, options, world),
    )


def _of_base(options: Options) -> Options:
    return replace(options, python=options.base_python or options.python)


def _match(
    both: Both,
    references: tuple[fidelity.Reference | None, fidelity.Reference | None],
    place: Place[Options],
    bench: Bench,
) -> _Match:
    base = _Side(references[0], turns_of(both.name, "base"), failures.Record())
    head = _Side(references[1], turns_of(both.name, "head"), failures.Record())
    return _Match(
        both.name,
        base=partial(_slot, _of_base(place.options), both.base, base, bench),
        head=partial(_slot, place.options, both.head, head, bench),
        reason=place.refuse(both.head),
        records={"base": base.record, "head": head.record},
        references={"base": base.reference, "head": head.reference},
    )


def _with_power(
    timed: Collected, matches: Sequence[turns.Match[Taken]], idle: powered.Details, options: Options, bench: Bench
) -> Collected:
    """With what a meter says of both sides, and what the bench has to say; read once, when all is over."""
    head, base = (
        [m for match in matches for m in powered.measurements(match.name, match.answers(side), idle, options, bench)]
        for side in _SIDES
    )
    return replace(
        timed,
        measurements=(*timed.measurements, *head),
        base=(*timed.base, *base),
        notes=(*timed.notes, *bench.notes),
    )


def _answers(named: Sequence[Both], timed: Collected, options: Options, world: World) -> Collected:
    """With what the outputs of both sides say."""
    found = [agreement.beside(*both, options, world) for both in named if both.name in timed.rounds]
    return replace(
        timed,
        measurements=(*timed.measurements, *(m for head, _ in found for m in head)),
        base=(*timed.base, *(m for _, base in found for m in base)),
    )


def _so_far(matches: Sequence[_Match], options: Options) -> Collected:
    windows = [(r.base.window, r.head.window) for match in matches for r in match.rounds]
    known = [window for pair in windows for window in pair if window]
    return Collected(
        measurements=tuple(m for match in matches for m in _of(match, "head", options)),
        base=tuple(m for match in matches if match.rounds for m in _of(match, "base", options)),
        rounds={match.name: match.known() for match in matches if match.rounds},
        contended=contention.describe(known),
        notes=tuple(filter(None, [contention.warmed(windows), *contention.events(known)])),
        samples={key: times for match in matches for key, times in _samples(match).items()},
    )


def _of(match: _Match, side: turns.Side, options: Options) -> list[Measurement]:
    slots, record = match.answers(side), match.records[side]
    # Rounds that were taken before it broke off are kept.
    reason = match.reason if side == "head" and not match.rounds else ""
    answers = [] if reason else [taken.answer for taken in slots]
    return [
        *model_slot.measurements(match.name, reason, slots, options),
        *([] if reason else heated.measurements(match.name, slots)),
        *failures.measurements(match.name, answers, record, options.threads),
        *fidelity.measurements(match.name, match.references[side], answers, options),
    ]


def _samples(match: turns.Match[Taken]) -> dict[str, list[float]]:
    head = model_slot.samples(match.name, match.answers("head"))
    return head | model_slot.samples(f"{match.name}, base", match.answers("base"))


def _slot(options: Options, file: Path, known: _Side, bench: Bench) -> turns.Slot[Taken] | Fault | str:
    """One slot of one arm: each has an equal part of what a model may take in the rounds of the first look."""
    count = options.count or ceil(stats.samples_needed(0.99) / LOOKS[0])
    limit = min(options.budget_seconds / LOOKS[0], options.timeout_seconds / 2)
    share = Share(count, limit, MOST_INVOKES, fidelity.expected(known.reference))
    taken, elapsed = model_slot.take(options, file, share, bench, next(known.turns))
    reason = taken.answer.fault() if isinstance(taken, Taken) else taken
    if isinstance(taken, Taken) and reason is None:
        known.record.worked(taken.answer, elapsed, bench.world)
        return turns.Slot(taken, taken.window)
    return reason or "nothing was measured"
