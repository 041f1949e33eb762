"""What the facts about an Edge TPU mean, each in one sentence with the next step. Pure."""

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from edgetpu_ci.device import apex, libedgetpu
from edgetpu_ci.device.coral import Coral
from edgetpu_ci.doctor.finding import Finding
from edgetpu_ci.loads import slot
from edgetpu_ci.loads.model_slot import Options

LIBRARY, DEVICE, MODEL, ADAPTER = "libedgetpu", "edge tpu", "model", "adapter"

_SIMULATED: Final = (
    "It is simulated: each inference takes the time that `simulated` says, and nothing real is measured; name a device "
    "to measure one."
)
_CLOCKS: Final = {
    "std": "a device on USB runs at 250 MHz with it, half of what it can",
    "max": "a device on USB runs at 500 MHz with it, and hot: its metal may burn skin, and the room may have 25 °C at "
    "most; libedgetpu1-std is steadier",
    "": "by its checksum it is none of Google's 16.0, so whether it runs USB at 250 or 500 MHz is not known",
}
_SLOW_LINK: Final = re.compile(r"[0-9.]+ Mbit/s")
_MISFIT: Final = re.compile(r"crashed with SIG(?:SEGV|ABRT|BUS)|unresolved custom op")
"""How a runtime ends that reads past what libedgetpu 16.0 hands over, as it was measured without a device."""

_BROKEN_LINK: Final = "USB transfer error"
_REFUSED: Final = ("Failed to prepare for TPU", "EdgeTpuDelegateForCustomOp")
"""Words of libedgetpu's own kernel: who hears them was understood by the runtime."""


class Compiled(Struct, frozen=True):
    """A model for the Edge TPU, and the oldest runtime version that can run it; None where its file does not tell."""

    name: str
    minimum_runtime: int | None


class Facts(Struct, frozen=True, kw_only=True):
    """What a host has for a step; nothing was opened for it.

    `library` and `chosen` say in words why there is none. `used` is a program that has the device, `tenant` another job
    of edgetpu-ci, `unseen` why somebody may have it although nobody was found.
    """

    options: Options
    library: slot.Listed | str
    driver: apex.Driver
    corals: tuple[Coral, ...]
    chosen: Coral | str
    used: str = ""
    tenant: str = ""
    unseen: str = ""
    models: tuple[Compiled, ...] = ()

    @property
    def build(self) -> str:
        """What libedgetpu is called by its checksum."""
        tpu = None if isinstance(self.library, str) else self.library.edgetpu
        return libedgetpu.name(tpu.sha256) if tpu else ""

    @property
    def runtime_version(self) -> int | None:
        """The version of the Edge TPU's runtime, which libedgetpu tells of itself."""
        tpu = None if isinstance(self.library, str) else self.library.edgetpu
        told = re.search(r"RuntimeVersion\((\d{1,9})\)", tpu.version) if tpu else None
        return int(told[1]) if told else None


def simulated() -> Finding:
    """That no device is asked."""
    return Finding("note", DEVICE, _SIMULATED)


def of_host(facts: Facts) -> Iterator[Finding]:
    """What can be said before anything is opened, from cause to effect."""
    yield _library(facts)
    yield from _device(facts)
    yield from filter(None, (_compiled(model, facts) for model in facts.models))


def runs_here(model: Compiled, facts: Facts) -> bool:
    """Whether libedgetpu is not too old for a model, as far as both tell."""
    return not _compiled(model, facts)


def of_trial(model: str, answer: slot.Answer | str, facts: Facts) -> Iterator[Finding]:
    """What became of a model that was run once; `model` is empty for one that has nothing for the device."""
    if isinstance(answer, str):
        yield _failed(model, answer, facts)
        return
    where = answer.edgetpu.where if answer.edgetpu else ""
    yield Finding("ok", DEVICE, f"{model or 'A model without anything for it'} runs{f' on {where}' if where else ''}.")
    if tpu := answer.edgetpu:
        yield Finding("ok", ADAPTER, f"{'Put between' if tpu.adapted else 'Not used'}: {tpu.because}.")


def too_old(name: str, minimum: str, runtime: str, version: str) -> str:
    """That a model wants a newer TFLite runtime; empty where that is not so, or one of the versions is not known.

    Only tflite-runtime has TensorFlow's version, which models are marked with.
    """
    wanted, there = _numbers(minimum), _numbers(version)
    if runtime != "tflite_runtime" or not wanted or not there or there >= wanted:
        return ""
    return (
        f"{name} needs TFLite {minimum} or newer, and this is tflite-runtime {version}: install a newer one, or "
        "ai-edge-litert, or convert the model with an older TensorFlow."
    )


