"""What TFLite's `benchmark_model` prints: average inference, first inference and initialisation."""

import re
from typing import Final

from edgetpu_ci.formats import printed
from edgetpu_ci.formats.quantity import Quantity
from edgetpu_ci.model import Measurement

_MODEL: Final = re.compile(r"Graph: \[(.*)\]")
_MICROSECONDS: Final = 1e-3
_VALUES: Final = (
    printed.Value(re.compile(r"Inference \(avg\): (\S+)"), Quantity("time_ms", _MICROSECONDS)),
    printed.Value(re.compile(r"First inference: ([^\s,]+)"), Quantity("first_inference_ms", _MICROSECONDS)),
    printed.Value(re.compile(r"\bInit: ([^\s,]+)"), Quantity("model_load_ms", _MICROSECONDS)),
)


def read(data: bytes, source: str) -> list[Measurement]:
    """The times of each model; outputs of several runs, one after the other, are repetitions."""
    return printed.read(data, source, _MODEL, _VALUES)
