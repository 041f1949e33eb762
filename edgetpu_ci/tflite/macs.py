"""Multiply-accumulates of one operator, from the shapes of its operands."""

from collections.abc import Callable, Sequence
from math import prod
from typing import Final

Shape = Sequence[int]
Shapes = Sequence[Shape]


def _conv_2d(inputs: Shapes, outputs: Shapes) -> int:
    """Filter [out, height, width, in]; with groups, `in` is already divided by them."""
    return prod(outputs[0]) * prod(inputs[1][1:4])


def _depthwise_conv_2d(inputs: Shapes, outputs: Shapes) -> int:
    """Filter [1, height, width, out]: each output reads one channel."""
    return prod(outputs[0]) * prod(inputs[1][1:3])


def _conv_3d(inputs: Shapes, outputs: Shapes) -> int:
    """Filter [depth, height, width, in, out]."""
    return prod(outputs[0]) * prod(inputs[1][:4])


def _transpose_conv(inputs: Shapes, _outputs: Shapes) -> int:
    """Operands: output shape, filter [out, height, width, in], input; every input meets out × height × width."""
    return prod(inputs[2]) * prod(inputs[1][:3])


def _conv_3d_transpose(inputs: Shapes, _outputs: Shapes) -> int:
    """Operands: output shape, filter [depth, height, width, out, in], input."""
    return prod(inputs[2]) * prod(inputs[1][:4])


def _fully_connected(inputs: Shapes, outputs: Shapes) -> int:
    """Weights [out, in]."""
    return prod(outputs[0]) * inputs[1][1]


def _batch_matmul(inputs: Shapes, outputs: Shapes) -> int:
    """Output [batch…, m, n]; the left side is m × k or k × m, so that k need not be told from m."""
    return prod(outputs[0][:-2]) * outputs[0][-1] * inputs[0][-2] * inputs[0][-1]


_FORMULAS: Final[dict[str, Callable[[Shapes, Shapes], int]]] = {
    "CONV_2D": _conv_2d,
    "DEPTHWISE_CONV_2D": _depthwise_conv_2d,
    "CONV_3D": _conv_3d,
    "TRANSPOSE_CONV": _transpose_conv,
    "CONV_3D_TRANSPOSE": _conv_3d_transpose,
    "FULLY_CONNECTED": _fully_connected,
    "BATCH_MATMUL": _batch_matmul,
}

# They multiply and accumulate, or run a subgraph an unknown number of times.
_UNKNOWN: Final = frozenset(
    {
        "BIDIRECTIONAL_SEQUENCE_LSTM",
        "BIDIRECTIONAL_SEQUENCE_RNN",
        "LSTM",
        "RNN",
        "STABLEHLO_CONVOLUTION",
        "STABLEHLO_DOT_GENERAL",
        "STABLEHLO_WHILE",
        "SVDF",
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
        "UNIDIRECTIONAL_SEQUENCE_RNN",
        "WHILE",
    }
)


def count(name: str, inputs: Shapes, outputs: Shapes) -> int | None:
    """MACs of one builtin operator; None where it has some that cannot be told from its shapes."""
    formula = _FORMULAS.get(name)
    if formula is None:
        return None if name in _UNKNOWN else 0
    if any(size < 0 for shape in (*inputs, *outputs) for size in shape):
        return None
    try:
        return formula(inputs, outputs)
    except IndexError:  # fewer operands or dimensions than the operator must have
        return None
