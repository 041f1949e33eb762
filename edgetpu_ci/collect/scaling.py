"""Several devices: the same model on one, two, … of them at once, or a model in segments, one on each."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Final, NamedTuple

from msgspec import Meta
from msgspec.structs import replace

from edgetpu_ci.errors import ConfigError
from edgetpu_ci.loads import failures, load, models, on_device, pipelined, sampled, slot, together, tries, turns
from edgetpu_ci.loads.load import Load
from edgetpu_ci.loads.on_device import Place
from edgetpu_ci.loads.pipelined import Piped
from edgetpu_ci.loads.target import Seconds, Whole, check_device
from edgetpu_ci.loads.together import Ran
from edgetpu_ci.loads.tries import Tries
from edgetpu_ci.model import Collected, Measurement
from edgetpu_ci.world import World

SIDE_BY_SIDE: Final = ("scaling_fps", "scaling_efficiency_percent", "imbalance")


class Options(Load, frozen=True, kw_only=True):
    """`devices`: two or more, as `device` names one. `models`: paths and globs of .tflite files.

    Each model runs on the first device alone, on the first two at once, and so on: a process each, which begin together
    and go on for `seconds`, in each of `rounds`. With `segments`, the files of one model that was divided, in their
    order and as many as devices, each has a device of its own, and `count` frames pass through all of them, first one
    at a time and then as many as are taken; `models` may then name the whole model, to compare with.
    """

    devices: Annotated[tuple[str, ...], Meta(min_length=2, max_length=64)]
    models: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    rounds: Whole = 5
    seconds: Seconds = 1
    count: Whole = 50

    def __post_init__(self) -> None:
        """Refuse what names no device, in words."""
        super().__post_init__()
        for name in self.devices:
            check_device(name)


def collect(options: Options, world: World) -> Collected:
    """Throughput by number of devices, called `model on N devices`; or of the pipeline, `segment in N segments`."""
    _check(options)
    return _pipeline(options, world) if options.segments else _side_by_side(options, world)


def _check(options: Options) -> None:
    if options.device:
        raise ConfigError("`scaling` takes `devices`, a list; leave `device` out.")
    if len(set(options.devices)) < len(options.devices):
        raise ConfigError("`scaling`: a device is named twice in `devices`; name each once.")
    if not (options.models or options.segments):
        raise ConfigError("`scaling` needs `models` to run side by side, or `segments` to run one after the other.")


def _side_by_side(options: Options, world: World) -> Collected:
    found = models.find(options.models, world)
    with _placed(options, [file for _, file in found], world) as place:
        taken = {name: _rounds(name, file, place, world) for name, file in found}
    return _scaled(taken, options)


@contextmanager
def _placed(options: Options, files: Sequence[Path], world: World) -> Iterator[Place[Options]]:
    with on_device.several(options, options.devices, files, world) as (devices, refused):
        yield Place(replace(options, devices=tuple(devices)), refused)


def _scaled(found: Mapping[str, "Rounds"], options: Options) -> Collected:
    slots = (one for each in found.values() for round_ in each.rounds for several in round_ for one in several)
    return Collected(
        measurements=tuple(m for name, each in found.items() for m in scaled(name, each, options)),
        contended=load.contended(slots),
    )


Round = list[list[turns.Slot[Ran]]]
"""What one device did alone, two at once, and so on; fewer where something broke."""


class Rounds(NamedTuple):
    """The rounds of a model, and what broke in them."""

    rounds: list[Round]
    record: failures.Record


def _rounds(name: str, file: Path, place: Place[Options], world: World) -> Rounds:
    found = Rounds([], failures.Record(stopped=place.refuse(file)))
    for number in range(place.options.rounds):
        if not found.record.is_hopeless:
            found.rounds.append(_round(file, place.options, found.record, world))
        world.progress(f"{name} on several devices", number + 1, place.options.rounds)
    return found


def _round(file: Path, options: Options, record: failures.Record, world: World) -> Round:
    """As many devices at once as work."""
    several = Tries[list[turns.Slot[Ran]]](record=record)
    for count in range(1, len(options.devices) + 1):
        run = partial(together.run, options, file, options.devices[:count], options.seconds, world)
        if several.take(run, world) is None:
            break
    return several.taken


def scaled(name: str, found: Rounds, options: Options) -> Iterator[Measurement]:
    """What each number of devices brings, against as many times the first alone."""
    for place, count in enumerate(range(1, len(options.devices) + 1)):
        subject = f"{name} on {count} device{'s' * (count > 1)}"
        rounds = [round_ for round_ in found.rounds if len(round_) > place]
        if not rounds:
            yield from load.unmeasured(subject, SIDE_BY_SIDE if count > 1 else SIDE_BY_SIDE[:1], found.record.reason)
            continue
        alone = [round_[0][0].answer.fps for round_ in rounds]
        several = [[one.answer for one in round_[place]] for round_ in rounds]
        fps = [sum(each.fps for each in answers) for answers in several]
        n = sum(len(each.wall_ns) for answers in several for each in answers)
        made = [replace(sampled.over_slots(subject, "scaling_fps", fps, n), details=_by_device(several, options))]
        if count > 1:
            efficiency = [100 * found / (count * one) for found, one in zip(fps, alone, strict=True)]
            balance = [pipelined.imbalance([1 / each.fps for each in answers]) for answers in several]
            made.append(sampled.over_slots(subject, "scaling_efficiency_percent", efficiency, n))
            made.append(sampled.over_slots(subject, "imbalance", balance, n))
        where = slot.device(several[0], options.threads)
        yield from (sampled.rounded(measurement, where) for measurement in made)
        yield from tries.broken(subject, n, 0, found.record, where)


def _by_device(several: Sequence[Sequence[Ran]], options: Options) -> tuple[tuple[str, str], ...]:
    rates = [[each.fps for each in answers] for answers in zip(*several, strict=True)]
    return tuple(
        (device or "the first", f"{sum(fps) / len(fps):.4g}/s")
        for device, fps in zip(options.devices, rates, strict=False)
    )


def _pipeline(options: Options, world: World) -> Collected:
    found, whole = models.find(options.segments, world), _whole(options, world)
    if len(found) != len(options.devices):
        raise ConfigError(f"`scaling`: {len(found)} segments need as many devices, not {len(options.devices)}.")
    subject = f"{whole[0] if whole else found[0][0]} in {len(found)} segments"
    files = [file for _, file in found]
    with _placed(options, [*files, *([whole[1]] if whole else [])], world) as place:
        record = failures.Record(stopped=next(filter(None, map(place.refuse, files)), ""))
        piped, alone = _taken(place.options, files, whole and whole[1], record, world)
    if nothing := piped.nothing:
        return Collected(measurements=tuple(load.unmeasured(subject, pipelined.METRICS, nothing)))
    answers = [each.answer for each in piped.taken]
    made = pipelined.measurements(subject, answers, [name for name, _ in found], options)
    single = _single(subject, [one.answer for each in alone.taken for one in each], options) if alone.taken else None
    said = pipelined.warnings(made, single)
    broken = tries.broken(subject, sum(answer.attempted for answer in answers), 0, record, made[0].device)
    return Collected(
        measurements=(*made, *([single] if single else []), *broken),
        contended=load.contended(piped.taken),
        notes=(f"{subject}: {said}.",) if said else (),
    )


def _whole(options: Options, world: World) -> tuple[str, Path] | None:
    found = models.find(options.models, world) if options.models else []
    if len(found) > 1:
        raise ConfigError("`scaling`: with `segments`, `models` names the one model that they are of.")
    return found[0] if found else None


def _taken(
    options: Options, files: Sequence[Path], whole: Path | None, record: failures.Record, world: World
) -> tuple[Tries[turns.Slot[Piped]], Tries[list[turns.Slot[Ran]]]]:
    """In turns the segments and, if there is one, the whole model on the first device."""
    piped, alone = Tries[turns.Slot[Piped]](record=record), Tries[list[turns.Slot[Ran]]](record=record)
    for number in range(options.rounds):
        if not record.is_hopeless:
            piped.take(partial(pipelined.run, options, files, options.devices, options.count, world), world)
        if whole and not record.is_hopeless:
            alone.take(partial(together.run, options, whole, options.devices[:1], options.seconds, world), world)
        world.progress("segments", number + 1, options.rounds)
    return piped, alone


def _single(subject: str, answers: Sequence[Ran], options: Options) -> Measurement:
    times = [[nanoseconds / 1e6 for nanoseconds in answer.wall_ns] for answer in answers]
    return sampled.rounded(
        sampled.pooled(subject, "whole_model_p50_ms", 0.50, times), slot.device(answers, options.threads)
    )
