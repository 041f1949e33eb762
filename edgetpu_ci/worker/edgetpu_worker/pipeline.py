"""The task "pipeline": a model in segments, each on a device of its own, a thread each, queues between."""

import gc
import queue
import threading
import time

from .failed import Failed
from .ready import Ready


class Segment:
    """One part of a model. It takes the tensors that earlier ones left under the names of its inputs."""

    def __init__(self, runtime, request):
        self.model = Ready(runtime, request)
        self.inputs = self.model.interpreter.get_input_details()
        self.outputs = self.model.interpreter.get_output_details()
        self.took, self.failure = [], None

    def run(self, tensors):
        """Pass a frame on: the tensors there are so far, by name, and then those of this segment too."""
        start, interpreter = time.perf_counter_ns(), self.model.interpreter
        for detail in self.inputs if tensors else ():
            interpreter.set_tensor(detail["index"], tensors[detail["name"]])
        self.model.timed()
        left = {detail["name"]: interpreter.get_tensor(detail["index"]) for detail in self.outputs}
        self.took.append(time.perf_counter_ns() - start)
        return dict(tensors, **left)

    def serve(self, coming, going):
        """Pass on what comes until None does; after a failure nothing is done any more, lest somebody wait for ever."""
        frame = coming.get()
        while frame is not None:
            try:
                frame = frame if self.failure else self.run(frame)
            except Exception as error:
                self.failure = error
            going.put(frame)
            frame = coming.get()
        going.put(None)


def measure(runtime, request):
    """Nanoseconds of a frame alone, between two results of a full pipeline, and of each segment in it."""
    gc.disable()
    segments = [Segment(runtime, dict(request, **one)) for one in request["segments"]]
    _check(segments)
    for segment in segments:
        segment.model.warm_up(request)
    alone = [_alone(segments) for _ in range(request["count"])]
    for segment in segments:
        segment.took = []
    return {
        "alone_ns": alone,
        "interval_ns": _full(segments, request["count"]),
        "segments_ns": [segment.took for segment in segments],
        "moved_bytes": [_moved(segment) for segment in segments[1:]],
        "edgetpu": next((answer for answer in (one.model.answer() for one in segments) if answer), None),
    }


def _check(segments):
    """Whether each segment finds its inputs among what was left before."""
    names = set()
    for segment in segments:
        missing = sorted({detail["name"] for detail in segment.inputs} - names)
        if names and missing:
            raise Failed("bad_segments", f"no segment before it has an output named {missing[0]}")
        names |= {detail["name"] for detail in segment.outputs}


def _alone(segments):
    start, tensors = time.perf_counter_ns(), {}
    for segment in segments:
        tensors = segment.run(tensors)
    return time.perf_counter_ns() - start


def _full(segments, count):
    """Feed as many frames as are taken; the times between two results, those apart that came while it filled."""
    # Of one place each: a segment that is done waits for the next, and does not run ahead.
    queues = [queue.Queue(1) for _ in segments] + [queue.Queue()]
    ends = zip(segments, queues, queues[1:])  # noqa: B905 - since 3.10
    threads = [threading.Thread(target=one.serve, args=(coming, going)) for one, coming, going in ends]
    results = []
    collector = threading.Thread(target=_collect, args=(queues[-1], results))
    for thread in [*threads, collector]:
        thread.start()
    for frame in [{}] * count + [None]:
        queues[0].put(frame)
    for thread in [*threads, collector]:
        thread.join()
    failures = [segment.failure for segment in segments if segment.failure]
    if failures:
        raise Failed("invoke_failed", failures[0])
    full = results[len(segments) :]
    return [later - before for before, later in zip(full, full[1:])]  # noqa: B905, RUF007 - since 3.10


def _collect(going, results):
    while going.get() is not None:
        results.append(time.perf_counter_ns())


def _moved(segment):
    """Bytes that a frame takes into a segment from others."""
    interpreter = segment.model.interpreter
    return sum(int(interpreter.get_tensor(detail["index"]).nbytes) for detail in segment.inputs)
