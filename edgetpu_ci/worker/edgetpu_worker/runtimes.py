"""Which TFLite runtime this interpreter has, and a model in it."""

import importlib
import importlib.util
import sys

from .failed import Failed

RUNTIMES = {
    "ai_edge_litert": "ai_edge_litert.interpreter",
    "tflite_runtime": "tflite_runtime.interpreter",
    "pycoral": "pycoral.utils.edgetpu",
}


class Runtime:
    """A runtime that can be imported; `reader` is the one that reads what a delegate hands over."""

    def __init__(self, name, module):
        # Google's pycoral is a layer over tflite-runtime, which it holds under this name.
        self.interpreter = getattr(module, "tflite", module)
        self.name, self.version = name, version(name)
        self.reader = "tflite_runtime" if name == "pycoral" else name
        self.reader_version = version(self.reader)
        self._load_edgetpu = getattr(module, "load_edgetpu_delegate", None)

    def load_delegate(self, library, options):
        """An Edge TPU delegate, by pycoral's own way where it finds the library itself."""
        if self._load_edgetpu and library == "libedgetpu.so.1":
            return self._load_edgetpu(options)
        return self.interpreter.load_delegate(library, options)

    def construct(self, request, delegate=None):
        """An interpreter of the model that is asked for."""
        try:
            delegates = {"experimental_delegates": [delegate]} if delegate else {}
            return self.interpreter.Interpreter(
                model_path=request["model"], num_threads=request["threads"], **delegates
            )
        except SystemError as error:
            # So ends a runtime compiled for numpy 1 with numpy 2; importing it alone does not show it.
            raise Failed("old_numpy", error) from error
        except Exception as error:
            raise Failed("load_failed", error) from error


def find(named):
    """The runtime named, else the first that can be imported."""
    reasons = []
    for name in [named] if named else RUNTIMES:
        try:
            module = importlib.import_module(RUNTIMES[name])
        except ImportError as error:
            if named == "pycoral" and _is_foreign(name):
                raise Failed("foreign_pycoral", error) from error
            reasons.append(str(error))
        else:
            return Runtime(name, module)
    text = "; ".join(reasons)
    raise Failed("old_numpy" if "multiarray" in text else "no_runtime", text)


def _is_foreign(name):
    """Whether a package is there and is another one: the package index has a `pycoral` about coral reefs."""
    return importlib.util.find_spec(name) is not None and importlib.util.find_spec(f"{name}.utils") is None


def version(name):
    """The version of an installed package, "" where nothing tells it."""
    try:
        from importlib import metadata

        return metadata.version(name.replace("_", "-"))
    except ImportError:  # Python 3.7 has no metadata; a runtime from a system package may have none either.
        return getattr(sys.modules.get(name), "__version__", "")
