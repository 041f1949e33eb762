"""The task "paced": frames come by a schedule, whatever the model does; each is timed from when it was due."""

import gc
import time

from . import arriving, waiting
from .failed import Failed
from .ready import Ready

LEAD_NS = 5_000_000
"""Between the warm-up and the first frame."""


def measure(runtime, request):
    """Nanoseconds that each served frame waited and took, and how many were dropped or failed."""
    gc.disable()
    model = Ready(runtime, request)
    model.warm_up(request)
    queue = arriving.Queue(_arrivals(request), request["queue"], request["deadline_ns"])
    waited, took, failures = _serve(model, queue)
    if not took:
        raise Failed("invoke_failed", failures[0] if failures else "no frame was served")
    return {
        "wait_ns": waited,
        "service_ns": took,
        "stale": queue.stale,
        "overflowed": queue.overflowed,
        "failed": len(failures),
        "edgetpu": model.answer(),
    }


def _arrivals(request):
    if request["arrivals"] == "poisson":
        return arriving.poisson(request["rate"], request["count"], request["draw"])
    return arriving.even(request["rate"], request["count"])


def _serve(model, queue):
    now = time.perf_counter_ns
    begin = now() + LEAD_NS
    waited, took, failures = [], [], []
    due = queue.next(0)
    while due is not None:
        waiting.until(begin + int(due))
        start = now()
        try:
            took.append(model.timed())
        except Failed as failure:
            failures.append(str(failure))
        else:
            waited.append(start - begin - int(due))
        due = queue.next(now() - begin)
    return waited, took, failures
