"""What `edgetpu-ci inspect` says of a model file."""

from pathlib import Path

from msgspec import Struct

from edgetpu_ci import codec, tflite
from edgetpu_ci.render import model as render


class Inspection(Struct, frozen=True, kw_only=True):
    """The answer for programs: sums first, then the whole record. `macs` are those that the file tells."""

    macs: int
    compiled: bool
    kinds: tuple[tflite.Kind, ...]
    left_on_cpu: tuple[tflite.Kind, ...]
    model: tflite.Model


def text(path: Path, *, as_json: bool) -> str:
    """A table for people or JSON for programs; ModelError when the file is no model."""
    model = tflite.load(path, str(path))
    return codec.encode_json(_inspect(model)).decode().rstrip() if as_json else render.text(model)


def _inspect(model: tflite.Model) -> Inspection:
    kinds = tflite.kinds(model.operators)
    return Inspection(
        macs=sum(kind.macs for kind in kinds),
        compiled=model.compiled,
        kinds=kinds,
        left_on_cpu=tuple(kind for kind in kinds if kind.name != tflite.EDGE_TPU) if model.compiled else (),
        model=model,
    )
