"""Whether a compiled model answers as the model it was compiled from does on the CPU, checked while it is timed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from edgetpu_ci.loads import model_slot, models
from edgetpu_ci.loads.model_slot import Options
from edgetpu_ci.loads.sampled import six_digits
from edgetpu_ci.loads.slot import Answer, Apart, Checked, device
from edgetpu_ci.model import Measurement
from edgetpu_ci.world import World

METRICS: Final = ("output_steps_max", "output_steps_mean", "top1_agreement_percent", "outputs_stuck")

MOST: Final = 32
"""Inputs that are checked, as many as the worker takes."""


class Reference(Struct, frozen=True, kw_only=True):
    """The file with what the CPU answered, and the model's inputs and outputs in words; or why there is none."""

    file: str = ""
    takes: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    reason: str = ""


def reference(compiled: Path, source: Path | str, folder: Path, options: Options, world: World) -> Reference | None:
    """Ask the source model, or say why that cannot be; None where no source model is named, or nothing is compiled."""
    if not options.source_model or not models.is_compiled(compiled):
        return None
    reason = source if isinstance(source, str) else _unfit(source, options)
    if reason or isinstance(source, str):
        return Reference(reason=reason)
    file = str(folder / f"{len(list(folder.iterdir()))}.npz")
    said = model_slot.outputs(replace(options, labels=""), source, file, "", world, first=MOST)
    if isinstance(said, str):
        return Reference(reason=f"the source model {source.name}: {said}")
    return Reference(file=file, takes=said.takes, gives=said.gives)


def expected(known: Reference | None) -> str | None:
    """The file for a slot; "" where there is none, None where nobody asks."""
    return known.file if known else None


def _unfit(source: Path, options: Options) -> str:
    if options.is_simulated:
        return "a simulated Edge TPU computes nothing"
    if refused := models.refuse(source):
        return f"the source model: {refused}"
    if models.is_compiled(source):
        return f"the source model {source.name} is itself compiled; name what it was compiled from"
    return ""


def measurements(subject: str, known: Reference | None, slots: Sequence[Answer], options: Options) -> list[Measurement]:
    """How far what timed invokes answered is from what the CPU did; nothing where nobody asked, or nothing ran."""
    if known is None or not slots:
        return []
    where = device(slots, options.threads)
    return [replace(measured, device=where) for measured in _measured(subject, known, slots, options)]


def _measured(subject: str, known: Reference, slots: Sequence[Answer], options: Options) -> list[Measurement]:
    reason = known.reason or _differs(known, slots[0])
    checked = [slot.checked for slot in slots if slot.checked]
    if reason or not checked:
        reason, failed = reason or "no outputs were read", not options.is_simulated
        return [Measurement(subject=subject, metric=metric, reason=reason, failed=failed) for metric in METRICS]
    return [_largest(subject, checked), _mean(subject, checked), _top1(subject, checked), _stuck(subject, checked)]


def _differs(known: Reference, answer: Answer) -> str:
    if known.takes != answer.takes:
        return f"the source model takes {_list(known.takes)}, the compiled one {_list(answer.takes)}: it is another one"
    if known.gives != answer.gives:
        return f"the source model gives {_list(known.gives)}, the compiled one {_list(answer.gives)}: it is another one"
    return ""


def _list(kinds: Sequence[str]) -> str:
    return " and ".join(kinds) or "nothing"


def _largest(subject: str, checked: Sequence[Checked]) -> Measurement:
    known = [apart.steps_max for apart in _all(checked)]
    numbers = [steps for steps in known if steps is not None]
    metric, n = "output_steps_max", _examples(checked)
    if len(numbers) < len(known):
        return Measurement(subject=subject, metric=metric, reason=_NO_NUMBER, n=n)
    worst = {
        apart.name: max(a.steps_max or 0 for a in _all(checked) if a.name == apart.name) for apart in _all(checked)
    }
    details = tuple((name, f"up to {steps:.4g} steps") for name, steps in worst.items() if steps)
    value = six_digits(max(numbers, default=0.0))
    return Measurement(subject=subject, metric=metric, value=value, n=n, details=details)


_NO_NUMBER: Final = "some output is no number (NaN or infinite) where the CPU's is one"


def _mean(subject: str, checked: Sequence[Checked]) -> Measurement:
    """Over all elements: outputs weigh by their size."""
    metric, n = "output_steps_mean", _examples(checked)
    known = [(apart.steps_mean, apart.elements) for apart in _all(checked) if apart.elements]
    if any(mean is None for mean, _ in known):
        return Measurement(subject=subject, metric=metric, reason=_NO_NUMBER, n=n)
    total = sum(elements for _, elements in known)
    value = sum((mean or 0.0) * elements for mean, elements in known) / total if total else 0.0
    return Measurement(subject=subject, metric=metric, value=six_digits(value), n=n)


def _top1(subject: str, checked: Sequence[Checked]) -> Measurement:
    metric, n = "top1_agreement_percent", _examples(checked)
    known = [(each.agreeing, each.examples) for each in checked]
    if any(agreeing is None for agreeing, _ in known):
        return Measurement(subject=subject, metric=metric, reason="the first output is a single number", n=n)
    shares = tuple(six_digits(100 * (agreeing or 0) / examples) for agreeing, examples in known)
    share = 100 * sum(agreeing or 0 for agreeing, _ in known) / sum(examples for _, examples in known)
    return Measurement(subject=subject, metric=metric, value=six_digits(share), n=n, slots=shares)


def _stuck(subject: str, checked: Sequence[Checked]) -> Measurement:
    found = {apart.name: apart.stuck for apart in _all(checked) if apart.stuck}
    return Measurement(
        subject=subject,
        metric="outputs_stuck",
        value=len(found),
        n=_examples(checked),
        details=tuple(found.items()),
    )


def _all(checked: Sequence[Checked]) -> list[Apart]:
    return [apart for each in checked for apart in each.outputs]


def _examples(checked: Sequence[Checked]) -> int:
    return max(each.examples for each in checked)
