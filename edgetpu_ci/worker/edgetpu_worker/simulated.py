"""A simulated Edge TPU: it takes the operators that a real one takes, and the time it is told.

Outputs are zeros: nothing is computed. It is told milliseconds of each operator that it took, of which most compiled
models have one: `latency_ms`, `jitter_ms` (up to so much more, from `seed`), `first_ms` more for the first one,
`reload_ms` more for one after another model's on the same device; `open_ms`; and `slow_after` so many operators
`slow_ms` each, and `fail_every`, each so many operators one that fails (0: never).
"""

import ctypes
import random
import time

from . import abi, waiting

CUSTOM_OP = b"edgetpu-custom-op"

_NS_PER_MS = 1_000_000

_RAN_LAST = {}
"""By device: whose operator ran there last in this process, whose parameters the device so holds."""


class Simulated:
    """A delegate made of callbacks, without a library."""

    def __init__(self, told, device=""):
        self._device = device
        self._told, self._random = told, random.Random(told["seed"])  # noqa: S311 - noise, not a secret
        waiting.until(time.perf_counter_ns() + int(told["open_ms"] * _NS_PER_MS))
        self._name = ctypes.create_string_buffer(b"EdgeTpuDelegateForCustomOp")
        self._registration, self._callbacks = self._register()
        self._prepare = abi.PREPARE(self._on_prepare)
        self._delegate = abi.Delegate(prepare=abi.address(self._prepare), flags=abi.ALLOW_DYNAMIC_TENSORS)
        self._busy_ns, self._invoked, self.operators = 0, 0, 0

    def _get_native_delegate_pointer(self):
        return ctypes.addressof(self._delegate)

    def busy(self):
        """Nanoseconds spent inside the operator so far."""
        return self._busy_ns

    def _register(self):
        callbacks = {
            "init": abi.INIT(lambda _context, _buffer, _length: 1),
            "free": abi.FREE(lambda _context, _data: None),
            "prepare": abi.PREPARE(lambda _context, _node: abi.OK),
            "invoke": abi.PREPARE(self._on_invoke),
        }
        wide = abi.WideRegistration()
        for name, callback in callbacks.items():
            setattr(wide.known, name, abi.address(callback))
        wide.known.custom_name = ctypes.addressof(self._name)
        wide.known.version = 1
        return wide, callbacks

    def _on_prepare(self, context_at, delegate_at):
        """Claim each node of the Edge TPU singly, as libedgetpu does."""
        context = abi.Context.from_address(context_at)
        replace = abi.REPLACE_WIDE(context.replace_node_subsets)
        nodes = [node for node in _plan(context_at, context) if _is_ours(context_at, context, node)]
        for node in nodes:
            one = (ctypes.c_int * 2)(1, node)
            if replace(context_at, self._registration, ctypes.addressof(one), delegate_at) != abi.OK:
                return abi.ERROR
        self.operators += len(nodes)
        return abi.OK

    def _on_invoke(self, context_at, node_at):
        start = time.perf_counter_ns()
        self._invoked += 1
        if self._told["fail_every"] and self._invoked % self._told["fail_every"] == 0:
            return abi.ERROR
        _clear_outputs(context_at, node_at)
        waiting.until(start + int(self._duration_ms() * _NS_PER_MS))
        self._busy_ns += time.perf_counter_ns() - start
        return abi.OK

    def _duration_ms(self):
        told = self._told
        slow = told["slow_after"] and self._invoked > told["slow_after"]
        more = (told["first_ms"] if self._invoked == 1 else 0) + (told["reload_ms"] if self._is_switch() else 0)
        return (told["slow_ms"] if slow else told["latency_ms"]) + told["jitter_ms"] * self._random.random() + more

    def _is_switch(self):
        """Whether another model's operator ran here since ours; from now on ours did."""
        last, _RAN_LAST[self._device] = _RAN_LAST.get(self._device, self), self
        return last is not self


def _plan(context_at, context):
    plan = abi.Pointer()
    abi.GET_PLAN(context.get_execution_plan)(context_at, ctypes.byref(plan))
    # A copy: the plan changes while nodes are claimed.
    return abi.integers(plan.value)


def _is_ours(context_at, context, number):
    node, registration = abi.Pointer(), abi.Pointer()
    get = abi.GET_NODE(context.get_node_and_registration)
    get(context_at, number, ctypes.byref(node), ctypes.byref(registration))
    name = abi.Registration.from_address(registration.value).custom_name
    return bool(name) and ctypes.string_at(name) == CUSTOM_OP


def _clear_outputs(context_at, node_at):
    tensors = abi.Context.from_address(context_at).tensors
    for number in abi.integers(abi.Node.from_address(node_at).outputs):
        if number >= 0:
            tensor = abi.Tensor.from_address(tensors + number * ctypes.sizeof(abi.Tensor))
            if tensor.data:
                ctypes.memset(tensor.data, 0, tensor.bytes)
