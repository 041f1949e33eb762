"""What only hardware can show: the list of checks, and what the outcome of one says. Pure."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, Literal

from msgspec import Struct, field

from edgetpu_ci.world import Ran

Verdict = Literal["ok", "failed", "not possible here"]

_LONGEST = 200
_LONG = 900


class Check(Struct, frozen=True, kw_only=True):
    """One command, and what it must print.

    `verifies` says what is known by it. In `command` stand `{model}`, `{config}`, a configuration that measures the
    model with `settings`, and `{folder}`, where the reports go. `finds` is looked for in what it prints, and its last
    group is what is noted; nothing else of the output is. It is only run when all of `after` were ok. What a host may
    lack is `optional`: without it the check is not possible there, and has not failed.
    """

    id: str
    verifies: str
    command: tuple[str, ...]
    expected: str
    finds: str
    after: tuple[str, ...] = ()
    optional: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    statuses: tuple[int, ...] = (0,)
    seconds: float = 60


class Answer(Struct, frozen=True, kw_only=True):
    """One check as it stands in the document."""

    id: str
    verifies: str
    command: str
    expected: str
    got: str
    verdict: Verdict


_BEFORE, _AFTER = "1a6e:089a", "18d1:9302"
_IDS = rf'"ids": "({_BEFORE}|{_AFTER})"'
_CELSIUS = r'"celsius": ([1-9][0-9]?(?:\.[0-9]+)?)'
_OPENS = ("device", "free", "library", "compiled")
"""What must be ok before anything opens a device."""


def _listed(name: str, verifies: str, expected: str, finds: str, *after: str, optional: bool = False) -> Check:
    """A check of what is said of the devices of the host, none of which is opened for it."""
    command = ("edgetpu-ci", "devices", "--json")
    return Check(
        id=name, verifies=verifies, command=command, expected=expected, finds=finds, after=after, optional=optional
    )


def _measure(name: str, verifies: str, *after: str, optional: bool = False, **settings: str) -> Check:
    """A check that measures the model on the device."""
    return Check(
        id=name,
        verifies=verifies,
        command=("edgetpu-ci", "run", "--config", "{config}", "--output", f"{{folder}}/{name}"),
        expected="no inference fails",
        finds=r"latency p50 +([0-9.,]+ ms)",
        after=after,
        optional=optional,
        settings=settings,
        seconds=_LONG,
    )


CHECKS: Final = (
    Check(
        id="system",
        verifies="the systems that all this runs on",
        command=("uname", "-sm"),
        expected="Linux on x86_64, aarch64 or armv7l",
        finds="(Linux (?:x86_64|aarch64|armv7l))",
    ),
    Check(
        id="compiled",
        verifies="a model of the Edge TPU compiler is read",
        command=("edgetpu-ci", "inspect", "{model}", "--json"),
        expected="it is compiled",
        finds=r'("compiled": true)',
    ),
    _measure("simulated", "all but the device works: measured on one that is none", "compiled", device="simulated"),
    _listed("device", "a Coral is found, without opening it", "a device", r'"kind": "(usb|pci)"', optional=True),
    _listed(
        "free",
        "who uses a device is seen before it is opened",
        "nobody uses any",
        r'(?s)\A(?!.*"held_by": "[^"]).*("held_by": "")',
        "device",
        optional=True,
    ),
    _listed("library", "which build of libedgetpu is there", "a library", r'"library": "([^"]+)"', optional=True),
    _listed("usb", "a device on USB is found", "a device on USB", r'"kind": "(usb)"', optional=True),
    _listed("usb-id", "its ids before and after its first open", f"{_BEFORE} or {_AFTER}", _IDS, "usb"),
    _listed("usb-link", "the speed it negotiated is read", "5 Gbit/s: USB 3", r'"link": "(5 Gbit/s)"', "usb"),
    _listed("pci", "a device on PCIe is found", "a device on PCIe", r'"kind": "(pci)"', optional=True),
    _listed("pci-temperature", "its temperature is read", "between 1 and 99 °C", _CELSIUS, "pci"),
    Check(
        id="doctor",
        verifies="`doctor` finds nothing wrong where nothing is",
        command=("edgetpu-ci", "doctor", "--config", "{config}"),
        expected="no fault, and a runtime that runs a model",
        finds=r"runtime +(.+ runs a model)",
        after=_OPENS,
        seconds=_LONG,
    ),
    _measure("as-it-is", "a model runs on the device as this host is set up", *_OPENS),
    _measure("adapter", "stack a: with the adapter between", *_OPENS, edgetpu_compat="always"),
    _measure("no-adapter", "stack b: without the adapter", *_OPENS, edgetpu_compat="never", optional=True),
    Check(
        id="period-python",
        verifies="stack c is there: Python 3.9 with tflite-runtime up to 2.9.1",
        command=("python3.9", "-c", "import tflite_runtime as it; print(it.__version__)"),
        expected="2.5 to 2.9",
        finds=r"^(2\.[5-9]\.\S+)",
        optional=True,
    ),
    _measure(
        "period",
        "stack c: Python 3.9 and an old runtime, without the adapter",
        *("period-python", *_OPENS),
        python="python3.9",
        runtime="tflite_runtime",
        edgetpu_compat="never",
    ),
    _listed("usb-after", "its id after it was opened", _AFTER, rf'"ids": "({_AFTER})"', "usb", "as-it-is"),
    Check(
        id="busy",
        verifies="the adapter times the device",
        command=("edgetpu-ci", "show", "{folder}/adapter"),
        expected="a fraction of at most 1",
        finds=r"delegate busy fraction +(0\.[0-9]+|1(?:\.0+)?)\b",
        after=("adapter",),
    ),
    Check(
        id="published",
        verifies="where the device stands beside published figures",
        command=("edgetpu-ci", "compare", "--published", "{folder}/as-it-is"),
        expected="a model of the published ones",
        finds=r"([0-9.]+ times as long here)",
        after=("as-it-is",),
        optional=True,
    ),
    Check(
        id="noise",
        verifies="the noise floor of a device",
        command=("edgetpu-ci", "selftest", "--config", "{config}"),
        expected="a floor; whether it is low enough is another question",
        finds=r"a change of ([0-9.]+ %) can just be told from none",
        after=("as-it-is",),
        statuses=(0, 5),
        seconds=_LONG,
    ),
)


def impossible(check: Check, done: Mapping[str, Verdict], known: Collection[str]) -> str:
    """Why a check cannot be run after those that are done; empty when it can. `known` are the places there are."""
    if without := [f"`{name}`" for name in check.after if done.get(name) != "ok"]:
        return f"needs {', '.join(without)} to be ok"
    wanted = {name for word in check.command for name in re.findall(r"\{(\w+)\}", word)}
    return "name a model that is compiled for the Edge TPU" if wanted - set(known) else ""


def judge(check: Check, ran: Ran) -> tuple[Verdict, str]:
    """The verdict on a command that ended, and what is noted of it."""
    printed = ran.stdout.decode(errors="replace")
    found = re.search(check.finds, printed, re.MULTILINE)
    if ran.status in check.statuses and found:
        return "ok", _short(found.group(found.lastindex or 0))
    return "not possible here" if check.optional else "failed", _short(_fault(check, ran))


def _fault(check: Check, ran: Ran) -> str:
    if ran.status is None:
        return f"it took longer than {check.seconds:g} s"
    if ran.status in check.statuses:
        return f"not so here: {check.expected}"
    return f"exit status {ran.status}: {_reason(ran)}"


def _reason(ran: Ran) -> str:
    """What our tables and `doctor` mark as a fault; else the last line of all."""
    printed, said = (text.decode(errors="replace").strip().splitlines() for text in (ran.stdout, ran.stderr))
    marked = [line for line in printed if line.startswith(("✗ ", "? "))]
    return (marked[:1] or said[-1:] or printed[-1:] or ["it said nothing"])[0]


def _short(text: str) -> str:
    return " ".join(text.split())[:_LONGEST]


def anonymous(text: str, names: Sequence[tuple[str, str]]) -> str:
    """A text with each of these names, where it stands as a word of its own, replaced; longer ones go first."""
    for name, instead in sorted(names, key=lambda pair: -len(pair[0])):
        if name:
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", instead, text)
    return re.sub(r"/home/[^/\s]+", "/home/USER", text)
