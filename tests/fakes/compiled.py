"""A model that looks compiled for the Edge TPU: its custom operator, then SOFTMAX left on the CPU."""

from edgetpu_ci.tflite import EDGE_TPU
from edgetpu_ci.tflite_writer import Network


def build(*, tail: bool = True, blob: bytes = b"not a real executable") -> bytes:
    """Image 8 × 8 × 3 in, ten classes out; without `tail` nothing is left on the CPU."""
    net = Network("a stand-in for a compiled model")
    image = net.tensor("image", "uint8", (1, 8, 8, 3), [1 / 128], 128)
    scores = net.tensor("scores", "uint8", (1, 10), [1 / 16])
    net.operator(EDGE_TPU, [image], [scores], 1, {5: blob})
    if not tail:
        return net.pack([image], [scores])
    probabilities = net.tensor("probabilities", "uint8", (1, 10), [1 / 256])
    net.operator("SOFTMAX", [scores], [probabilities], 1, {3: 9, 4: {0: 1.0}})
    return net.pack([image], [probabilities])
