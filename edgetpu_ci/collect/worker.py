"""One slot in a process of its own: a request on standard input, measure, the answer on standard output.

Any Python from 3.7 runs this file as a script; it needs numpy and a TFLite runtime, and nothing of the toolkit.
The request is JSON: `model`; `runtime`, one of RUNTIMES or "" for the first that is found; `threads`; `inputs` (.npy
files; none: random from `seed`); and a `task`. To "time" it: `warmup_count`, `warmup_seconds` and
`warmup_limit_seconds`; and for the measured loop `count` and `seconds` (at least both), `most` (invokes) and
`limit_seconds`. For its "outputs": `save` and `expected`, files to keep them in and to compare them with, and
`examples` and `labels`, .npy files with one input and one class a row; each may be "".
The answer is JSON: what ran, and times in nanoseconds or what was compared; or the `kind` of failure with its `text`.
"""

import os
import sys

# Our neighbours' file names must not hide the modules that a runtime imports.
_HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:] = [entry for entry in sys.path if os.path.realpath(entry) != _HERE]

import gc  # noqa: E402
import importlib  # noqa: E402
import json  # noqa: E402
import platform  # noqa: E402
import signal  # noqa: E402
import time  # noqa: E402

RUNTIMES = {
    "ai_edge_litert": "ai_edge_litert.interpreter",
    "tflite_runtime": "tflite_runtime.interpreter",
    # The package index has another package of this name, without this module.
    "pycoral": "pycoral.utils.edgetpu",
}

MOST_FAILURES = 10
"""So many failed invokes in a row end a slot: nothing better will follow."""

LONGEST_TEXT = 300
"""Runtimes never clear their error buffer: the text of a failure grows with each further one."""

STRETCH_NS = 1_000_000
"""The clocks of CPU time and waiting are read around so long a stretch of invokes: one, of any but a small model.

They are calls into the kernel, after which the next invoke takes up to a microsecond longer.
"""

LONGEST_STRETCH = 16

RANDOM_EXAMPLES = 8
"""Different random inputs whose outputs are compared."""

TOLERANCE = 1e-4
"""Of the largest number of a float output: other kernels round otherwise, and that is no other answer."""

STEADY = 1.02
"""Warm is when the fastest of the newest invokes is not faster than the fastest before by more than this."""


class Failed(Exception):  # noqa: N818 - an answer, not an error of ours
    """An expected failure: its kind is for the toolkit, its text for people."""

    def __init__(self, kind, text):
        super().__init__(str(text)[:LONGEST_TEXT].encode("utf-8", "replace").decode())
        self.kind = kind


def main():
    """Answer one request."""
    answers = _private_stdout()
    _die_with_parent()
    try:
        answer = _answer(json.load(sys.stdin))
    except Failed as failure:
        answer = {"kind": failure.kind, "text": str(failure), "python": platform.python_version()}
    with os.fdopen(answers, "w") as stream:
        json.dump(answer, stream)


def _private_stdout():
    """Keep standard output for the answer: native libraries print there."""
    private = os.dup(1)
    os.dup2(2, 1)
    return private


def _die_with_parent():
    """Ask the kernel to kill us when the process that started us ends, however it ends."""
    try:
        import ctypes

        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
    except (ImportError, OSError, TypeError, AttributeError):
        pass  # Not Linux: there the time-out ends us.


def _answer(request):
    if sys.version_info < (3, 7):
        raise Failed("old_python", platform.python_version())
    runtime, interpreter_class = _find_runtime(request["runtime"])
    answer = {"runtime": runtime, "version": _version(runtime), "python": platform.python_version()}
    answer["numpy"] = getattr(sys.modules.get("numpy"), "__version__", "")
    try:
        answer.update(_TASKS[request["task"]](interpreter_class, request))
    except Failed as failure:
        answer.update(kind=failure.kind, text=str(failure))
    answer["cpu_seconds"] = time.process_time()
    return answer


def _find_runtime(named):
    """The runtime named, else the first that can be imported: its name and its Interpreter class."""
    reasons = []
    for name in [named] if named else RUNTIMES:
        try:
            module = importlib.import_module(RUNTIMES[name])
        except ImportError as error:
            reasons.append(str(error))
        else:
            return name, getattr(module, "tflite", module).Interpreter
    text = "; ".join(reasons)
    raise Failed("old_numpy" if "multiarray" in text else "no_runtime", text)


def _version(runtime):
    try:
        from importlib import metadata

        return metadata.version(runtime.replace("_", "-"))
    except ImportError:  # Python 3.7 has no metadata; a runtime from a system package may have none either.
        return getattr(sys.modules[runtime], "__version__", "")


