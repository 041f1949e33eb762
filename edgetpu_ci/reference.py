"""The reference model: an int8 MobileNetV2 with random weights, the same bytes on every machine."""

import struct
from hashlib import sha256, shake_256
from math import prod, sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edgetpu_ci.files import write_whole
from edgetpu_ci.tflite.writer import Network, Tensor

if TYPE_CHECKING:
    from edgetpu_ci.tflite.flatbuffer_writer import Table

NAME: Final = "reference_mobilenet_v2_1.0_224_int8.tflite"
SHA256: Final = "7f9ea9135cfbfe805079b36b80fca2895a6a585dd3e933a2759b4301a0f37928"
"""Of the file that `build()` makes; a test checks it."""

_CLASSES: Final = 1001
_SEED: Final = 1

# Expansion, channels, repetitions, stride of the bottleneck blocks: table 2 of arXiv:1801.04381.
_BLOCKS: Final = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)

# -128 is no legal int8 weight: the range is symmetric.
_NO_MINUS_128: Final = bytes([*range(128), 129, *range(129, 256)])
_DEVIATION: Final = sqrt((255**2 - 1) / 12)
"""Of whole numbers spread evenly over -127…127."""
_BIAS_DEVIATION: Final = 0.2

_RELU6: Final = 3
_SAME, _VALID = 0, 1


def write(path: Path) -> Path:
    """Put the reference model at `path`, unless it is there already; StoreError when that fails."""
    if not path.is_file() or sha256(path.read_bytes()).hexdigest() != SHA256:
        write_whole(path, build())
    return path


def build(resolution: int = 224, width: float = 1.0) -> bytes:
    """A MobileNetV2 for square images of `resolution` pixels, with `width` times the channels of the paper."""
    net = _MobileNet()
    image = net.input(resolution)
    x = net.conv("stem", image, _channels(32 * width), 3, 2)
    number = 0
    for expansion, channels, repetitions, stride in _BLOCKS:
        for repetition in range(repetitions):
            x = net.bottleneck(f"block{number}", x, expansion, _channels(channels * width), 1 if repetition else stride)
            number += 1
    x = net.conv("head", x, max(1280, _channels(1280 * width)), 1, 1)
    return net.pack([image], [net.classify(x)])


