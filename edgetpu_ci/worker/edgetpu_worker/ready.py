"""A model that is ready to be invoked, on its device."""

import time

from . import edgetpu, inputs, preparing
from .failed import Failed
from .loop import Loop


class Ready:
    """An interpreter with its inputs filled, and the Edge TPU it has: None where it uses none."""

    def __init__(self, runtime, request):
        self.tpu = edgetpu.open_for(runtime, request)
        self.interpreter = runtime.construct(request, self.tpu and self.tpu.delegate)
        values = inputs.read(self.interpreter.get_input_details(), request)
        preparing.allocate(self.interpreter, values)
        preparing.fill(self.interpreter, values)
        self._threads = request["threads"]

    def loop(self, stretch=1):
        """To invoke it again and again."""
        return Loop(self.interpreter.invoke, self._threads, stretch, self.tpu and self.tpu.busy)

    def warm_up(self, request):
        """Invoke until warm; the loop that did."""
        loop = self.loop()
        loop.run(lambda: loop.is_warm(request))
        return loop

    def timed(self):
        """Nanoseconds that one inference takes."""
        start = time.perf_counter_ns()
        try:
            self.interpreter.invoke()
        except Exception as error:
            raise Failed("invoke_failed", error) from error
        return time.perf_counter_ns() - start

    def answer(self):
        """What is known of its device."""
        return self.tpu and self.tpu.answer()
