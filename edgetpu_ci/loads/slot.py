"""Run one slot: a child process of any interpreter, whose crash or silence is a result with a reason."""

import json
from collections.abc import Sequence
from typing import Annotated, Any, Final, TypeVar

from msgspec import Meta, Struct
from msgspec.structs import replace

from edgetpu_ci import codec
from edgetpu_ci.device import coral, holder, libedgetpu
from edgetpu_ci.errors import DocumentError
from edgetpu_ci.loads import faults
from edgetpu_ci.loads.faults import Fault
from edgetpu_ci.model import SIMULATED
from edgetpu_ci.worker import PROGRAM
from edgetpu_ci.world import Ran, World

_ANEW_SECONDS: Final = 1.0
"""After which a device that somebody has is looked at once more: a look by `lsusb -v` is over by then."""

_REASONS: Final = {
    "no_runtime": "{python} cannot import a TFLite runtime ({text}); "
    "install one: {python} -m pip install ai-edge-litert",
    "old_numpy": '{runtime} does not work with numpy 2; install an older one: {python} -m pip install "numpy<2"',
    "old_python": "{python} is Python {text}, older than 3.7; name a newer one with `python:`",
    "load_failed": "the runtime cannot read the model: {text}",
    "allocate_failed": "the runtime cannot prepare the model: {text}",
    "no_delegate": "the Edge TPU delegate did not take the model's operators: {text}",
    "no_library": "libedgetpu, without which no model compiled for the Edge TPU runs, cannot be loaded ({text}); "
    "install it (docs/operations.md), name it with `edgetpu_library:`, or measure the model it was compiled from",
    "bad_library": "what `edgetpu_library:` names cannot be loaded ({text}); name the libedgetpu.so.1 of this host",
    "no_libusb": "libedgetpu needs libusb, which is missing ({text}); apt install libusb-1.0-0",
    "not_libedgetpu": "what `edgetpu_library:` names is no libedgetpu: {text}",
    "no_device": "the Edge TPU could not be opened ({text}); `edgetpu-ci doctor` tells why",
    "no_clock": "`performance` is a clock of an indexed device; name one, such as `device: usb:0`",
    "no_adapter": "`edgetpu_compat: always` cannot be here: {text}",
    "no_simulation": "there is no simulated Edge TPU here: {text}",
    "foreign_pycoral": "the package `pycoral` of {python} is not Google's, but another of the same name, about coral "
    "reefs; remove it, and install python3-pycoral from Google's apt repository, or use another `runtime:`",
    "invoke_failed": "every inference failed: {text}; if random input is the cause, give real data with `input:`",
    "bad_input": "the input does not fit: {text}; see `input:`",
}

Nanoseconds = Annotated[int, Meta(ge=0)]


class Failures(Struct, frozen=True):
    """Failed invokes of one class of error, and the text of the first."""

    count: int
    text: str


class EdgeTpu(Struct, frozen=True, kw_only=True):
    """What a compiled model ran on: the library that was loaded, and whether the adapter was put between, and why.

    `operators` is how many were taken from the model, None where nobody counted. `device` is the path by which it was
    asked for, and `where` what identifies that device on this host: bus, link, place, driver and kernel.
    """

    device: str = ""
    where: str = ""
    library: str = ""
    version: str = ""
    sha256: str = ""
    adapted: bool = False
    because: str = ""
    open_ns: Annotated[int, Meta(ge=0)] = 0
    operators: int | None = None

    @property
    def is_simulated(self) -> bool:
        return self.library == SIMULATED


class Said(Struct, frozen=True, kw_only=True):
    """What every answer of the worker has: what ran; or what `kind` of failure there was."""

    kind: str = ""
    text: str = ""
    runtime: str = ""
    version: str = ""
    python: str = ""
    numpy: str = ""
    edgetpu: EdgeTpu | None = None

    @property
    def runtime_version(self) -> str:
        """As a package index writes it: `ai-edge-litert 2.3.0`."""
        return f"{self.runtime.replace('_', '-')} {self.version}".rstrip()


