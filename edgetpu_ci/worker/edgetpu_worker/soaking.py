"""The task "soak": one model for minutes or days, window by window; each is written down when it is over."""

import gc
import json
import signal
import time

from . import memory
from .ready import Ready

RECORDED = 20_000
"""Inferences of a window that are recorded; a tiny model makes more, and they are only counted."""


def measure(runtime, request):
    """How many windows were written, one JSON document a line, after one that says what runs."""
    gc.disable()
    # What hangs inside a library hears nothing but a signal.
    signal.alarm(int(request["warmup_limit_seconds"] + request["patience_seconds"]) + 1)
    model = Ready(runtime, request)
    model.warm_up(request)
    started, windows = time.monotonic(), 0
    with open(request["save"], "w") as file:
        _write(file, {"runtime": runtime.name, "version": runtime.version, "edgetpu": model.answer()})
        while time.monotonic() - started < request["seconds"]:
            signal.alarm(int(request["window_seconds"] + request["patience_seconds"]) + 1)
            window = _window(model, time.monotonic() + request["window_seconds"])
            window.update(seconds=time.monotonic() - started, memory_bytes=memory.now(), read=_read(request["watch"]))
            _write(file, window)
            windows += 1
    signal.alarm(0)
    return {"windows": windows, "edgetpu": model.answer()}


def _write(file, document):
    """So that it is there whatever comes."""
    file.write(json.dumps(document) + "\n")
    file.flush()


def _window(model, end):
    """Invoke until the clock says `end`."""
    attempted, completed, recorded = 0, 0, []
    while True:
        loop = model.loop()
        loop.run(lambda: len(loop.wall) >= RECORDED or time.monotonic() >= end)  # noqa: B023 - it is called in this turn
        attempted, completed = attempted + loop.attempted, completed + len(loop.wall)
        recorded = recorded or sorted(loop.wall)
        if time.monotonic() >= end:
            return {"attempted": attempted, "completed": completed, **_percentiles(recorded)}


def _percentiles(ordered):
    ranks = {"p10_ns": 0.10, "p50_ns": 0.50, "p99_ns": 0.99}
    return dict({name: ordered[int(q * (len(ordered) - 1))] for name, q in ranks.items()}, recorded=len(ordered))


def _read(files):
    """The first line of each file that is watched, "" of one that is not there."""
    return {name: _line(path) for name, path in files.items()}


def _line(path):
    try:
        with open(path, errors="replace") as file:
            return file.readline(200).strip()
    except OSError:
        return ""
