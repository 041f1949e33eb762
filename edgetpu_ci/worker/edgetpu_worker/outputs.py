"""The task "outputs": what a model answers, compared with what another did, and with labels."""

from . import checking, edgetpu, inputs, preparing
from .failed import Failed

TOLERANCE = 1e-4
"""Of the largest number of a float output: other kernels round otherwise, and that is no other answer."""


def compare(runtime, request):
    """What a model answers to each example: kept, compared with what another answered, and with the labels."""
    import numpy as np

    tpu = edgetpu.open_for(runtime, request)
    interpreter = runtime.construct(request, tpu and tpu.delegate)
    examples = inputs.examples(interpreter.get_input_details(), request)[: request.get("first")]
    answers = [_answer_to(interpreter, values()) for values in examples]
    outputs = [np.stack(rows) for rows in zip(*answers)]  # noqa: B905 - since 3.10
    if request["save"]:
        np.savez(request["save"], *outputs)
    found = dict(checking.signature(interpreter), examples=len(answers), edgetpu=tpu and tpu.answer())
    if request["expected"]:
        found["compared"] = _compared(_details(interpreter), outputs, request["expected"])
    if request["labels"]:
        found["correct"] = _correct(answers, inputs.load(request["labels"]).reshape(-1))
    return found


def _correct(answers, labels):
    """How many answers have their label as the largest number of their first output."""
    import numpy as np

    if len(labels) != len(answers):
        raise Failed("bad_input", f"there are {len(answers)} examples and {len(labels)} labels")
    if any(row[0].size == 0 for row in answers):
        raise Failed("no_output", "the model's first output is empty; none of it is the largest")
    return int(sum(int(np.argmax(row[0])) == int(label) for row, label in zip(answers, labels)))  # noqa: B905


def _answer_to(interpreter, values):
    preparing.allocate(interpreter, values)
    preparing.fill(interpreter, values)
    try:
        interpreter.invoke()
    except Exception as error:
        raise Failed("invoke_failed", error) from error
    return checking.read(interpreter)


def _details(interpreter):
    return interpreter.get_output_details()


def _compared(details, outputs, file):
    """How much of each output differs: any of integers, beyond the tolerance of floats."""
    import numpy as np

    with np.load(file) as archive:
        expected = [archive[name] for name in archive.files]
    if len(expected) != len(outputs):
        text = f"{len(expected)} outputs against {len(outputs)}"
        return [{"name": "all", "elements": 1, "differing": 1, "largest": None, "text": text}]
    return [_difference(str(detail["name"]), *both) for detail, *both in zip(details, expected, outputs)]  # noqa: B905


def _difference(name, expected, found):
    import numpy as np

    shapes = [f"{array.dtype} {list(array.shape[1:])}" for array in (expected, found)]
    if shapes[0] != shapes[1]:
        text = f"{shapes[0]} against {shapes[1]}"
        return {"name": name, "elements": 1, "differing": 1, "largest": None, "text": text}
    before, after = expected.astype(np.float64), found.astype(np.float64)
    with np.errstate(invalid="ignore"):
        apart = np.abs(after - before)
    apart[(before == after) | (np.isnan(before) & np.isnan(after))] = 0.0
    scale = np.abs(before[np.isfinite(before)]).max(initial=0.0)
    allowed = TOLERANCE * scale if expected.dtype.kind == "f" else 0.0
    # What is not a number on one side alone is not within any tolerance.
    differing = int(np.count_nonzero(~(apart <= allowed)))
    largest = float(apart.max(initial=0.0))
    is_number = bool(np.isfinite(largest))
    return {
        "name": name,
        "elements": int(apart.size),
        "differing": differing,
        "largest": largest if is_number else None,
        "text": "",
    }