def _channels(wanted: float) -> int:
    """The nearest multiple of 8, as the paper's own networks have."""
    return max(8, int(wanted + 4) // 8 * 8)


class _MobileNet(Network):
    """The layers of the network. Weights are even random bytes, scaled so that signals neither die nor saturate.

    An operator's fields 3 and 4 are the type of its options and the options, both as in the public TFLite schema.
    """

    def __init__(self) -> None:
        super().__init__("edgetpu-ci reference: MobileNetV2 with random weights")

    def input(self, resolution: int) -> Tensor:
        return self.tensor("image", "int8", (1, resolution, resolution, 3), [1 / 127.5])

    def bottleneck(self, name: str, x: Tensor, expansion: int, channels: int, stride: int) -> Tensor:
        """Widen, filter each channel, narrow; and add the input where the shapes agree."""
        before = x
        if expansion > 1:
            x = self.conv(f"{name}/expand", x, expansion * x.shape[3], 1, 1)
        x = self.depthwise(f"{name}/depthwise", x, stride)
        x = self.conv(f"{name}/project", x, channels, 1, 1, reach=4)
        return self.add(f"{name}/add", before, x) if x.shape == before.shape else x

    def conv(self, name: str, x: Tensor, channels: int, size: int, stride: int, reach: float = 0) -> Tensor:
        """A convolution; `reach` is the largest output that can be told, 0: rectified at 6."""
        scales = [_weight_scale(size * size * x.shape[3])] * channels
        weights = self.weights(name, (channels, size, size, x.shape[3]), scales, 0)
        options: Table = {0: _SAME, 1: stride, 2: stride, 3: 0 if reach else _RELU6, 4: 1, 5: 1}
        y = self.activation(name, _strided(x, stride, channels), reach)
        self.operator("CONV_2D", [x, weights, self.bias(name, x, scales)], [y], 3, {3: 1, 4: options})
        return y

    def depthwise(self, name: str, x: Tensor, stride: int) -> Tensor:
        channels = x.shape[3]
        scales = [_weight_scale(3 * 3)] * channels
        weights = self.weights(name, (1, 3, 3, channels), scales, 3)
        options: Table = {0: _SAME, 1: stride, 2: stride, 3: 1, 4: _RELU6, 5: 1, 6: 1}
        y = self.activation(name, _strided(x, stride, channels), 0)
        self.operator("DEPTHWISE_CONV_2D", [x, weights, self.bias(name, x, scales)], [y], 3, {3: 2, 4: options})
        return y

    def add(self, name: str, a: Tensor, b: Tensor) -> Tensor:
        y = self.activation(name, a.shape, 6)
        self.operator("ADD", [a, b], [y], 2, {3: 11, 4: {0: 0}})
        return y

    def classify(self, x: Tensor) -> Tensor:
        """Average over the image, then one probability for each class."""
        _, height, width, channels = x.shape
        pooled = self.tensor("pool", "int8", (1, 1, 1, channels), [x.scale], x.zero_point)
        options: Table = {0: _VALID, 1: 1, 2: 1, 3: width, 4: height, 5: 0}
        self.operator("AVERAGE_POOL_2D", [x], [pooled], 2, {3: 5, 4: options})
        logits = self.conv("logits", pooled, _CLASSES, 1, 1, reach=12)
        flat = self.tensor("flat", "int8", (1, _CLASSES), [logits.scale], logits.zero_point)
        self.operator("RESHAPE", [logits, self.numbers("shape", (1, _CLASSES))], [flat], 1, {3: 17, 4: {}})
        probabilities = self.tensor("probabilities", "int8", (1, _CLASSES), [1 / 256], -128)
        self.operator("SOFTMAX", [flat], [probabilities], 2, {3: 9, 4: {0: 1.0}})
        return probabilities

    def activation(self, name: str, shape: tuple[int, ...], reach: float) -> Tensor:
        """What a layer gives: -reach…reach, or 0…6."""
        return self.tensor(name, "int8", shape, [2 * reach / 255 if reach else 6 / 255], 0 if reach else -128)

    def weights(self, name: str, shape: tuple[int, ...], scales: list[float], axis: int) -> Tensor:
        tensor = self.tensor(f"{name}/weights", "int8", shape, scales, 0, axis)
        return self.fill(tensor, _draw(tensor.name, prod(shape)))

    def bias(self, name: str, x: Tensor, scales: list[float]) -> Tensor:
        """Without any, a grey image would give nothing but zeros."""
        tensor = self.tensor(f"{name}/bias", "int32", (len(scales),), [scale * x.scale for scale in scales])
        unit = round(_BIAS_DEVIATION / _DEVIATION / tensor.scale)
        values = struct.unpack(f"{len(scales)}b", _draw(tensor.name, len(scales)))
        return self.fill(tensor, struct.pack(f"<{len(scales)}i", *(unit * value for value in values)))

    def numbers(self, name: str, values: tuple[int, ...]) -> Tensor:
        data = struct.pack(f"<{len(values)}i", *values)
        return self.fill(self.tensor(name, "int32", (len(values),)), data)


def _draw(name: str, count: int) -> bytes:
    """Whole numbers spread evenly over -127…127. A hash will give the same ones for ever; a generator might not."""
    return shake_256(f"{_SEED}/{name}".encode()).digest(count).translate(_NO_MINUS_128)


def _weight_scale(fan_in: int) -> float:
    """What keeps the signal's power through a rectified layer: weights of variance 2 / fan-in (arXiv:1502.01852)."""
    return sqrt(2 / fan_in) / _DEVIATION


def _strided(x: Tensor, stride: int, channels: int) -> tuple[int, ...]:
    return (1, -(-x.shape[1] // stride), -(-x.shape[2] // stride), channels)
