"""Writing a .tflite file: tensors, then the operators between them."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from edgetpu_ci.tflite.flatbuffer_writer import Numbers, Table, pack
from edgetpu_ci.tflite.names import DTYPES, OPERATORS

_SCHEMA_VERSION: Final = 3
_LAST_BYTE_CODE: Final = 127


class Tensor(NamedTuple):
    """A tensor of the network being written; of many scales, the first."""

    number: int
    name: str
    shape: tuple[int, ...]
    scale: float
    zero_point: int


# The numbers below are the positions of the fields in the public TFLite schema.


class Network:
    """One subgraph that grows operator by operator."""

    def __init__(self, description: str) -> None:
        self._description = description
        self._tensors: list[Table] = []
        self._operators: list[Table] = []
        self._codes: dict[tuple[str, int], Table] = {}
        # Buffer 0 is empty by definition: it stands for "computed".
        self._buffers: list[Table] = [{}]

    def tensor(
        self,
        name: str,
        dtype: str,
        shape: Sequence[int],
        scales: Sequence[float] = (),
        zero_point: int = 0,
        axis: int = 0,
    ) -> Tensor:
        """Add a tensor that is computed; several scales are one for each index of `axis`."""
        table: Table = {0: Numbers("i", shape), 1: DTYPES.index(dtype), 3: name}
        if scales:
            table[4] = {2: Numbers("f", scales), 3: Numbers("q", [zero_point] * len(scales)), 6: axis}
        self._tensors.append(table)
        return Tensor(len(self._tensors) - 1, name, tuple(shape), scales[0] if scales else 0.0, zero_point)

    def fill(self, tensor: Tensor, data: bytes) -> Tensor:
        """Make a tensor a constant."""
        self._tensors[tensor.number][2] = len(self._buffers)
        self._buffers.append({0: data})
        return tensor

    def operator(
        self,
        name: str,
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
        version: int = 1,
        fields: Table | None = None,
    ) -> None:
        """Add an operator: a builtin, or a custom one under its own name; `fields` carry its options."""
        code = self._codes.setdefault((name, version), _code(name, version))
        self._operators.append(
            {
                0: list(self._codes.values()).index(code),
                1: Numbers("i", [tensor.number for tensor in inputs]),
                2: Numbers("i", [tensor.number for tensor in outputs]),
                **(fields or {}),
            }
        )

    def pack(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> bytes:
        """The file."""
        subgraph: Table = {
            0: self._tensors,
            1: Numbers("i", [tensor.number for tensor in inputs]),
            2: Numbers("i", [tensor.number for tensor in outputs]),
            3: self._operators,
        }
        codes = list(self._codes.values())
        root: Table = {0: _SCHEMA_VERSION, 1: codes, 2: [subgraph], 3: self._description, 4: self._buffers}
        return pack(root, b"TFL3")


def _code(name: str, version: int) -> Table:
    number = OPERATORS.index(name if name in OPERATORS else "CUSTOM")
    code: Table = {0: min(number, _LAST_BYTE_CODE), 2: version, 3: number}
    return code if name in OPERATORS else {**code, 1: name}
