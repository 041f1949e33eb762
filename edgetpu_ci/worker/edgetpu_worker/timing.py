"""The task "time": how long one model takes, from opening its device to the warm loop."""

import gc
import time
from functools import partial

from . import checking, edgetpu, memory, preparing
from .loop import Loop, stretch


def measure(runtime, request):
    """Nanoseconds of opening, loading, the first invoke and each warm one."""
    # A collection between two invokes is ours, not the model's.
    gc.disable()
    now, opening = time.perf_counter_ns, time.time()
    tpu = edgetpu.open_for(runtime, request)
    started = now()
    interpreter = runtime.construct(request, tpu and tpu.delegate)
    constructed = now()
    given = checking.given(interpreter.get_input_details(), request)
    values = given[0]()
    allocating = now()
    preparing.allocate(interpreter, values)
    loaded = now()
    preparing.fill(interpreter, values)
    loading = [opening, time.time()]
    warm = Loop(interpreter.invoke, request["threads"])
    warm.run(lambda: warm.is_warm(request))
    loop = Loop(interpreter.invoke, request["threads"], stretch(warm), tpu and tpu.busy)
    began = time.time()
    loop.run(partial(loop.is_long_enough, request, 1 / len(given)))
    # Before a further input is made and an output kept: they are ours.
    held = memory.peak()
    sampled = _sampled(interpreter, loop, given, request) if request.get("check") else {}
    timed = [began, time.time()]
    return dict(
        loop.answer(),
        **_checked(interpreter, sampled, request),
        edgetpu=tpu and tpu.answer(),
        load_ns=(constructed - started) + (loaded - allocating),
        first_ns=warm.wall[0],
        memory_bytes=held,
        loading=loading,
        timed=timed,
    )


def _sampled(interpreter, loop, given, request):
    """The rest of the loop, an equal part with each further input: what its last invoke with each answered.

    Inputs are put in and outputs read between two stretches of invokes, outside what is timed.
    """
    sampled = {}
    for number, make in enumerate(given):
        if number and not loop.gave_up():
            preparing.fill(interpreter, make())
            loop.run(partial(loop.is_long_enough, request, (number + 1) / len(given)))
        if not loop.in_a_row:
            sampled[number] = checking.read(interpreter)
    return sampled


def _checked(interpreter, sampled, request):
    if not sampled:
        return {}
    found = checking.against(interpreter, sampled, request["check"]["expected"])
    return dict(checking.signature(interpreter), checked=found)
