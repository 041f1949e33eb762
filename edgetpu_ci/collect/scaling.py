"""Several devices: the same model on one, two, … of them at once, or a model in segments, one on each."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

from msgspec import Meta
from msgspec.structs import replace

from edgetpu_ci.collect import load, models, on_device, pipelined, sampled, slot, together, turns
from edgetpu_ci.collect.load import Load
from edgetpu_ci.collect.on_device import Place
from edgetpu_ci.collect.pipelined import Piped
from edgetpu_ci.collect.target import Seconds, Whole, check_device
from edgetpu_ci.collect.together import Ran
from edgetpu_ci.errors import ConfigError
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
        taken = {name: place.refuse(file) or _rounds(name, file, place.options, world) for name, file in found}
    return _scaled(taken, options)


@contextmanager
def _placed(options: Options, files: Sequence[Path], world: World) -> Iterator[Place[Options]]:
    with on_device.several(options, options.devices, files, world) as (devices, refused):
        yield Place(replace(options, devices=tuple(devices)), refused)


def _scaled(found: Mapping[str, "list[Round] | str"], options: Options) -> Collected:
    made: list[Measurement] = []
    slots: list[turns.Slot[Ran]] = []
    for name, taken in found.items():
        if isinstance(taken, str):
            made += load.unmeasured(f"{name} on {len(options.devices)} devices", SIDE_BY_SIDE, taken)
        else:
            made += scaled(name, taken, options)
            slots += [one for round_ in taken for several in round_ for one in several]
    return Collected(measurements=tuple(made), contended=load.contended(slots))


Round = list[list[turns.Slot[Ran]]]
"""What one device did alone, two at once, and so on."""


def _rounds(name: str, file: Path, options: Options, world: World) -> list[Round] | str:
    taken: list[Round] = []
    for number in range(options.rounds):
        round_: Round = []
        for count in range(1, len(options.devices) + 1):
            several = together.run(options, file, options.devices[:count], options.seconds, world)
            if isinstance(several, str):
                return several
            round_.append(several)
        taken.append(round_)
        world.progress(f"{name} on several devices", number + 1, options.rounds)
    return taken


def scaled(name: str, rounds: Sequence[Round], options: Options) -> Iterator[Measurement]:
    """What each number of devices brings, against as many times the first alone."""
    alone = [round_[0][0].answer.fps for round_ in rounds]
    for place, count in enumerate(range(1, len(options.devices) + 1)):
        subject = f"{name} on {count} device{'s' * (count > 1)}"
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
        refused = next(filter(None, map(place.refuse, files)), "")
        taken = refused or _taken(place.options, files, whole and whole[1], world)
    if isinstance(taken, str):
        return Collected(measurements=tuple(load.unmeasured(subject, pipelined.METRICS, taken)))
    answers, alone = taken
    made = pipelined.measurements(subject, [each.answer for each in answers], [name for name, _ in found], options)
    single = _single(subject, [each.answer for each in alone], options) if alone else None
    said = pipelined.warnings(made, single)
    return Collected(
        measurements=(*made, *([single] if single else [])),
        contended=load.contended([*answers]),
        notes=(f"{subject}: {said}.",) if said else (),
    )


def _whole(options: Options, world: World) -> tuple[str, Path] | None:
    found = models.find(options.models, world) if options.models else []
    if len(found) > 1:
        raise ConfigError("`scaling`: with `segments`, `models` names the one model that they are of.")
    return found[0] if found else None


def _taken(
    options: Options, files: Sequence[Path], whole: Path | None, world: World
) -> tuple[list[turns.Slot[Piped]], list[turns.Slot[Ran]]] | str:
    """In turns the segments and, if there is one, the whole model on the first device; or the reason for nothing."""
    piped: list[turns.Slot[Piped]] = []
    alone: list[turns.Slot[Ran]] = []
    for number in range(options.rounds):
        one = pipelined.run(options, files, options.devices, options.count, world)
        if isinstance(one, str):
            return one
        piped.append(one)
        single = together.run(options, whole, options.devices[:1], options.seconds, world) if whole else []
        if isinstance(single, str):
            return single
        alone += single
        world.progress("segments", number + 1, options.rounds)
    return piped, alone


def _single(subject: str, answers: Sequence[Ran], options: Options) -> Measurement:
    times = [[nanoseconds / 1e6 for nanoseconds in answer.wall_ns] for answer in answers]
    return sampled.rounded(
        sampled.pooled(subject, "whole_model_p50_ms", 0.50, times), slot.device(answers, options.threads)
    )
