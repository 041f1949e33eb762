"""Run models on a device as a program of its own would, for whichever TFLite runtime is installed (Python >= 3.7).

Usage: drive.py JSON with `library`, `models` (paths), `options` of the delegate, and `count` of rounds of all models.
Prints JSON: `us` each invoke took (null if it failed), the texts of `failures`, the last `outputs` as lists of bytes,
and the `listed` devices before and after.
"""

from __future__ import annotations

import ctypes
import json
import sys
import time
from typing import Any

try:
    from ai_edge_litert.interpreter import Interpreter, load_delegate
except ImportError:
    from tflite_runtime.interpreter import Interpreter, load_delegate


class Device(ctypes.Structure):
    """As in edgetpu_c.h."""

    _fields_ = (("type", ctypes.c_int), ("path", ctypes.c_char_p))


def listed(library: str) -> list[list[str]]:
    """The devices as [type, path]; the block that holds them is given back."""
    loaded, count = ctypes.CDLL(library), ctypes.c_size_t()
    loaded.edgetpu_list_devices.restype = ctypes.POINTER(Device)
    loaded.edgetpu_free_devices.argtypes = [ctypes.POINTER(Device)]
    found = loaded.edgetpu_list_devices(ctypes.byref(count))
    names = [[("pci", "usb")[found[i].type], found[i].path.decode()] for i in range(count.value)]
    loaded.edgetpu_free_devices(found)
    return names


def opened(model: str, delegate: object) -> Interpreter:
    """An interpreter whose first input counts 0, 1, 2 … in its bytes."""
    interpreter = Interpreter(model, experimental_delegates=[delegate], num_threads=1)
    interpreter.allocate_tensors()
    view = interpreter.tensor(interpreter.get_input_details()[0]["index"])()
    view.reshape(-1).view("uint8")[:] = [n % 256 for n in range(view.nbytes)]
    return interpreter


def invoke(interpreter: Interpreter, answer: dict[str, Any]) -> None:
    """One invoke: its time, or why there is none."""
    start = time.perf_counter_ns()
    try:
        interpreter.invoke()
    except RuntimeError as error:
        answer["failures"].append(str(error))
        answer["us"].append(None)
    else:
        answer["us"].append((time.perf_counter_ns() - start) / 1000)


def main() -> None:
    """Do what the first argument asks for."""
    asked = json.loads(sys.argv[1])
    answer: dict[str, Any] = {"us": [], "failures": [], "listed": [listed(asked["library"])]}
    delegate = load_delegate(asked["library"], asked["options"])
    interpreters = [opened(model, delegate) for model in asked["models"]]
    for _ in range(asked["count"]):
        for interpreter in interpreters:
            invoke(interpreter, answer)
    last = interpreters[-1]
    tensors = [last.get_tensor(output["index"]) for output in last.get_output_details()]
    answer["outputs"] = [list(tensor.tobytes()[:1000]) for tensor in tensors]
    answer["listed"].append(listed(asked["library"]))
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