class Compared(Struct, frozen=True, kw_only=True):
    """One output against what was expected: how many of its elements differ, and the largest difference."""

    name: str
    elements: Annotated[int, Meta(ge=0)]
    differing: Annotated[int, Meta(ge=0)]
    largest: float | None = None
    text: str = ""


class Outputs(Said, frozen=True, kw_only=True):
    """What a model answered to some examples; `compared` and `correct` only where that was asked.

    `takes` and `gives` are its inputs and outputs in words.
    """

    takes: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    examples: Annotated[int, Meta(ge=0)] = 0
    compared: tuple[Compared, ...] = ()
    correct: int | None = None


class Apart(Struct, frozen=True):
    """How far one output was from what was expected, in quantization steps; None where some of it is no number.

    `stuck` says in words how it does not move where it should.
    """

    name: str
    elements: Annotated[int, Meta(ge=0)]
    steps_max: float | None
    steps_mean: float | None
    stuck: str


class Checked(Struct, frozen=True):
    """What timed invokes answered to some examples; `agreeing`: for how many of them the choice was the same."""

    examples: Annotated[int, Meta(ge=1)]
    agreeing: Annotated[float, Meta(ge=0)] | None
    outputs: tuple[Apart, ...]


class Device(Struct, frozen=True):
    """One that libedgetpu lists: usb, pci or unknown, and its path."""

    kind: str
    path: str


class Listed(Said, frozen=True, kw_only=True):
    """What libedgetpu lists, in its order."""

    devices: tuple[Device, ...] = ()


class Answer(Said, frozen=True, kw_only=True):
    """What the worker timed; one record of each list for each completed invoke.

    `wait_ns` is empty where unknown, and so is `tpu_ns`, the time inside the Edge TPU's operators. `timed`: between
    which times, in Unix seconds, and `loading`: between which the device was opened and the model loaded; None of a
    worker that does not tell.
    `recovered_ns`: from each first failure to the next invoke that completed; `gave_up`: the last ones all failed.
    `takes` and `gives` are its inputs and outputs in words where these were `checked`.
    """

    wall_ns: tuple[Annotated[int, Meta(ge=1)], ...] = ()
    cpu_ns: tuple[Nanoseconds, ...] = ()
    wait_ns: tuple[Nanoseconds, ...] = ()
    tpu_ns: tuple[Nanoseconds, ...] = ()
    attempted: int = 0
    spent_ns: Nanoseconds = 0
    failures: dict[str, Failures] = {}
    recovered_ns: tuple[Nanoseconds, ...] = ()
    gave_up: bool = False
    takes: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    checked: Checked | None = None
    load_ns: Nanoseconds = 0
    first_ns: Nanoseconds = 0
    memory_bytes: int = 0
    cpu_seconds: float = 0.0
    loading: tuple[float, float] | None = None
    timed: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        """Refuse what a worker of ours cannot say: it comes from a foreign interpreter."""
        completed = len(self.wall_ns)
        sound = completed == len(self.cpu_ns) and {len(self.wait_ns), len(self.tpu_ns)} <= {0, completed}
        if not self.kind and not (sound and 0 < completed <= self.attempted and self.spent_ns):
            raise ValueError("the records do not fit together")
        if self.timed and not self.timed[0] < self.timed[1]:
            raise ValueError("it ended before it began")

    def fault(self) -> Fault | None:
        """That it answered no more inferences in the end; None where it did."""
        if not self.gave_up:
            return None
        failed, text = self.attempted - len(self.wall_ns), next((seen.text for seen in self.failures.values()), "")
        words = f"{faults.line(text)}: the last inferences all failed; see `dmesg`"
        return faults.of_requests(text, self.attempted, failed) or Fault(words, "invokes", self.attempted, failed)


S = TypeVar("S", bound=Said)


