"""A .tflite file as a record: its operators, tensors and metadata, read without any runtime."""

from collections import Counter
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from math import prod
from pathlib import Path
from typing import Final

from msgspec import Struct

from edgetpu_ci.errors import ModelError
from edgetpu_ci.tflite import executable, macs
from edgetpu_ci.tflite.flatbuffer import DamagedError, FlatBuffer, Table, printable
from edgetpu_ci.tflite.names import DTYPES, OPERATORS

EDGE_TPU: Final = "edgetpu-custom-op"
"""The operator that stands for everything the Edge TPU compiler has taken over."""

_IDENTIFIER: Final = b"TFL3"
_CUSTOM: Final = OPERATORS.index("CUSTOM")
_MAX_BYTES: Final = 1 << 31
_MAX_RANK: Final = 32
_MAX_ELEMENTS: Final = 1 << 48
_MISTAKEN: Final = (
    (b"version https://git-lfs", "a Git LFS pointer, not the model; run `git lfs pull`, or check out with `lfs: true`"),
    (b"\x89HDF", "a Keras HDF5 file; convert it to TFLite first"),
    (b"PK\x03\x04", "a ZIP archive; unpack it, or convert the model in it to TFLite"),
)


class Tensor(Struct, frozen=True, kw_only=True):
    """An operand. Scale and zero point are those of the whole tensor, None without or with one a channel."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float | None
    zero_point: int | None


class Operator(Struct, frozen=True, kw_only=True):
    """One step: a builtin's name or a custom code. An operand left out is None; so are MACs nobody can tell."""

    name: str
    custom: bool
    version: int
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor | None, ...]
    macs: int | None


class Subgraph(Struct, frozen=True, kw_only=True):
    """A function of the model; the first is the one that is called."""

    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor | None, ...]
    operators: tuple[Operator, ...]


class Model(Struct, frozen=True, kw_only=True):
    """What the file says; `buffer_bytes` are weights, constants and metadata.

    `packages` has what the Edge TPU compiler wrote, one for each of its operators, or `unreadable` says why it is not
    known.
    """

    file_bytes: int
    sha256: str
    description: str
    version: int
    minimum_runtime: str
    metadata: tuple[str, ...]
    buffer_bytes: int
    subgraphs: tuple[Subgraph, ...]
    packages: tuple[executable.Package, ...]
    unreadable: str

    @property
    def operators(self) -> tuple[Operator, ...]:
        """The operators of all subgraphs."""
        return tuple(operator for subgraph in self.subgraphs for operator in subgraph.operators)

    @property
    def compiled(self) -> bool:
        """Whether the Edge TPU compiler made this file."""
        return any(operator.name == EDGE_TPU for operator in self.operators)

    @property
    def on_cpu(self) -> tuple[Operator, ...]:
        """The operators that do not run on an Edge TPU."""
        return tuple(operator for operator in self.operators if operator.name != EDGE_TPU)


class Kind(Struct, frozen=True, kw_only=True):
    """All operators of one name. `macs` are those that are known; `unknown` counts the operators without."""

    name: str
    count: int
    macs: int
    unknown: int


def kinds(operators: Sequence[Operator]) -> tuple[Kind, ...]:
    """The operator histogram, the most frequent first."""
    counts = Counter(operator.name for operator in operators)
    known: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    for operator in operators:
        known[operator.name] += operator.macs or 0
        unknown[operator.name] += operator.macs is None
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Kind(name=name, count=n, macs=known[name], unknown=unknown[name]) for name, n in ordered)


def load(path: Path, name: str) -> Model:
    """Read a model file; `name` is what ModelError calls it."""
    try:
        size = path.stat().st_size
        if size > _MAX_BYTES:
            raise ModelError(f"{name} has {size:,} bytes; a TFLite model has at most {_MAX_BYTES:,}.")
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{name} cannot be read: {(error.strerror or str(error)).lower()}.") from error
    return parse(data, name)


def parse(data: bytes, name: str) -> Model:
    """Read a model from its bytes; `name` is what ModelError calls it."""
    _refuse_foreign(data, name)
    try:
        return _model(data)
    except DamagedError as error:
        raise ModelError(f"{name} is a truncated or damaged TFLite model: {error}; build or copy it again.") from error


def _refuse_foreign(data: bytes, name: str) -> None:
    if not data:
        raise ModelError(f"{name} is empty; build or copy the model again.")
    for start, what in _MISTAKEN:
        if data.startswith(start):
            raise ModelError(f"{name} is {what}.")
    found = data[4:8]
    if found != _IDENTIFIER:
        what = f"it has {printable(found)!r}" if len(found) == len(_IDENTIFIER) else f"it ends after {len(data)}"
        raise ModelError(f"{name} is not a TFLite model: its bytes 4 to 7 must be 'TFL3', and {what}.")


# The numbers below are the positions of the fields in the public TFLite schema.

_Code = tuple[str, bool, int]
_Tensors = tuple[Tensor | None, ...]


