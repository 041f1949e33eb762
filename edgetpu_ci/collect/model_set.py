"""Measure models that share a device: each alone, and right after another, in one process."""

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import permutations
from pathlib import Path
from typing import Final, NamedTuple

from msgspec.structs import replace

from edgetpu_ci.errors import ConfigError
from edgetpu_ci.loads import failures, load, models, on_device, sampled, slot, tries, turns
from edgetpu_ci.loads.beside import Beside
from edgetpu_ci.loads.faults import Fault
from edgetpu_ci.loads.load import Load
from edgetpu_ci.loads.on_device import Place
from edgetpu_ci.loads.slot import Nanoseconds
from edgetpu_ci.loads.target import Seconds, Whole
from edgetpu_ci.loads.tries import Tries
from edgetpu_ci.model import Collected, Measurement
from edgetpu_ci.world import World

COMPARED: Final = ("latency_alone_p10_ms", "latency_after_switch_p10_ms")
METRICS: Final = (*COMPARED, "switch_cost_ms")

MOST_INVOKES: Final = 5_000
"""In each half of a slot, unless `count` asks for more."""


class Options(Load, frozen=True, kw_only=True):
    """`models`: paths and globs of .tflite files, at least two; each is measured after each other one.

    Each of these is measured in `rounds` fresh processes. In one, the model is invoked back to back, then in turns with
    the other one: each time at least `count` times and for at least `seconds`, and not for longer than
    `limit_seconds`. With a base, both are measured in turns, in 10 to 30 rounds however many `rounds` says.
    """

    models: tuple[str, ...]
    rounds: Whole = 10
    count: Whole = 20
    seconds: Seconds = 0.3
    limit_seconds: Seconds = 5


