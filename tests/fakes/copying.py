"""Models that answer with the first bytes of their input, as the stand-in for libedgetpu does; for the CPU too."""

from edgetpu_ci.tflite import EDGE_TPU
from edgetpu_ci.tflite.writer import Network, Tensor

ZERO = 128


def compiled() -> bytes:
    """The model as compiled: image 8 × 8 × 3 in, ten numbers out."""
    net, image, scores = _network("a stand-in for a compiled model")
    net.operator(EDGE_TPU, [image], [scores], 1, {5: b"not a real executable"})
    return net.pack([image], [scores])


def source() -> bytes:
    """What it was compiled from."""
    net, image, scores = _network("the source of a stand-in")
    flat = net.tensor("flat", "uint8", (1, 192), [1 / 128], ZERO)
    net.operator("RESHAPE", [image, _numbers(net, "shape", 1, 192)], [flat], 1, {3: 17, 4: {}})
    places = [_numbers(net, "begin", 0, 0), _numbers(net, "size", 1, 10)]
    net.operator("SLICE", [flat, *places], [scores], 1, {3: 49, 4: {}})
    return net.pack([image], [scores])


def _network(description: str) -> tuple[Network, Tensor, Tensor]:
    net = Network(description)
    image = net.tensor("image", "uint8", (1, 8, 8, 3), [1 / 128], ZERO)
    return net, image, net.tensor("scores", "uint8", (1, 10), [1 / 128], ZERO)


def _numbers(net: Network, name: str, *values: int) -> Tensor:
    data = b"".join(value.to_bytes(4, "little") for value in values)
    return net.fill(net.tensor(name, "int32", (len(values),)), data)
