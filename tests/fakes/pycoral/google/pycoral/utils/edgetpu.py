"""The module by which it is known: it finds the library itself, and holds the runtime under the name `tflite`."""

from typing import Any

from ai_edge_litert import interpreter as tflite


def load_edgetpu_delegate(options: dict[str, str] | None = None) -> Any:
    """The delegate of the library that Google's packages install."""
    return tflite.load_delegate("libedgetpu.so.1", options or {})