def ask(request: dict[str, Any], python: str, timeout: float, into: type[S], world: World) -> S | str:
    """The worker's answer to a request, or in words why there is none, whatever it was."""
    answer = run(request, python, timeout, into, world)
    return answer.text if isinstance(answer, Fault) else answer


def run(request: dict[str, Any], python: str, timeout: float, into: type[S], world: World) -> S | Fault | str:
    """The worker's answer to a request, or what broke, or in words why there is none.

    `python` is a program on PATH, or a file relative to `world.cwd`; "" is the interpreter we run on.
    """
    # A link to an interpreter decides its environment: it is not followed.
    program = str(world.cwd / python) if "/" in python else python or world.python
    if refusal := _held(request, world):
        return Fault(refusal, "load", attempted=0, failed=0)
    try:
        ran = world.run([program, str(PROGRAM)], json.dumps(request).encode(), timeout)
    except OSError as error:
        return f"{program} cannot be started ({error.strerror or error}); name an interpreter with `python:`"
    answer = faults.of_process(ran, timeout) or _read(ran, program, into)
    return answer if isinstance(answer, (Fault, str)) else placed(answer, world)


def _held(request: dict[str, Any], world: World) -> str:
    """Who took a device since it was found to be free, which each process of ours opens anew; empty when nobody did."""
    paths = {one["edgetpu"]["device"] for one in (request, *request.get("segments", ())) if "edgetpu" in one}
    devices = [device for device in coral.find(world) if device.path and device.path in paths]
    if not any(holder.refusal(device, world) for device in devices):
        return ""
    world.sleep(_ANEW_SECONDS)
    return next(filter(None, (holder.refusal(device, world) for device in devices)), "")


def placed(answer: S, world: World) -> S:
    """With what identifies the device it ran on: as it is now, for a first open changes it."""
    tpu = answer.edgetpu
    if tpu is None or not tpu.device:
        return answer
    known = next((device.key for device in coral.find(world) if device.path == tpu.device), "")
    where = f"{known} · kernel {coral.kernel(world)}" if known else ""
    return replace(answer, edgetpu=replace(tpu, where=where))


def _read(ran: Ran, program: str, into: type[S]) -> S | Fault | str:
    try:
        answer = codec.decode_json(ran.stdout, into, "the worker's answer")
    except DocumentError:
        return _not_ours(ran, program)
    return _reason(answer, program) if answer.kind else answer


def _reason(answer: Said, program: str) -> Fault | str:
    text = faults.line(answer.text)
    if fault := faults.of_requests(text, attempted=1, failed=1):
        return fault
    sentence = _REASONS.get(answer.kind, "{text}")
    reason = sentence.format(python=program, text=text, runtime=answer.runtime_version or "the runtime")
    return Fault(reason, "load") if answer.kind == "no_device" else reason


def _not_ours(ran: Ran, program: str) -> str:
    said = ran.stderr.decode(errors="replace").strip()
    if "SyntaxError" in said:
        return _REASONS["old_python"].format(python=program, text="2 or an early 3")
    lines = said.splitlines() or ["nothing"]
    # What went wrong stands at the end of a traceback, and at the start of anything else.
    told = faults.line(lines[-1 if "Traceback" in said else 0])
    return f"{program} gave no answer (status {ran.status}, it said: {told}); is it Python 3.7 or newer?"


def device(answers: Sequence[Said], threads: int) -> str:
    """What a series is keyed by: where the model ran, with which runtime."""
    # A device that came back at another speed is another one: no series may take its times for the first's.
    places = dict.fromkeys(_place(answer.edgetpu) for answer in answers)
    return " · ".join([" and ".join(places), answers[0].runtime_version, f"{threads} thread{'s' * (threads > 1)}"])


def _place(tpu: EdgeTpu | None) -> str:
    if tpu is None:
        return "cpu"
    if tpu.is_simulated:
        return f"{SIMULATED} edgetpu"
    return " · ".join(filter(None, ["edgetpu", tpu.where, f"libedgetpu {libedgetpu.name(tpu.sha256)}"]))
