"""Multiply-accumulates, against sizes small enough to be counted by hand."""

from collections.abc import Sequence

import pytest

from edgetpu_ci.tflite import macs

Shapes = Sequence[Sequence[int]]


@pytest.mark.parametrize(
    ("name", "inputs", "outputs", "expected"),
    [
        # 2 × 2 places, 5 channels, each 3 × 3 × 4 products.
        ("CONV_2D", [(1, 4, 4, 4), (5, 3, 3, 4), (5,)], [(1, 2, 2, 5)], 20 * 36),
        # Two groups: each output reads half of the 4 channels.
        ("CONV_2D", [(1, 4, 4, 4), (6, 3, 3, 2), (6,)], [(1, 2, 2, 6)], 24 * 18),
        # Multiplier 2: 8 outputs of 4 channels, each 3 × 3 products of one channel.
        ("DEPTHWISE_CONV_2D", [(1, 4, 4, 4), (1, 3, 3, 8), (8,)], [(1, 4, 4, 8)], 128 * 9),
        ("CONV_3D", [(1, 4, 4, 4, 2), (3, 3, 3, 2, 5)], [(1, 2, 2, 2, 5)], 40 * 54),
        # Each of 2 × 2 × 3 inputs is spread over 3 × 3 places and 5 channels.
        ("TRANSPOSE_CONV", [(4,), (5, 3, 3, 3), (1, 2, 2, 3)], [(1, 4, 4, 5)], 12 * 45),
        ("CONV_3D_TRANSPOSE", [(5,), (3, 3, 3, 5, 2), (1, 2, 2, 2, 2)], [(1, 4, 4, 4, 5)], 16 * 135),
        ("FULLY_CONNECTED", [(7, 16), (10, 16), (10,)], [(7, 10)], 7 * 16 * 10),
        ("FULLY_CONNECTED", [(2, 3, 16), (10, 16)], [(2, 3, 10)], 6 * 16 * 10),
        ("BATCH_MATMUL", [(3, 2, 4), (3, 4, 5)], [(3, 2, 5)], 3 * 2 * 4 * 5),
        # The left side is given transposed, and the right one is shared by the batch.
        ("BATCH_MATMUL", [(3, 4, 2), (4, 5)], [(3, 2, 5)], 3 * 2 * 4 * 5),
        ("SOFTMAX", [(1, 10)], [(1, 10)], 0),
        ("UNIDIRECTIONAL_SEQUENCE_LSTM", [(1, 28, 28)], [(1, 20)], None),
        # A size that is known only at run time, and a file that leaves operands out.
        ("CONV_2D", [(1, -1, 4, 4), (5, 3, 3, 4)], [(1, 2, 2, 5)], None),
        ("FULLY_CONNECTED", [(1, 16)], [(1, 10)], None),
        ("FULLY_CONNECTED", [(1, 16), ()], [(1, 10)], None),
    ],
)
def test_macs_are_those_counted_by_hand(name: str, inputs: Shapes, outputs: Shapes, expected: int | None) -> None:
    assert macs.count(name, inputs, outputs) == expected
