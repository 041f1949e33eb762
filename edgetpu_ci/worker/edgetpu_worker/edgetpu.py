"""The Edge TPU that a compiled model is run on: opened, adapted to the runtime, and what is known of it."""

import re
import time

from . import abi, library
from .adapter import Adapter
from .failed import Failed
from .simulated import CUSTOM_OP, Simulated

FIRST_WIDE = (2, 10)
"""The first tflite-runtime that reads more of a registration than TF 2.5 has."""


class EdgeTpu:
    """What a runtime is given as a delegate, how long opening took, and what the answer says of it."""

    def __init__(self, delegate, open_ns, facts):
        self.delegate, self._open_ns, self._facts = delegate, open_ns, facts
        # Without an adapter nobody counts.
        self.busy = getattr(delegate, "busy", None)

    def answer(self):
        """The facts, for the toolkit."""
        return dict(self._facts, open_ns=self._open_ns, operators=getattr(self.delegate, "operators", None))


def open_for(runtime, request):
    """The Edge TPU that a request is about, None where the model does not use one.

    A model for the CPU would run there without a word, whatever delegate is loaded: then none is opened.
    """
    if not is_compiled(request["model"]):
        return None
    wanted = request["edgetpu"]
    if wanted["simulated"]:
        return _simulated(wanted)
    started = time.perf_counter_ns()
    loaded = library.load(wanted["library"])
    loading = time.perf_counter_ns() - started
    facts = dict(library.facts(loaded, wanted["library"]), device=wanted["device"])
    use, because = decide(wanted["compat"], runtime, abi.unfit_here())
    options = _options(loaded, wanted)
    started = time.perf_counter_ns()
    delegate = _load(runtime, wanted["library"], options, loaded)
    if use:
        delegate = Adapter(delegate)
    opened = loading + time.perf_counter_ns() - started
    return EdgeTpu(delegate, opened, dict(facts, adapted=use, because=because))


def is_compiled(model):
    """Whether a model file has the operator that the Edge TPU compiler puts in."""
    try:
        with open(model, "rb") as file:
            return CUSTOM_OP in file.read()
    except OSError:
        return False  # Whoever opens it to run it will say why.


def _simulated(wanted):
    reason = abi.unfit_here()
    if reason:
        raise Failed("no_simulation", reason)
    started = time.perf_counter_ns()
    delegate = Simulated(wanted["simulated"], wanted["device"])
    opened = time.perf_counter_ns() - started
    return EdgeTpu(delegate, opened, {"library": "simulated", "because": "the device is simulated"})


def decide(compat, runtime, unfit):
    """Whether the adapter is put between, and why; `unfit` says why it cannot be on this machine."""
    reader = (runtime.reader.replace("_", "-") + " " + runtime.reader_version).rstrip()
    if compat == "never":
        return False, "edgetpu_compat is never"
    if unfit:
        if compat == "always":
            raise Failed("no_adapter", unfit)
        return False, unfit
    if compat == "always":
        return True, "edgetpu_compat is always"
    if reads_wide(runtime.reader, runtime.reader_version):
        return True, f"{reader} reads more of a registration than libedgetpu 16.0 hands over"
    return True, f"{reader} reads what libedgetpu 16.0 hands over; the adapter only times the operator"


def reads_wide(reader, version):
    """Whether a runtime reads past the registration of TF 2.5; one whose version is not known is taken to."""
    numbers = re.match(r"(\d+)\.(\d+)", version)
    return reader != "tflite_runtime" or not numbers or tuple(map(int, numbers.groups())) >= FIRST_WIDE


def _options(loaded, wanted):
    """What the delegate is told: which device, and its clock."""
    device = wanted["device"]
    if device.startswith("/"):
        device = library.number(loaded, device)
    if wanted["performance"] and ":" not in device:
        raise Failed("no_clock", "libedgetpu gives a clock to an indexed device only")
    options = {"device": device, "Performance": wanted["performance"].capitalize()}
    return {name: value for name, value in options.items() if value}


def _load(runtime, name, options, loaded):
    try:
        return runtime.load_delegate(name, options)
    except ValueError as error:
        # libedgetpu gives no reason: a device that is missing, held or not permitted looks like a wrong option.
        asked = f"asked for {options['device']}, " if "device" in options else ""
        raise Failed("no_device", f"{asked}libedgetpu lists {library.names(loaded) or 'no device'}") from error
    except Exception as error:
        raise Failed("no_library", error) from error
