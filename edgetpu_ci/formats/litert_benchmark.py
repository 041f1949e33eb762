"""What `litert-benchmark` prints: median inference, first inference and initialisation."""

import re
from typing import Final

from edgetpu_ci.formats import printed
from edgetpu_ci.formats.quantity import Quantity
from edgetpu_ci.model import Measurement

_MODEL: Final = re.compile(r"Model:\s+(\S.*)")
_VALUES: Final = (
    printed.Value(re.compile(r"Inference \(median\):\s+(\S+) ms"), Quantity("time_ms")),
    printed.Value(re.compile(r"Warmup \(first\):\s+(\S+) ms"), Quantity("first_inference_ms")),
    printed.Value(re.compile(r"Model initialization:\s+(\S+) ms"), Quantity("model_load_ms")),
)


def read(data: bytes, source: str) -> list[Measurement]:
    """The times of each model; outputs of several runs, one after the other, are repetitions."""
    return printed.read(data, source, _MODEL, _VALUES)