class Switched(load.Loaded, frozen=True, kw_only=True):
    """Nanoseconds of each inference of a model: alone, and after one of the other."""

    alone_ns: tuple[Nanoseconds, ...] = ()
    after_ns: tuple[Nanoseconds, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what a worker of ours cannot say."""
        if not (self.kind or (self.alone_ns and self.after_ns)):
            raise ValueError("nothing was invoked")

    @property
    def attempted(self) -> int:
        """How many inferences of the model there were."""
        return len(self.alone_ns) + len(self.after_ns)


class Pair(NamedTuple):
    """A model that is measured after another one, on this side."""

    subject: str
    file: Path
    other: Path


def collect(options: Options, world: World) -> Collected:
    """What it costs each model to come after each other one."""
    pairs = _pairs(options, world)
    with on_device.taken(options, _files(pairs), world) as place:
        return _alone(pairs, place, world)


def series(options: Options, world: World) -> tuple[str, ...]:
    """What can be compared in rounds: a cost may be nothing, and to nothing there is no ratio."""
    return tuple(f"{pair.subject}/{metric}" for pair in _pairs(options, world) for metric in COMPARED)


def collect_beside(options: Options, beside: Beside, world: World) -> Collected:
    """The same of each two models and of their bases; alone where one has no base, or both are the same files."""
    pairs = _pairs(options, world)
    bases = {pair.subject: _base(pair, beside) for pair in pairs}
    known = [base for base in bases.values() if isinstance(base, Pair)]
    with on_device.taken(options, _files([*pairs, *known]), world) as place:
        return _beside(pairs, bases, place, beside, world)


def _beside(
    pairs: Sequence[Pair], bases: dict[str, Pair | str], place: Place[Options], beside: Beside, world: World
) -> Collected:
    options = place.options
    alike = frozenset(pair.subject for pair in pairs if _is_same(bases[pair.subject], pair))
    matches = [
        turns.Match(pair.subject, base=partial(_slot, place, base, world), head=partial(_slot, place, pair, world))
        for pair in pairs
        if isinstance(base := bases[pair.subject], Pair) and (beside.itself or pair.subject not in alike)
    ]
    turns.play(matches, lambda: beside.standing(_so_far(matches, options)), beside.left, world)
    broken = {match.name: f"its base cannot be measured: {match.reason}" for match in matches if match.broke == "base"}
    taken = _so_far([match for match in matches if match.name not in broken], options)
    measured = {measurement.subject for measurement in taken.measurements}
    rest = _alone([pair for pair in pairs if pair.subject not in measured], place, world)
    return replace(
        taken,
        measurements=(*taken.measurements, *rest.measurements),
        alike=alike,
        without={name: why for name, why in bases.items() if isinstance(why, str)} | broken,
        contended="; ".join(dict.fromkeys(filter(None, [taken.contended, rest.contended]))),
    )


def _pairs(options: Options, world: World) -> list[Pair]:
    found = models.find(options.models, world)
    if len(found) < 2:  # noqa: PLR2004 - a set
        raise ConfigError("`model_set` needs at least two models, which are to share a device.")
    return [Pair(f"{name} after {before}", file, other) for (name, file), (before, other) in permutations(found, 2)]


def _files(pairs: Iterable[Pair]) -> list[Path]:
    return [file for pair in pairs for file in (pair.file, pair.other)]


def _base(pair: Pair, beside: Beside) -> Pair | str:
    file, other = beside.file(pair.file), beside.file(pair.other)
    if isinstance(file, str):
        return file
    return other if isinstance(other, str) else Pair(pair.subject, file, other)


def _is_same(base: Pair | str, head: Pair) -> bool:
    return isinstance(base, Pair) and models.are_same(base.file, head.file) and models.are_same(base.other, head.other)


def _alone(pairs: Sequence[Pair], place: Place[Options], world: World) -> Collected:
    """Rounds over all pairs, so that a host that drifts does so for all of them."""
    options = place.options
    taken = {pair: Tries[turns.Slot[Switched]]() for pair in pairs}
    for number in range(options.rounds):
        for turn, pair in enumerate(pairs, start=1):
            if not taken[pair].is_over:
                taken[pair].take(partial(_slot, place, pair, world), world)
            world.progress(pair.subject, number * len(pairs) + turn, options.rounds * len(pairs))
    return Collected(
        measurements=tuple(
            m
            for pair, slots in taken.items()
            for m in _of(pair.subject, [each.answer for each in slots.taken], slots.record, options)
        ),
        contended=load.contended(each for slots in taken.values() for each in slots.taken),
    )


def _so_far(matches: Sequence[turns.Match[Switched]], options: Options) -> Collected:
    rounds = [round_ for match in matches for round_ in match.rounds]
    return Collected(
        measurements=tuple(m for each in matches for m in _side(each, "head", options)),
        base=tuple(m for each in matches if each.rounds for m in _side(each, "base", options)),
        rounds={match.name: match.known() for match in matches if match.rounds},
        contended=load.contended(each for round_ in rounds for each in (round_.base, round_.head)),
    )


def _side(match: turns.Match[Switched], side: turns.Side, options: Options) -> list[Measurement]:
    return _of(match.name, match.answers(side), match.records[side], options)


def _slot(place: Place[Options], pair: Pair, world: World) -> turns.Slot[Switched] | Fault | str:
    options = place.options
    if refused := place.refuse(pair.file) or place.refuse(pair.other):
        return refused
    asked = load.request(
        options,
        pair.file,
        "switch",
        world,
        other=str(pair.other),
        count=options.count,
        seconds=options.seconds,
        limit_seconds=options.limit_seconds,
        most=max(options.count, MOST_INVOKES),
    )
    return load.take(options, asked, Switched, world, 2 * options.limit_seconds)


def _of(subject: str, answers: Sequence[Switched], record: failures.Record, options: Options) -> list[Measurement]:
    if not answers:
        return load.unmeasured(subject, METRICS, record.reason or "no round was measured")
    where = slot.device(answers, options.threads)
    broken = tries.broken(subject, sum(answer.attempted for answer in answers), 0, record, where)
    return [*_timed(subject, answers, where), *broken]


def _timed(subject: str, answers: Sequence[Switched], where: str) -> list[Measurement]:
    n = sum(len(answer.after_ns) for answer in answers)
    if few := sampled.too_few(0.10, n):
        return [Measurement(subject=subject, metric=metric, reason=few, n=n, device=where) for metric in METRICS]
    alone = [sampled.p10(answer.alone_ns) / 1e6 for answer in answers]
    after = [sampled.p10(answer.after_ns) / 1e6 for answer in answers]
    cost = [later - before for before, later in zip(alone, after, strict=True)]
    return [
        sampled.rounded(sampled.over_slots(subject, metric, slots, n), where)
        for metric, slots in zip(METRICS, (alone, after, cost), strict=True)
    ]