def _construct(interpreter_class, request):
    try:
        return interpreter_class(model_path=request["model"], num_threads=request["threads"])
    except SystemError as error:
        # So ends a runtime compiled for numpy 1 with numpy 2; importing it alone does not show it.
        raise Failed("old_numpy", error) from error
    except Exception as error:
        raise Failed("load_failed", error) from error


def _measure(interpreter_class, request):
    # A collection between two invokes is ours, not the model's.
    gc.disable()
    started = time.perf_counter_ns()
    interpreter = _construct(interpreter_class, request)
    constructed = time.perf_counter_ns()
    inputs = _inputs(interpreter.get_input_details(), request)
    allocating = time.perf_counter_ns()
    _allocate(interpreter, inputs)
    loaded = time.perf_counter_ns()
    for index, value in inputs.items():
        interpreter.set_tensor(index, value)
    warm = Loop(interpreter.invoke, request["threads"])
    warm.run(lambda: warm.is_warm(request))
    loop = Loop(interpreter.invoke, request["threads"], stretch(warm))
    loop.run(lambda: loop.is_long_enough(request))
    load = (constructed - started) + (loaded - allocating)
    return dict(loop.answer(), load_ns=load, first_ns=warm.wall[0], memory_bytes=_memory_peak())


def _allocate(interpreter, inputs):
    try:
        for detail in interpreter.get_input_details():
            shape = inputs[detail["index"]].shape
            if shape != tuple(detail["shape"]):
                interpreter.resize_tensor_input(detail["index"], shape)
        interpreter.allocate_tensors()
    except Exception as error:
        kind = "no_delegate" if "edgetpu-custom-op" in str(error) else "allocate_failed"
        raise Failed(kind, error) from error


def _inputs(details, request):
    """One array for each input, by tensor index."""
    files = request["inputs"]
    if not files:
        return {detail["index"]: _random(detail, request["seed"]) for detail in details}
    if len(files) != len(details):
        raise Failed("bad_input", f"the model has {len(details)} inputs and {len(files)} .npy files are given")
    return {detail["index"]: _given(detail, file) for detail, file in zip(details, files)}  # noqa: B905 - since 3.10


def _random(detail, seed):
    """Floats from 0 to 1, integers over their whole range. RandomState draws the same in every numpy."""
    import numpy as np

    dtype, shape = np.dtype(detail["dtype"]), tuple(detail["shape"])
    source = np.random.RandomState([seed, detail["index"]])
    if dtype.kind == "f":
        return source.random_sample(shape).astype(dtype)
    if dtype.kind == "b":
        return source.random_sample(shape).round().astype(dtype)
    if dtype.kind in "iu":
        count = int(np.prod(shape))
        return np.frombuffer(source.bytes(count * dtype.itemsize), dtype).reshape(shape)
    raise Failed("bad_input", f"input {detail['name']} holds {dtype}, for which there are no random values")


def _given(detail, file):
    return _fitting(detail, _loaded(file), file)


def _loaded(file):
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


def _outputs(interpreter_class, request):
    """What the model answers to each example: kept, compared with what another answered, and with the labels."""
    import numpy as np

    interpreter = _construct(interpreter_class, request)
    answers = [_answer_to(interpreter, inputs) for inputs in _examples(interpreter.get_input_details(), request)]
    outputs = [np.stack(rows) for rows in zip(*answers)]  # noqa: B905 - since 3.10
    if request["save"]:
        np.savez(request["save"], *outputs)
    found = {"examples": len(answers)}
    if request["expected"]:
        found["compared"] = _compared(_details(interpreter), outputs, request["expected"])
    if request["labels"]:
        found["correct"] = _correct(answers, _loaded(request["labels"]).reshape(-1))
    return found


def _correct(answers, labels):
    """How many answers have their label as the largest number of their first output."""
    import numpy as np

    if len(labels) != len(answers):
        raise Failed("bad_input", f"there are {len(answers)} examples and {len(labels)} labels")
    if any(row[0].size == 0 for row in answers):
        raise Failed("no_output", "the model's first output is empty; none of it is the largest")
    return int(sum(int(np.argmax(row[0])) == int(label) for row, label in zip(answers, labels)))  # noqa: B905


def _answer_to(interpreter, inputs):
    _allocate(interpreter, inputs)
    for index, value in inputs.items():
        interpreter.set_tensor(index, value)
    try:
        interpreter.invoke()
    except Exception as error:
        raise Failed("invoke_failed", error) from error
    return [interpreter.get_tensor(detail["index"]) for detail in _details(interpreter)]


