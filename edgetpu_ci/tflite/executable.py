"""What the Edge TPU compiler put behind its custom operator: executables, parameters, what each inference moves.

The operator's options are a FlexBuffer map; its entry "4" is a package. Numbers of fields are those of libedgetpu's
public `executable/executable.fbs`.
"""

from typing import Final, Literal

from msgspec import Struct

from edgetpu_ci.tflite import flexbuffer
from edgetpu_ci.tflite.flatbuffer import DamagedError, FlatBuffer, Table

ON_CHIP_BYTES: Final = 8 << 20
"""The memory of the chip, as coral.ai has it: cached parameters share it with what an inference needs."""

_IDENTIFIER: Final = b"DWN1"

Kind = Literal["stand-alone", "parameter caching", "execution only"]
_KINDS: Final[tuple[Kind, ...]] = ("stand-alone", "parameter caching", "execution only")
"""`ExecutableType`: the position is the number in the file."""

_ENTRIES: Final = 100
"""What an executable counts as of the entries that may be read: it takes as long, and may be named over and over."""

_DMA_DESCRIPTOR: Final = 1
_PARAMETER: Final = 2
_OUTFEED: Final = 1


class Operand(Struct, frozen=True, kw_only=True):
    """An input or an output on the chip: height, width, depth, and the bytes of one inference, padding included."""

    name: str
    shape: tuple[int, int, int]
    bytes: int


class Executable(Struct, frozen=True, kw_only=True):
    """One program. `token` is empty where its parameters cannot stay beside those of others.

    `bytes_in` and `bytes_out` are what one inference moves to the chip and back, without parameters and instructions.
    """

    kind: Kind
    name: str
    chip: str
    token: str
    parameter_bytes: int
    instruction_bytes: int
    scratch_bytes: int
    bytes_in: int
    bytes_out: int
    inputs: tuple[Operand, ...]
    outputs: tuple[Operand, ...]


class Package(Struct, frozen=True, kw_only=True):
    """All that stands behind one custom operator, and the oldest runtime version that can run it."""

    minimum_runtime: int
    compiler: str
    model_identifier: str
    executables: tuple[Executable, ...]

    @property
    def token(self) -> str:
        """The caching token: of packages with the same, parameters stay on the chip together."""
        return next((each.token for each in self.inferring), "")

    @property
    def cached_bytes(self) -> int:
        """Parameters that are uploaded once, and stay while no other token runs."""
        return sum(each.parameter_bytes for each in self.executables if each.kind == "parameter caching")

    @property
    def streamed_bytes(self) -> int:
        """Parameters that are uploaded at every inference."""
        return sum(each.parameter_bytes for each in self.inferring)

    @property
    def inferring(self) -> tuple[Executable, ...]:
        """The executables that run at every inference."""
        return tuple(each for each in self.executables if each.kind != "parameter caching")


def read(options: FlatBuffer) -> Package:
    """The package in the options of a custom operator; DamagedError when that is no package as we know it."""
    package = options.nested(*flexbuffer.entry(options, b"4"))
    if package.unpack("4s", 4)[0] != _IDENTIFIER:
        raise DamagedError(f"its executable does not begin as {_IDENTIFIER.decode()} does")
    root = package.root()
    start, length = root.extent(1)
    multiple = package.nested(start, length)
    places = tuple(multiple.root().extents(0)) if length else ()
    if not places:
        raise DamagedError("it holds no executable for a single chip")
    return Package(
        minimum_runtime=root.integer(0, "i"),
        compiler=root.text(4),
        model_identifier=root.text(7),
        executables=tuple(_executable(multiple.nested(*place).root()) for place in places),
    )


def _executable(table: Table) -> Executable:
    table.buffer.spend(_ENTRIES)
    number, token = table.integer(13, "h"), table.integer(14, "Q")
    if not 0 <= number < len(_KINDS):
        raise DamagedError(f"it has an executable of the unknown type {number}")
    inputs, outputs = tuple(map(_operand, table.tables(8))), tuple(map(_operand, table.tables(9)))
    bytes_in, bytes_out = _moved(table, inputs, outputs)
    return Executable(
        kind=_KINDS[number],
        name=table.text(1),
        chip=table.text(10),
        token=f"{token:#018x}" if token else "",
        parameter_bytes=table.extent(6)[1],
        instruction_bytes=sum(stream.extent(0)[1] for stream in table.tables(5)),
        scratch_bytes=_size(table, 4),
        bytes_in=bytes_in,
        bytes_out=bytes_out,
        inputs=inputs,
        outputs=outputs,
    )


def _operand(layer: Table) -> Operand:
    shape = (_size(layer, 2), _size(layer, 3), _size(layer, 4))
    return Operand(name=layer.text(0), shape=shape, bytes=_size(layer, 1) * _size(layer, 9, 1))


def _moved(table: Table, inputs: tuple[Operand, ...], outputs: tuple[Operand, ...]) -> tuple[int, int]:
    """Bytes to the chip and back: as the transfers are listed, or as the operands are large where not all are."""
    hints = table.table(7)
    if hints is None or not hints.integer(1, "B"):
        return sum(each.bytes for each in inputs), sum(each.bytes for each in outputs)
    moved = [0, 0]
    for hint in hints.tables(0):
        descriptor = hint.table(1) if hint.integer(0, "B") == _DMA_DESCRIPTOR else None
        meta = descriptor.table(0) if descriptor else None
        if descriptor and not (meta and meta.integer(0, "h") == _PARAMETER):
            moved[hint.integer(2, "h") == _OUTFEED] += _size(descriptor, 2)
    return moved[0], moved[1]


def _size(table: Table, number: int, default: int = 0) -> int:
    """A count of something, which cannot be negative."""
    size = table.integer(number, "i", default)
    if size < 0:
        raise DamagedError(f"it has a size of {size:,}")
    return size
