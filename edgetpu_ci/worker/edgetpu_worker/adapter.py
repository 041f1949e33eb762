"""Between libedgetpu and the runtime: hands over registrations wide enough, and times the operator.

libedgetpu 16.0 passes 64 bytes of a registration by value; tflite-runtime from 2.10 on and ai-edge-litert read past
them, and what they find there is what the stack happened to hold.
"""

import ctypes
import time

from . import abi


class Adapter:
    """A delegate for the runtime that is the one inside, with its registrations widened and its invokes timed."""

    def __init__(self, inner):
        # The runtime asks for the pointer below; the object that owns the native delegate must outlive it.
        self._inner = inner
        self._delegate = abi.Delegate.from_address(inner._get_native_delegate_pointer())  # noqa: SLF001
        self._prepare = abi.PREPARE(self._delegate.prepare)
        self._ours = abi.PREPARE(self._on_prepare)
        self._delegate.prepare = abi.address(self._ours)
        self._kept, self._busy_ns, self.operators = [], 0, 0

    def _get_native_delegate_pointer(self):
        return ctypes.addressof(self._delegate)

    def busy(self):
        """Nanoseconds spent inside the operator so far."""
        return self._busy_ns

    def _on_prepare(self, context_at, delegate_at):
        """The delegate's own `Prepare`, in a context whose way to claim nodes is ours."""
        context = abi.Context.from_address(context_at)
        genuine = context.replace_node_subsets
        replace = abi.REPLACE_WIDE(genuine)

        def on_replace(context_at, registration, nodes, delegate_at):
            return replace(context_at, self._widened(registration), nodes, delegate_at)

        wider = abi.REPLACE(on_replace)
        context.replace_node_subsets = abi.address(wider)
        try:
            return self._prepare(context_at, delegate_at)
        finally:
            context.replace_node_subsets = genuine

    def _widened(self, registration):
        wide = abi.WideRegistration()
        ctypes.memmove(ctypes.byref(wide), ctypes.byref(registration), ctypes.sizeof(registration))
        invoke = abi.PREPARE(registration.invoke)

        def timed(context_at, node_at):
            start = time.perf_counter_ns()
            status = invoke(context_at, node_at)
            self._busy_ns += time.perf_counter_ns() - start
            return status

        callback = abi.PREPARE(timed)
        self._kept.append(callback)
        self.operators += 1
        wide.known.invoke = abi.address(callback)
        return wide