def _details(interpreter):
    return interpreter.get_output_details()


def _examples(details, request):
    """The inputs of each example: a row of a file, the input that is timed, or random ones."""
    if request["examples"]:
        rows = _loaded(request["examples"])
        if rows.ndim == 0 or len(rows) == 0:
            raise Failed("bad_input", f"{request['examples']} holds no examples")
        for row in rows:
            yield {details[0]["index"]: _fitting(details[0], row[None, ...], request["examples"])}
    elif request["inputs"]:
        yield _inputs(details, request)
    else:
        for number in range(RANDOM_EXAMPLES):
            yield _inputs(details, dict(request, seed=(request["seed"] + number) % (1 << 32)))


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


class Loop:
    """Invokes one after the other: how long each took, and which failed."""

    def __init__(self, invoke, threads, stretch=1):
        self.invoke, self.stretch = invoke, stretch
        # A runtime's further threads work for us too; only the process's clock sees them.
        self.cpu = time.thread_time_ns if threads == 1 else time.process_time_ns
        self.wait = _run_queue_clock()
        self.wall, self.used, self.waited = [], [], []
        self.failures, self.failed_ns, self.attempted, self.in_a_row = {}, 0, 0, 0
        self.started = time.perf_counter()

    def run(self, enough):
        """Invoke until it is enough, or hopeless."""
        while self.in_a_row < MOST_FAILURES:
            self._invoke()
            if enough():
                break
        if not self.wall:
            raise Failed("invoke_failed", next(iter(self.failures.values()))["text"])

    def _invoke(self):
        """Invoke one stretch: time each invoke, and give each its share of CPU time and waiting."""
        now, invoke, took = time.perf_counter_ns, self.invoke, []
        waited, used = self.wait(), self.cpu()
        for _ in range(self.stretch):
            try:
                start = now()
                invoke()
                end = now()
            except Exception as error:
                self.failed_ns += now() - start
                self._failed(error)
            else:
                self.in_a_row = 0
                took.append(end - start)
        used, waited = self.cpu() - used, self.wait() - waited
        self.attempted += self.stretch
        self.wall += took
        self.used += [used // self.stretch] * len(took)
        self.waited += [waited // self.stretch] * len(took)

    def _failed(self, error):
        self.in_a_row += 1
        kind = type(error).__name__
        seen = self.failures.setdefault(kind, {"count": 0, "text": str(Failed(kind, error))})
        seen["count"] += 1

    def is_warm(self, wanted):
        """At least the count and the time wanted, then until steady or out of time."""
        took = time.perf_counter() - self.started
        enough = self.attempted >= wanted["warmup_count"] and took >= wanted["warmup_seconds"]
        return took >= wanted["warmup_limit_seconds"] or (enough and self._is_steady(wanted["warmup_count"] // 2))

    def _is_steady(self, newest):
        before, after = self.wall[:-newest], self.wall[-newest:]
        return not before or min(after) * STEADY >= min(before)

    def is_long_enough(self, wanted):
        """Both the count and the time wanted, or as many or as long as is allowed."""
        took = time.perf_counter() - self.started
        enough = len(self.wall) >= wanted["count"] and took >= wanted["seconds"]
        return enough or took >= wanted["limit_seconds"] or self.attempted >= wanted["most"]

    def answer(self):
        """What was measured, failed invokes apart."""
        return {
            "wall_ns": self.wall,
            "cpu_ns": self.used,
            "wait_ns": self.waited if self.wait is not _no_clock else [],
            "attempted": self.attempted,
            "spent_ns": sum(self.wall) + self.failed_ns,
            "failures": self.failures,
        }


def stretch(warm):
    """How many invokes a stretch should have, from a loop that has warmed up."""
    return max(1, min(LONGEST_STRETCH, STRETCH_NS // min(warm.wall)))


def _run_queue_clock():
    """A function that reads how long this thread has waited for a CPU, in nanoseconds."""
    try:
        file = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
        _, _, timeslices = os.pread(file, 64, 0).split()
    except (OSError, ValueError):
        return _no_clock
    # A kernel that does not keep these statistics says 0.
    return (lambda: int(os.pread(file, 64, 0).split()[1])) if int(timeslices) else _no_clock


def _no_clock():
    return 0


def _memory_peak():
    """Peak resident bytes of this program; ru_maxrss would begin with what our parent had when it started us."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return 0


_TASKS = {"time": _measure, "outputs": _outputs}

if __name__ == "__main__":
    main()
