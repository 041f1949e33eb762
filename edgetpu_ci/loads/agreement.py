"""Whether a model answers rightly: as its base does, and as the labels say."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec.structs import replace

from edgetpu_ci.loads import model_slot
from edgetpu_ci.loads.model_slot import Options
from edgetpu_ci.loads.slot import Compared, Outputs
from edgetpu_ci.model import Measurement
from edgetpu_ci.world import World

MISMATCH, ACCURACY = "output_mismatch_percent", "accuracy_top1_percent"


def accuracy(subject: str, file: Path, options: Options, world: World) -> list[Measurement]:
    """How often the largest output is the label; nothing where no labels are given."""
    if not options.labels:
        return []
    answered = model_slot.outputs(options, file, "", "", world)
    return [_accuracy(subject, answered)]


def beside(
    subject: str, base: Path, head: Path, options: Options, world: World
) -> tuple[list[Measurement], list[Measurement]]:
    """Of the head and of the base: how often they are right; and of the head, how much its outputs differ.

    Both get the same inputs: the examples, else the input that is timed, else several random ones.
    """
    with TemporaryDirectory() as folder:
        kept = str(Path(folder, "outputs.npz"))
        of_base = replace(options, python=options.base_python or options.python)
        expected = model_slot.outputs(of_base, base, kept, "", world)
        if isinstance(expected, str):
            reason = f"the base gave no outputs to compare with: {expected}"
            return [Measurement(subject=subject, metric=MISMATCH, reason=reason)], []
        found = model_slot.outputs(options, head, "", kept, world)
    right = bool(options.labels)
    return (
        [_mismatch(subject, found), *([_accuracy(subject, found)] if right else [])],
        [_accuracy(subject, expected)] if right else [],
    )


def _accuracy(subject: str, answered: Outputs | str) -> Measurement:
    if isinstance(answered, str) or answered.correct is None or not answered.examples:
        reason = answered if isinstance(answered, str) else "the worker did not say how many answers were right"
        return Measurement(subject=subject, metric=ACCURACY, reason=reason, failed=True)
    share = 100 * answered.correct / answered.examples
    return Measurement(subject=subject, metric=ACCURACY, value=share, n=answered.examples)


def _mismatch(subject: str, found: Outputs | str) -> Measurement:
    if isinstance(found, str):
        return Measurement(subject=subject, metric=MISMATCH, reason=found, failed=True)
    elements = sum(output.elements for output in found.compared)
    differing = sum(output.differing for output in found.compared)
    if not elements:
        reason = "the outputs have no elements, so that nothing was compared"
        return Measurement(subject=subject, metric=MISMATCH, reason=reason)
    return Measurement(
        subject=subject,
        metric=MISMATCH,
        value=100 * differing / elements,
        n=found.examples,
        details=_details(found.compared),
    )


def _details(compared: Sequence[Compared]) -> tuple[tuple[str, str], ...]:
    return tuple((output.name, _told(output)) for output in compared if output.differing)


def _told(output: Compared) -> str:
    if output.text:
        return output.text
    largest = "not a number on one side" if output.largest is None else f"by up to {output.largest:.4g}"
    return f"{output.differing:,} of {output.elements:,} differ, {largest}"
