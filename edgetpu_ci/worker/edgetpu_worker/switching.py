"""The task "switch": a model alone, then in turns with another one on the same device."""

import gc
import time

from .ready import Ready


def measure(runtime, request):
    """Nanoseconds of each inference of the model: alone, and right after one of the other."""
    gc.disable()
    model, other = Ready(runtime, request), Ready(runtime, dict(request, model=request["other"]))
    other.warm_up(request)
    model.warm_up(request)
    alone = _series(model, request)
    after = _series(model, request, other)
    return {"alone_ns": alone, "after_ns": after, "edgetpu": model.answer() or other.answer()}


def _series(model, request, other=None):
    """What each inference took, one of the other before each, until there are the count and the seconds wanted."""
    took, started, elapsed = [], time.perf_counter(), 0.0
    while len(took) < request["most"] and elapsed < request["limit_seconds"]:
        if other:
            other.timed()
        took.append(model.timed())
        elapsed = time.perf_counter() - started
        if len(took) >= request["count"] and elapsed >= request["seconds"]:
            break
    return took