def _model(data: bytes) -> Model:
    root = FlatBuffer(data).root()
    codes = [_code(table) for table in root.tables(1)]
    subgraphs = tuple(_subgraph(table, codes) for table in root.tables(2))
    if not subgraphs:
        raise DamagedError("it has no subgraph")
    buffers = [_buffer(table) for table in root.tables(4)]
    metadata = {table.text(0): table.integer(1, "I") for table in root.tables(6)}
    packages, unreadable = _packages(root, codes)
    return Model(
        file_bytes=len(data),
        sha256=sha256(data).hexdigest(),
        description=root.text(3),
        version=root.integer(0, "I"),
        minimum_runtime=_minimum_runtime(data, buffers, metadata),
        metadata=tuple(metadata),
        buffer_bytes=sum(length for _, length in buffers),
        subgraphs=subgraphs,
        packages=packages,
        unreadable=unreadable,
    )


def _packages(root: Table, codes: Sequence[_Code]) -> tuple[tuple[executable.Package, ...], str]:
    """What stands behind the Edge TPU's operators, or why that cannot be read; the rest of the file still can."""
    steps = [step for subgraph in root.tables(2) for step in subgraph.tables(3)]
    compiled = [step for step in steps if codes[step.integer(0, "I")][0] == EDGE_TPU]
    try:
        return tuple(executable.read(step.buffer.nested(*step.extent(5))) for step in compiled), ""
    except DamagedError as error:
        return (), f"what the Edge TPU compiler wrote into the file is not readable: {error}"


def _minimum_runtime(data: bytes, buffers: Sequence[tuple[int, int]], metadata: dict[str, int]) -> str:
    number = metadata.get("min_runtime_version")
    if number is None or number >= len(buffers):
        return ""
    start, length = buffers[number]
    return printable(data[start : start + min(length, 16)].split(b"\0")[0])


def _buffer(table: Table) -> tuple[int, int]:
    """Position and length; a large model keeps its buffers behind the FlatBuffer, found by fields 1 and 2."""
    outside, length = table.integer(1, "Q"), table.integer(2, "Q")
    if outside + length > len(table.buffer.data):
        raise DamagedError(f"a buffer ends at byte {outside + length:,}, and it has {len(table.buffer.data):,}")
    return (outside, length) if length else table.extent(0)


def _code(table: Table) -> _Code:
    """Name, whether it is custom, version. Old files have the code in a byte, new ones also in an int."""
    number = max(table.integer(0, "b"), table.integer(3, "i"))
    custom = number == _CUSTOM
    builtin = OPERATORS[number] if 0 <= number < len(OPERATORS) else f"BUILTIN_{number}"
    return (table.text(1) or "CUSTOM") if custom else builtin, custom, table.integer(2, "i", 1)


def _subgraph(table: Table, codes: Sequence[_Code]) -> Subgraph:
    tables = list(table.tables(0))

    @cache
    def tensor(number: int) -> Tensor | None:
        if number >= len(tables):
            raise DamagedError(f"tensor {number:,} is used, and there are {len(tables):,}")
        return _tensor(tables[number]) if number >= 0 else None

    def tensors(table: Table, field: int) -> _Tensors:
        return tuple(map(tensor, table.numbers(field, "i")))

    return Subgraph(
        inputs=tensors(table, 1),
        outputs=tensors(table, 2),
        operators=tuple(_operator(step, codes, tensors(step, 1), tensors(step, 2)) for step in table.tables(3)),
    )


def _operator(table: Table, codes: Sequence[_Code], inputs: _Tensors, outputs: _Tensors) -> Operator:
    number = table.integer(0, "I")
    if number >= len(codes):
        raise DamagedError(f"operator code {number:,} is used, and there are {len(codes):,}")
    name, custom, version = codes[number]
    counted = None if custom else macs.count(name, _shapes(inputs), _shapes(outputs))
    return Operator(name=name, custom=custom, version=version, inputs=inputs, outputs=outputs, macs=counted)


def _shapes(tensors: _Tensors) -> list[tuple[int, ...]]:
    return [tensor.shape if tensor else () for tensor in tensors]


def _tensor(table: Table) -> Tensor:
    shape = table.numbers(0, "i")
    # No memory holds more; and without a bound a product of sizes could be a number of a million digits.
    if len(shape) > _MAX_RANK or prod(max(1, abs(size)) for size in shape) > _MAX_ELEMENTS:
        raise DamagedError(f"a tensor has {len(shape):,} dimensions or more elements than can exist")
    number = table.integer(1, "b")
    scale, zero_point = _quantization(table)
    return Tensor(
        name=table.text(3),
        shape=shape,
        dtype=DTYPES[number] if 0 <= number < len(DTYPES) else f"type {number}",
        scale=scale,
        zero_point=zero_point,
    )


def _quantization(table: Table) -> tuple[float | None, int | None]:
    quantization = table.table(4)
    if quantization is None:
        return None, None
    scales, zero_points = quantization.numbers(2, "f"), quantization.numbers(3, "q")
    return (scales[0], zero_points[0]) if len(scales) == len(zero_points) == 1 else (None, None)
