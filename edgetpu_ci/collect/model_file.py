"""What the model files are: size, operators, MACs, and what the Edge TPU compiler left on the CPU."""

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from edgetpu_ci import tflite
from edgetpu_ci.collect import models
from edgetpu_ci.collect.beside import Beside
from edgetpu_ci.errors import ModelError
from edgetpu_ci.model import Collected, Measurement
from edgetpu_ci.render import model as render
from edgetpu_ci.world import World

_ALWAYS = ("model_bytes", "macs_millions", "ops")
_MAX_DETAILS = 50

_Details = tuple[tuple[str, str], ...]


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`models`: paths and globs of .tflite files."""

    models: tuple[str, ...]


def collect(options: Options, world: World) -> Collected:
    """The facts of each file; one that cannot be read has its reason in place of them."""
    found = models.find(options.models, world)
    return Collected(measurements=tuple(fact for subject, path in found for fact in _facts(subject, path)))


def collect_beside(options: Options, beside: Beside, world: World) -> Collected:
    """The same, and the facts of each base."""
    found = models.find(options.models, world)
    bases = [(subject, beside.file(path)) for subject, path in found]
    return replace(
        collect(options, world),
        base=tuple(fact for subject, path in bases if isinstance(path, Path) for fact in _facts(subject, path)),
        without={subject: why for subject, why in bases if isinstance(why, str)},
    )


def series(_options: Options, _world: World) -> tuple[str, ...]:
    """Nothing: facts need no rounds."""
    return ()


def _facts(subject: str, path: Path) -> list[Measurement]:
    try:
        model = tflite.load(path, path.name)
    except ModelError as error:
        return [Measurement(subject=subject, metric=metric, reason=str(error), failed=True) for metric in _ALWAYS]
    left = [operator for operator in model.operators if operator.name != tflite.EDGE_TPU]
    return [
        Measurement(subject=subject, metric="model_bytes", value=model.file_bytes, details=_identity(model)),
        _macs(subject, model),
        _count(subject, "ops", model.operators),
        *([_count(subject, "ops_on_cpu", left)] if model.compiled else []),
    ]


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
