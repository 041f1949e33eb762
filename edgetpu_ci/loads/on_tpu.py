"""What the Edge TPU compiler made of a model: what runs where, and which parameters travel when."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from edgetpu_ci import tflite
from edgetpu_ci.model import Measurement
from edgetpu_ci.render import model as render
from edgetpu_ci.tflite.executable import ON_CHIP_BYTES, Executable, Package

UNNAMED: Final = "the compiled file does not tell it; name its source model with `source_model`"

_WRITTEN: Final = (
    "cached_parameter_bytes",
    "streamed_parameter_bytes",
    "on_chip_percent",
    "dma_bytes",
    "minimum_runtime",
)
_OF_SOURCE: Final = ("ops_on_tpu", "macs_on_tpu_millions")

_Details = tuple[tuple[str, str], ...]


def facts(subject: str, model: tflite.Model, source: tflite.Model | str) -> Iterator[Measurement]:
    """The facts of a compiled model; `source` is what it was compiled from, or in words why that is not known."""
    segments = len(model.operators) - len(model.on_cpu)
    yield Measurement(subject=subject, metric="tpu_segments", value=segments, details=_packages(model))
    yield from _written(subject, model)
    yield from _of_source(subject, model, source)


def _packages(model: tflite.Model) -> _Details:
    """Who made each package, and the executables in it."""
    return tuple(pair for package in model.packages for pair in _package(package))


def _package(package: Package) -> Iterator[tuple[str, str]]:
    yield "compiler", package.compiler or "unnamed"
    yield "token", package.token or "none"
    yield from ((each.kind, render.executable(each)) for each in package.executables)


def _written(subject: str, model: tflite.Model) -> Iterator[Measurement]:
    """What stands in the tables of the compiler, or why they cannot be read."""
    if not model.packages:
        yield from (Measurement(subject=subject, metric=metric, reason=model.unreadable) for metric in _WRITTEN)
        return
    cached = sum(package.cached_bytes for package in model.packages)
    runs = [each for package in model.packages for each in package.inferring]
    values = (
        cached,
        sum(package.streamed_bytes for package in model.packages),
        100 * cached / ON_CHIP_BYTES,
        sum(each.bytes_in + each.bytes_out for each in runs),
        max(package.minimum_runtime for package in model.packages),
    )
    for metric, value in zip(_WRITTEN, values, strict=True):
        details = _transfers(runs) if metric == "dma_bytes" else ()
        yield Measurement(subject=subject, metric=metric, value=value, details=details)


def _transfers(runs: Sequence[Executable]) -> _Details:
    ways = (("in", sum(each.bytes_in for each in runs)), ("out", sum(each.bytes_out for each in runs)))
    return tuple((way, f"{count:,} B") for way, count in ways)


def _of_source(subject: str, model: tflite.Model, source: tflite.Model | str) -> Iterator[Measurement]:
    """What the source has and the CPU has not."""
    if isinstance(source, tflite.Model):
        source = _refuse(model, source) or source
    if isinstance(source, str):
        yield from (Measurement(subject=subject, metric=metric, reason=source) for metric in _OF_SOURCE)
        return
    moved = Counter(each.name for each in source.operators) - Counter(each.name for each in model.on_cpu)
    histogram = tuple((name, str(count)) for name, count in sorted(moved.items(), key=lambda item: (-item[1], item[0])))
    yield Measurement(subject=subject, metric="ops_on_tpu", value=moved.total(), details=histogram)
    yield _macs(subject, model, source)


def _refuse(model: tflite.Model, source: tflite.Model) -> str:
    """Why a model cannot be what another was compiled from; empty when it may be."""
    if source.compiled:
        return "the model that `source_model` names is compiled itself"
    shapes = [[tensor.shape if tensor else () for tensor in each.subgraphs[0].inputs] for each in (model, source)]
    return "" if shapes[0] == shapes[1] else "the model that `source_model` names takes other inputs: it is another one"


def _macs(subject: str, model: tflite.Model, source: tflite.Model) -> Measurement:
    uncounted = _uncounted(source.operators) - _uncounted(model.on_cpu)
    moved = sum(each.macs or 0 for each in source.operators) - sum(each.macs or 0 for each in model.on_cpu)
    reason = ""
    if uncounted:
        reason = f"the MACs of {', '.join(sorted(uncounted)[:3])} cannot be told from the source model"
    elif moved < 0:
        reason = "more MACs are left on the CPU than the model that `source_model` names has: it is another one"
    value = None if reason else moved / 1e6
    return Measurement(subject=subject, metric="macs_on_tpu_millions", value=value, reason=reason)


def _uncounted(operators: Sequence[tflite.Operator]) -> Counter[str]:
    return Counter(each.name for each in operators if each.macs is None)


def switching(models: Mapping[str, tflite.Model]) -> Iterator[Measurement]:
    """What each compiled model uploads again after another of these ran on the same Edge TPU, at the worst.

    libedgetpu (driver/driver.cc) forgets all cached parameters when a request's token is another one, or none.
    """
    compiled = {subject: model for subject, model in models.items() if model.compiled}
    reason = next((f"of {name}, {model.unreadable}" for name, model in compiled.items() if model.unreadable), "")
    tokens = {package.token for model in compiled.values() for package in model.packages}
    stay = len(compiled) == 1 or (len(tokens) == 1 and "" not in tokens)
    for subject, model in compiled.items():
        again = 0 if stay else sum(package.cached_bytes for package in model.packages)
        others = tuple(("shares with", name) for name in compiled if name != subject)
        value = None if reason else again
        yield Measurement(subject=subject, metric="switch_upload_bytes", value=value, reason=reason, details=others)
