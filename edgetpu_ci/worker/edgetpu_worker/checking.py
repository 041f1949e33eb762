"""What timed invokes answered, against what the model on the CPU did for the same inputs."""

from functools import partial

from . import inputs

MOST = 32
"""Inputs that a timed slot takes turns with, at the most."""

MOVES = 3
"""In steps: what changes by less on the CPU may well stay the same elsewhere."""

LEVELS = 255
"""So many steps make the largest number of a float output, which has none of its own."""


def given(details, request):
    """Functions for the inputs of the timed loop: of what is timed, or where outputs are checked, of the examples."""
    wanted = request.get("check")
    if not wanted:
        return [partial(inputs.read, details, request)]
    return inputs.examples(details, dict(request, examples=wanted["examples"]))[:MOST]


def read(interpreter):
    """A copy of each output, as the last invoke left it."""
    return [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]


def signature(interpreter):
    """What a model takes and gives, in words that are the same for a model and what is compiled from it."""
    takes, gives = interpreter.get_input_details(), interpreter.get_output_details()
    return {"takes": [_kind(detail) for detail in takes], "gives": [_kind(detail) for detail in gives]}


def _kind(detail):
    import numpy as np

    scale, zero = detail.get("quantization", (0.0, 0))
    quantized = f" in steps of {scale:.4g} around {zero}" if scale else ""
    return f"{np.dtype(detail['dtype'])} {[int(size) for size in detail['shape']]}{quantized}"


def against(interpreter, sampled, file):
    """How far the outputs sampled, by the number of their input, are from the expected ones in a file.

    None where nothing is expected, or is of another shape: then their signatures differ too.
    """
    import numpy as np

    if not file:
        return None

    numbers = sorted(sampled)
    found = [np.stack(rows) for rows in zip(*(sampled[number] for number in numbers))]  # noqa: B905 - since 3.10
    with np.load(file) as archive:
        expected = [archive[name][numbers] for name in archive.files]
    if not found or [each.shape for each in found] != [each.shape for each in expected]:
        return None
    details = interpreter.get_output_details()
    outputs = [_against(str(detail["name"]), *both) for detail, *both in zip(details, expected, found)]  # noqa: B905
    return {"examples": len(numbers), "agreeing": _agreeing(details[0], expected[0], found[0]), "outputs": outputs}


def _step(expected):
    """The size of one step, in the output's own numbers."""
    import numpy as np

    finite = np.abs(expected[np.isfinite(expected)])
    return float(finite.max(initial=0.0)) / LEVELS or 1.0 if expected.dtype.kind == "f" else 1.0


def _against(name, expected, found):
    import numpy as np

    step = _step(expected)
    with np.errstate(invalid="ignore"):
        apart = np.abs(found.astype(np.float64) - expected.astype(np.float64)) / step
    apart[(found == expected) | (np.isnan(found) & np.isnan(expected))] = 0.0
    sound = bool(np.isfinite(apart).all())
    return {
        "name": name,
        "elements": int(apart.size),
        "steps_max": float(apart.max(initial=0.0)) if sound else None,
        "steps_mean": float(apart.mean()) if sound and apart.size else None,
        "stuck": _stuck(expected.astype(np.float64) / step, found) if sound else "is no number where the CPU's is one",
    }


def _stuck(expected, found):
    """In words how an output does not move where the CPU's does; "" when it moves, or nothing is known of it."""
    count = len(found)
    if not found.size:
        return ""
    expected, rows = expected.reshape(count, -1), found.reshape(count, -1)
    if bool((rows == rows[:, :1]).all()) and (expected.max(1) - expected.min(1)).max() >= MOVES:
        return "is one number throughout"
    if count > 1 and bool((rows == rows[:1]).all()) and (expected.max(0) - expected.min(0)).max() >= MOVES:
        return "is the same for every input"
    return ""


def _agreeing(detail, expected, found):
    """For how many inputs the largest number is where the CPU has its largest, or one within a step of that.

    Whole numbers without a scale are classes themselves: of each input the share that is equal. None of an output that
    has less than two numbers, which is no choice.
    """
    count = len(found)
    if found.dtype.kind in "iu" and not detail["quantization"][0]:
        return float((found == expected).mean()) * count if found.size else None
    if found.size < 2 * count:
        return None
    expected, places = expected.reshape(count, -1), found.reshape(count, -1).argmax(1)
    step = _step(expected)
    return float(sum(row[place] >= row.max() - step for row, place in zip(expected, places)))  # noqa: B905
