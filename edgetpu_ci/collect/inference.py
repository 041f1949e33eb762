"""Measure inference: each model in fresh processes, in turns with its base where there is one."""

from pathlib import Path

from msgspec.structs import replace

from edgetpu_ci.errors import ConfigError
from edgetpu_ci.loads import models, models_alone, models_beside, on_device, powered, timing
from edgetpu_ci.loads.beside import Beside
from edgetpu_ci.loads.model_slot import Options
from edgetpu_ci.loads.models_beside import Both
from edgetpu_ci.loads.target import Simulated
from edgetpu_ci.model import Collected
from edgetpu_ci.world import World

__all__ = ["Options", "Simulated", "collect", "collect_again", "collect_beside", "series"]


def collect(options: Options, world: World) -> Collected:
    """Latency, throughput, errors, memory and accuracy of each model.

    `samples` has raw nanoseconds for each completed inference of a slot, numbered from 1:
    `subject/latency_ns/1`, and `cpu_ns` and, where known, `wait_ns` likewise.
    """
    _check(options, world)
    return _alone(models.find(options.models, world), options, world)


def collect_again(options: Options, subjects: frozenset[str], world: World) -> Collected:
    """The same of some of the models, in rounds of their own."""
    _check(options, world)
    named = [(name, file) for name, file in models.find(options.models, world) if name in subjects]
    return _alone(named, options, world)


def _alone(named: list[tuple[str, Path]], options: Options, world: World) -> Collected:
    with on_device.taken(options, [file for _, file in named], world) as place:
        return models_alone.measure(named, place, world)


def series(options: Options, world: World) -> tuple[str, ...]:
    """What can be compared in rounds, each as `subject/metric`."""
    found = models.find(options.models, world)
    return tuple(f"{name}/{metric}" for name, file in found for metric in _in_slots(file, options))


def _in_slots(file: Path, options: Options) -> tuple[str, ...]:
    on_tpu = timing.IN_SLOTS_ON_TPU if models.is_compiled(file) else ()
    drawn = powered.IN_SLOTS if options.meter or options.meter_command else ()
    return (*timing.IN_SLOTS, *on_tpu, *drawn)


def collect_beside(options: Options, beside: Beside, world: World) -> Collected:
    """The same of each model and of its base.

    A model that is new is measured alone, and so is one that is the same file on both sides under the same
    interpreter: of those two, a test could only find what is not there.
    """
    _check(options, world)
    found = models.find(options.models, world)
    bases = {name: beside.file(file) for name, file in found}
    alike = frozenset(
        name for name, file in found if isinstance(base := bases[name], Path) and models.are_same(base, file)
    )
    if beside.itself:
        options = replace(options, base_python="")
    differs = {name for name in bases if beside.itself or options.base_python or name not in alike}
    both = [Both(name, base, file) for name, file in found if isinstance(base := bases[name], Path) and name in differs]
    with on_device.taken(options, [file for each in both for file in (each.base, each.head)], world) as place:
        taken = models_beside.measure(both, place, beside, world)
    paired = {each.name for each in both} - set(taken.without)
    rest = _alone([(name, file) for name, file in found if name not in paired], options, world)
    return replace(
        taken,
        measurements=(*taken.measurements, *rest.measurements),
        alike=alike,
        without=taken.without | {name: why for name, why in bases.items() if isinstance(why, str)},
        contended="; ".join(dict.fromkeys(filter(None, [taken.contended, rest.contended]))),
        notes=(*taken.notes, *rest.notes),
        samples=taken.samples | rest.samples,
    )


def check(options: Options, world: World) -> None:
    """ConfigError for what can be known to be wrong before anything is measured."""
    _check(options, world)
    models.find(options.models, world)


def _check(options: Options, world: World) -> None:
    """What can be known to be wrong before anything is measured."""
    named = [options.input] if isinstance(options.input, str) else options.input
    for file in filter(None, (*named, options.examples, options.labels)):
        if not (world.cwd / file).is_file():
            raise ConfigError(f"There is no file {file}, which `inference` is to read; check the path.")
    models.check_source(options.source_model, world)
    if options.labels and not options.examples:
        raise ConfigError("`examples` and `labels` belong together: the inputs, and the class of each.")
    if options.examples and not options.labels and not options.source_model:
        raise ConfigError("`examples` are for `labels`, the class of each, or for `source_model`; name one of them.")