def _library(facts: Facts) -> Finding:
    if isinstance(facts.library, str):
        return Finding("bad", LIBRARY, facts.library)
    clock = next(name for name in _CLOCKS if facts.build.endswith(name))
    version = "" if facts.runtime_version is None else f", version {facts.runtime_version} of the runtime"
    return Finding("note" if clock == "max" else "ok", LIBRARY, f"{facts.build}{version}: {_CLOCKS[clock]}.")


def _device(facts: Facts) -> Iterator[Finding]:
    chosen = facts.chosen
    if isinstance(chosen, str):
        yield _none(chosen, facts)
    elif facts.used:
        words = f"{chosen} is used by {facts.used}, and was not opened, because that can abort who uses it"
        yield Finding("bad", DEVICE, f"{words}: end that program, or name another device.")
    elif facts.tenant:
        limit = f"a run waits for it for {facts.options.device_wait_seconds:g} s at most"
        yield Finding("note", DEVICE, f"{chosen} is used by {facts.tenant}, and was not tried; {limit}.")
    else:
        yield Finding("ok", DEVICE, f"{chosen.name}, {chosen.key}: nobody is seen to use it.")
    if facts.unseen:
        yield Finding("note", DEVICE, facts.unseen)
    yield from _others(facts)
    if isinstance(chosen, Coral) and chosen.kind == "usb" and _SLOW_LINK.fullmatch(chosen.link):
        yield Finding("note", DEVICE, _slow(chosen))


def _none(why: str, facts: Facts) -> Finding:
    """Nothing to open: as the kernel sees it, unless libedgetpu sees more."""
    listed = () if isinstance(facts.library, str) else facts.library.devices
    if listed and not facts.corals:
        place = listed[0].path
        unseen = f"libedgetpu lists {place}, which /sys does not show here, so that who uses it cannot be seen"
        return Finding("note", DEVICE, f"{unseen}: on the host itself, `edgetpu-ci devices` tells.")
    known = next((coral for coral in facts.corals if coral.unusable == why), None)
    return Finding("bad", DEVICE, _unusable(known, facts) if known else why)


def _others(facts: Facts) -> Iterator[Finding]:
    """Devices that are not the one a run would take, and could not be."""
    for coral in facts.corals:
        if coral.unusable not in {"", facts.chosen}:
            yield Finding("note", DEVICE, _unusable(coral, facts))


def _unusable(coral: Coral, facts: Facts) -> str:
    if coral.kind == "usb" or coral.driver:
        return coral.unusable
    return f"The Coral at {coral.address} has no driver: {apex.explain(facts.driver)}."


def _slow(coral: Coral) -> str:
    unready = ", which its first open may change" if coral.unready else ""
    return (
        f"{coral} has a link of {coral.link}{unready}: USB 2, with which users saw 18.6 ms instead of 3.0 "
        "(google-coral/edgetpu#497); use a port for USB 3 (blue), the cable that came with the device, and no hub."
    )


def _compiled(model: Compiled, facts: Facts) -> Finding | None:
    wanted, there = model.minimum_runtime, facts.runtime_version
    if wanted is None or there is None or wanted <= there:
        return None
    words = f"{model.name} was compiled for version {wanted} of the runtime, and this libedgetpu has {there}"
    step = f"install a newer one, or compile it with `edgetpu_compiler --min_runtime_version {there}`"
    return Finding("bad", MODEL, f"{words}: {step}.")


def _failed(model: str, reason: str, facts: Facts) -> Finding:
    if _MISFIT.search(reason) and _BROKEN_LINK not in reason:
        return Finding("bad", LIBRARY, _misfit(reason, facts))
    if "could not be opened" in reason:
        words = "It is there, and libedgetpu could not open it"
        return Finding("bad", DEVICE, f"{words}: try once more, plug it in anew, and then try another port and cable.")
    if not model and any(words in reason for words in _REFUSED):
        words = "libedgetpu opened it, and refused a model without anything for it, as it should"
        return Finding("ok", DEVICE, f"{words}; name a compiled model under `models` to see one run.")
    return Finding("bad", DEVICE, f"{model}: {reason}" if model else reason)


def _misfit(reason: str, facts: Facts) -> str:
    runtime = "the runtime" if isinstance(facts.library, str) else facts.library.runtime_version
    adapted = "set `edgetpu_compat: auto`, or " if facts.options.edgetpu_compat == "never" else ""
    fitting = "install a build of libedgetpu for TF 2.19, such as feranick's 16.0TF2.19.1-1 (docs/operations.md)"
    seen = _MISFIT.search(reason)
    return f"libedgetpu ({facts.build}) and {runtime} do not fit together ({seen and seen[0]}): {adapted}{fitting}."


def _numbers(version: str) -> tuple[int, ...]:
    """The first two or three numbers of a version; none where it is no such thing."""
    found = re.match(r"(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?", version)
    return tuple(int(number or 0) for number in found.groups()) if found else ()
