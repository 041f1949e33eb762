"""Models that look compiled for the Edge TPU: its custom operator, then what is left on the CPU."""

import struct
from collections.abc import Sequence

from msgspec import Struct

from edgetpu_ci.tflite import EDGE_TPU
from edgetpu_ci.tflite.flatbuffer_writer import Nested, Table, Wide, pack
from edgetpu_ci.tflite.writer import Network

_FIXED_POINT8 = 0
_INPUT, _OUTPUT, _PARAMETER = 1, 0, 2
_INFEED, _OUTFEED = 0, 1


class Tables(Struct, frozen=True, kw_only=True):
    """What the compiler's tables are to say: a token, and bytes.

    `deterministic`: the transfers are listed whole; otherwise only the operands tell what an inference moves.
    """

    token: int = 0x0102030405060708
    cached: int = 4096
    streamed: int = 0
    instructions: int = 512
    bytes_in: int = 192
    bytes_out: int = 16
    scratch: int = 0
    minimum_runtime: int = 13
    compiler: str = "cl/1"
    chip: str = "beagle"
    deterministic: bool = True


def build(*, tail: bool = True, blob: bytes | Tables = b"not a real executable", on_cpu: Sequence[str] = ()) -> bytes:
    """Image 8 × 8 × 3 in, ten classes out; without `tail` nothing is left on the CPU, and `on_cpu` is left there too.

    `blob`: the options of the custom operator, or the tables that they are to have.
    """
    net = Network("a stand-in for a compiled model")
    image = net.tensor("image", "uint8", (1, 8, 8, 3), [1 / 128], 128)
    last = net.tensor("scores", "uint8", (1, 10), [1 / 16])
    net.operator(EDGE_TPU, [image], [last], 1, {5: options(blob) if isinstance(blob, Tables) else blob})
    for name in on_cpu:
        before, last = last, net.tensor(name.lower(), "uint8", (1, 10), [1 / 16])
        net.operator(name, [before], [last])
    if tail:
        before, last = last, net.tensor("probabilities", "uint8", (1, 10), [1 / 256])
        net.operator("SOFTMAX", [before], [last], 1, {3: 9, 4: {0: 1.0}})
    return net.pack([image], [last])


def options(tables: Tables) -> bytes:
    """The options of a custom operator, as the compiler writes them."""
    return wrapped(_package(tables))


def wrapped(package: bytes) -> bytes:
    """A FlexBuffer map whose entry "4" is a package."""
    # Two keys, sorted; a string with its length before it; the offsets to the keys; then the map itself.
    out = bytearray(b"1\x004\x00" + struct.pack("<I", len(package)) + package + b"\0")
    out += bytes(-len(out) % 4)
    keys = len(out) + 4
    out += struct.pack("<III", 2, keys, keys + 4 - 2)
    out += struct.pack("<III", len(out) - keys, 4, 2)
    at = len(out)
    integer, string = 1 << 2 | 2, 5 << 2 | 2
    out += struct.pack("<IIBB", 1, at + 4 - 8, integer, string)
    return bytes(out + struct.pack("<BBB", len(out) - at, 9 << 2 | 2, 1))


def _package(tables: Tables) -> bytes:
    executables = [_inferring(tables), *([_caching(tables)] if tables.cached else [])]
    return pack(
        {
            0: tables.minimum_runtime,
            1: pack({0: [Nested(each) for each in executables]}, bytes(4)),
            4: tables.compiler,
        },
        b"DWN1",
    )


def _caching(tables: Tables) -> bytes:
    """The executable that uploads parameters, and does nothing else."""
    return pack(
        {
            1: "Unknown",
            5: [{0: bytes(64)}],
            6: bytes(tables.cached),
            7: {0: [_hint(_PARAMETER, _INFEED, tables.cached)], 1: 1},
            10: tables.chip,
            13: 1,
            14: Wide(tables.token),
        },
        bytes(4),
    )


def _inferring(tables: Tables) -> bytes:
    """The executable that runs at every inference; alone, it brings all its parameters itself."""
    moved = [(_INPUT, _INFEED, tables.bytes_in), (_OUTPUT, _OUTFEED, tables.bytes_out)]
    listed = [*moved, *([(_PARAMETER, _INFEED, tables.streamed)] if tables.streamed else [])]
    return pack(
        {
            1: "model",
            3: 1,
            4: tables.scratch,
            5: [{0: bytes(tables.instructions)}],
            6: bytes(tables.streamed),
            7: {0: [_hint(*each) for each in listed] if tables.deterministic else [], 1: int(tables.deterministic)},
            8: [_layer("image", (8, 8, 3), tables.bytes_in)],
            9: [_layer("scores", (1, 1, 10), tables.bytes_out)],
            10: tables.chip,
            13: 2 if tables.cached else 0,
            14: Wide(tables.token),
        },
        bytes(4),
    )


def _hint(what: int, direction: int, size: int) -> Table:
    return {0: 1, 1: {0: {0: what}, 2: size}, 2: direction}


def _layer(name: str, shape: tuple[int, int, int], size: int) -> Table:
    return {0: name, 1: size, 2: shape[0], 3: shape[1], 4: shape[2], 6: _FIXED_POINT8}
