"""Faults of a device or of the process that uses it: the class of each, in one sentence with a next step."""

import re
import signal
from typing import Final, Literal

from msgspec import Struct

from edgetpu_ci.world import Ran

Kind = Literal["usb", "hib", "load", "hang", "memory", "signal", "invokes"]

_USB: Final = re.compile(r"USB transfer error \d{1,3} \[\w{1,40}\]")
"""usb_driver.cc of libedgetpu 16.0: its last words before it aborts."""

_HIB: Final = re.compile(r"hib_error_status = ([0-9A-Fa-f]{1,16})")
"""mmio_driver.cc of libedgetpu 16.0; nothing ever comes after it."""

_CRASHES: Final = {
    "SIGALRM": "; it hung, and was ended",
    "SIGILL": "; the runtime was built for another kind of CPU",
    "SIGSEGV": "; `edgetpu-ci doctor` tries the runtime without the model, and whether libedgetpu fits it",
    "SIGBUS": "; a file it had mapped shrank, or a device left the bus: see `dmesg`",
}

_REQUESTS: Final = {
    "Edge TPU is not ready": "the device is gone; see `dmesg`, and plug it in again",
    "Deadline exceeded": "the device did not answer in time; plug it in again",
    "Request cancelled": "the device gave up; plug it in again, and see that it has power and is cool",
}
"""What libedgetpu says of failed requests (edgetpu_context_direct.cc, driver.cc), and what it means."""

_LONGEST: Final = 300


class Fault(Struct, frozen=True):
    """What broke, as one sentence: another try may go better. How many inferences were attempted and failed with it."""

    text: str
    kind: Kind
    attempted: int = 1
    failed: int = 1


def of_process(ran: Ran, timeout: float) -> Fault | None:
    """The fault that ended a process; None where it ended by itself."""
    if ran.status is not None and ran.status >= 0:
        return None
    said = ran.stderr.decode(errors="replace")
    # What the driver said is why the process hung or ended.
    if found := _USB.search(said):
        return Fault(f"{found[0]}: the USB link broke; try another port and cable, or a hub with its own power", "usb")
    if found := _HIB.search(said):
        return Fault(f"HIB error {found[1]}: the PCIe link broke; see `dmesg`, cool and reseat the module", "hib")
    if ran.status is None:
        words = f"hung: no answer within {timeout:g} s; raise `timeout_seconds`, or plug the Edge TPU in again"
        return Fault(words, "hang")
    return _signal(-ran.status, said)


def _signal(number: int, said: str) -> Fault:
    name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    if name == "SIGKILL":
        return Fault(f"crashed with {name}; the kernel does this when memory runs out: see `dmesg`", "memory")
    # What a runtime told of itself before is no word of the crash.
    words = [each for each in said.strip().splitlines() if not each.startswith("INFO:")]
    last = line((words or [""])[-1])
    return Fault(f"crashed with {name}{f' ({last})' if last else ''}{_CRASHES.get(name, '')}", "signal")


def of_requests(text: str, attempted: int, failed: int) -> Fault | None:
    """The fault of a device that answers no more inferences, from the text of one; None of any other text."""
    known = next((f"{words}: {meaning}" for words, meaning in _REQUESTS.items() if words in text), None)
    return Fault(known, "invokes", attempted, failed) if known else None


def line(text: str) -> str:
    """Foreign text as a part of one sentence."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:_LONGEST].rstrip(".")
