"""The task "together": one of several processes that begin at the same time."""

import gc
import os
import time

from .failed import Failed
from .loop import stretch
from .ready import Ready

LOOK_SECONDS = 0.0005


def measure(runtime, request):
    """What the task "time" says of the warm loop, and how long that took in all."""
    gc.disable()
    model = Ready(runtime, request)
    warm = model.warm_up(request)
    _meet(request)
    started, loop = time.perf_counter_ns(), model.loop(stretch(warm))
    loop.run(lambda: loop.is_long_enough(request))
    return dict(loop.answer(), span_ns=time.perf_counter_ns() - started, edgetpu=model.answer())


def _meet(request):
    """Wait until all are here: each leaves a file in the folder where they meet."""
    folder = request["meeting"]
    end = time.perf_counter() + request["meeting_seconds"]
    with open(os.path.join(folder, str(request["place"])), "w"):
        pass
    while len(os.listdir(folder)) < request["together"]:
        if time.perf_counter() > end:
            raise Failed("alone", f"of {request['together']} processes {len(os.listdir(folder))} were ready in time")
        time.sleep(LOOK_SECONDS)
