"""What a model is given: files, or random values that are the same everywhere."""

from functools import partial

from .failed import Failed

RANDOM_EXAMPLES = 8
"""Different random inputs whose outputs are compared."""


def read(details, request):
    """One array for each input that is timed, by tensor index."""
    files = request["inputs"]
    if not files:
        return {detail["index"]: random(detail, request["seed"], place) for place, detail in enumerate(details)}
    if len(files) != len(details):
        raise Failed("bad_input", f"the model has {len(details)} inputs and {len(files)} .npy files are given")
    return {detail["index"]: _given(detail, file) for detail, file in zip(details, files)}  # noqa: B905 - since 3.10


def random(detail, seed, place):
    """Floats from 0 to 1, integers over their whole range. RandomState draws the same in every numpy.

    The place among the inputs tells them apart, and not the tensor's index: a compiled model has other indices than
    its source, and is given the same.
    """
    import numpy as np

    dtype, shape = np.dtype(detail["dtype"]), tuple(detail["shape"])
    source = np.random.RandomState([seed, place])
    if dtype.kind == "f":
        return source.random_sample(shape).astype(dtype)
    if dtype.kind == "b":
        return source.random_sample(shape).round().astype(dtype)
    if dtype.kind in "iu":
        count = int(np.prod(shape))
        return np.frombuffer(source.bytes(count * dtype.itemsize), dtype).reshape(shape)
    raise Failed("bad_input", f"input {detail['name']} holds {dtype}, for which there are no random values")


def _given(detail, file):
    return _fitting(detail, load(file), file)


def load(file):
    """The array of a .npy file."""
    import numpy as np

    try:
        value = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise Failed("bad_input", f"{file} is not a readable .npy file: {error}") from error
    if not isinstance(value, np.ndarray):
        raise Failed("bad_input", f"{file} is an archive of arrays; save one array as .npy")
    return value


def _fitting(detail, value, file):
    import numpy as np

    # A size of -1 is free.
    sizes = [int(size) for size in detail.get("shape_signature", detail["shape"])]
    fits = len(value.shape) == len(sizes) and all(size in (-1, has) for size, has in zip(sizes, value.shape))  # noqa: B905
    if value.dtype != detail["dtype"] or not fits:
        takes, found = np.dtype(detail["dtype"]), f"{value.dtype} {list(value.shape)}"
        raise Failed("bad_input", f"{file} holds {found}, input {detail['name']} takes {takes} {sizes}")
    return value


def examples(details, request):
    """A function for the inputs of each example: a row of a file, the input that is timed, or random ones."""
    if request["examples"]:
        rows = load(request["examples"])
        if rows.ndim == 0 or len(rows) == 0:
            raise Failed("bad_input", f"{request['examples']} holds no examples")
        return [partial(_row, details[0], row, request["examples"]) for row in rows]
    if request["inputs"]:
        return [partial(read, details, request)]
    seeds = [(request["seed"] + number) % (1 << 32) for number in range(RANDOM_EXAMPLES)]
    return [partial(read, details, dict(request, seed=seed)) for seed in seeds]


def _row(detail, row, file):
    return {detail["index"]: _fitting(detail, row[None, ...], file)}
