"""What the model files are: size, operators, MACs, and what the Edge TPU compiler made of them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from edgetpu_ci import tflite
from edgetpu_ci.errors import ModelError
from edgetpu_ci.loads import models, on_tpu
from edgetpu_ci.loads.beside import Beside
from edgetpu_ci.model import Collected, Measurement
from edgetpu_ci.render import model as render
from edgetpu_ci.world import World

_ALWAYS = ("model_bytes", "macs_millions", "ops")
_MAX_DETAILS = 50

_Details = tuple[tuple[str, str], ...]


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`models`: paths and globs of .tflite files.

    Of models compiled for the Edge TPU: `source_model`, the path of what they were compiled from, tells what runs on
    the chip; `{model}` in it stands for the name of the compiled file without `_edgetpu.tflite`. `share_tpu`: these
    models run on one Edge TPU by turns, which tells what each of them uploads again (docs/compiled-models.md).
    """

    models: tuple[str, ...]
    source_model: str = ""
    share_tpu: bool = False


class _Named(NamedTuple):
    """A subject, its file, and what that was compiled from; or in words why there is none."""

    subject: str
    file: Path
    source: Path | str


def collect(options: Options, world: World) -> Collected:
    """The facts of each file; one that cannot be read has its reason in place of them."""
    models.check_source(options.source_model, world)
    found = models.find(options.models, world)
    named = [_Named(subject, file, _source(options, file, world)) for subject, file in found]
    return Collected(measurements=tuple(_facts(named, options)))


def collect_beside(options: Options, beside: Beside, world: World) -> Collected:
    """The same, and the facts of each base."""
    found = models.find(options.models, world)
    bases = [(subject, beside.file(file), _source(options, file, world)) for subject, file in found]
    before = [
        _Named(subject, file, beside.file(source) if isinstance(source, Path) else source)
        for subject, file, source in bases
        if isinstance(file, Path)
    ]
    return replace(
        collect(options, world),
        base=tuple(_facts(before, options)),
        without={subject: why for subject, why, _ in bases if isinstance(why, str)},
    )


def check(options: Options, world: World) -> None:
    """ConfigError for what can be known to be wrong before anything is read."""
    models.check_source(options.source_model, world)
    models.find(options.models, world)


def series(_options: Options, _world: World) -> tuple[str, ...]:
    """Nothing: facts need no rounds."""
    return ()


def _source(options: Options, file: Path, world: World) -> Path | str:
    return models.source(options.source_model, file, world) if options.source_model else on_tpu.UNNAMED


def _facts(named: Sequence[_Named], options: Options) -> Iterator[Measurement]:
    read = {each.subject: _read(each.file) for each in named}
    for each in named:
        yield from _of_one(each, read[each.subject])
    if options.share_tpu:
        yield from on_tpu.switching({name: model for name, model in read.items() if isinstance(model, tflite.Model)})


def _read(file: Path) -> tflite.Model | str:
    try:
        return tflite.load(file, file.name)
    except ModelError as error:
        return str(error)


def _of_one(named: _Named, model: tflite.Model | str) -> Iterator[Measurement]:
    subject = named.subject
    if isinstance(model, str):
        yield from (Measurement(subject=subject, metric=metric, reason=model, failed=True) for metric in _ALWAYS)
        return
    yield Measurement(subject=subject, metric="model_bytes", value=model.file_bytes, details=_identity(model))
    yield _macs(subject, model)
    yield _count(subject, "ops", model.operators)
    if model.compiled:
        yield _count(subject, "ops_on_cpu", model.on_cpu)
        source = named.source if isinstance(named.source, str) else _read(named.source)
        yield from (replace(fact, details=_short(fact.details)) for fact in on_tpu.facts(subject, model, source))


def _identity(model: tflite.Model) -> _Details:
    main = model.subgraphs[0]
    operands = [("input", tensor) for tensor in main.inputs] + [("output", tensor) for tensor in main.outputs]
    return _short([("sha256", model.sha256), *((role, render.tensor(tensor)) for role, tensor in operands)])


def _macs(subject: str, model: tflite.Model) -> Measurement:
    kinds = tflite.kinds(model.operators)
    total = sum(kind.macs for kind in kinds)
    uncounted = [kind for kind in kinds if kind.unknown]
    details = [(kind.name, render.macs(kind.macs)) for kind in kinds if kind.macs]
    details += [("not counted", f"{kind.unknown} × {kind.name}") for kind in uncounted]
    # What the compiler left on the CPU is a remainder, and would be taken for the whole.
    if model.compiled or (uncounted and not total):
        reason = f"the MACs of {', '.join(kind.name for kind in uncounted[:3])} cannot be told from the file"
        return Measurement(subject=subject, metric="macs_millions", reason=reason, details=_short(details))
    return Measurement(subject=subject, metric="macs_millions", value=total / 1e6, details=_short(details))


def _count(subject: str, metric: str, operators: Sequence[tflite.Operator]) -> Measurement:
    histogram = [(kind.name, str(kind.count)) for kind in tflite.kinds(operators)]
    return Measurement(subject=subject, metric=metric, value=len(operators), details=_short(histogram))


def _short(details: Sequence[tuple[str, str]]) -> _Details:
    """A model can name any number of operators and tensors; a report has room for some."""
    more = len(details) - _MAX_DETAILS
    return (*details[:_MAX_DETAILS], *([("and", f"{more:,} more")] if more > 0 else []))
