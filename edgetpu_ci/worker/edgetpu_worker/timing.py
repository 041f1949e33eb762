"""The task "time": how long one model takes, from opening its device to the warm loop."""

import gc
import time

from . import edgetpu, inputs, memory, preparing
from .loop import Loop, stretch


def measure(runtime, request):
    """Nanoseconds of opening, loading, the first invoke and each warm one."""
    # A collection between two invokes is ours, not the model's.
    gc.disable()
    now = time.perf_counter_ns
    tpu = edgetpu.open_for(runtime, request)
    started = now()
    interpreter = runtime.construct(request, tpu and tpu.delegate)
    constructed = now()
    values = inputs.read(interpreter.get_input_details(), request)
    allocating = now()
    preparing.allocate(interpreter, values)
    loaded = now()
    preparing.fill(interpreter, values)
    warm = Loop(interpreter.invoke, request["threads"])
    warm.run(lambda: warm.is_warm(request))
    loop = Loop(interpreter.invoke, request["threads"], stretch(warm), tpu and tpu.busy)
    began = time.time()
    loop.run(lambda: loop.is_long_enough(request))
    timed = [began, time.time()]
    return dict(
        loop.answer(),
        edgetpu=tpu and tpu.answer(),
        load_ns=(constructed - started) + (loaded - allocating),
        first_ns=warm.wall[0],
        memory_bytes=memory.peak(),
        timed=timed,
    )
