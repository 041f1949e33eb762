"""From the request to its answer."""

import json
import os
import platform
import signal
import sys
import time

from . import library, outputs, pacing, pipeline, runtimes, soaking, switching, timing, together
from .failed import Failed

TASKS = {
    "time": timing.measure,
    "outputs": outputs.compare,
    "devices": library.devices,
    "switch": switching.measure,
    "paced": pacing.measure,
    "soak": soaking.measure,
    "together": together.measure,
    "pipeline": pipeline.measure,
}


def main():
    """Answer one request."""
    answers = _private_stdout()
    _die_with_parent()
    try:
        answer = _answer(json.load(sys.stdin))
    except Failed as failure:
        answer = {"kind": failure.kind, "text": str(failure), "python": platform.python_version()}
    with os.fdopen(answers, "w") as stream:
        json.dump(answer, stream)


def _private_stdout():
    """Keep standard output for the answer: native libraries print there."""
    private = os.dup(1)
    os.dup2(2, 1)
    return private


def _die_with_parent():
    """Ask the kernel to kill us when the process that started us ends, however it ends."""
    try:
        import ctypes

        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
    except (ImportError, OSError, TypeError, AttributeError):
        pass  # Not Linux: there the time-out ends us.


def _answer(request):
    if sys.version_info < (3, 7):
        raise Failed("old_python", platform.python_version())
    runtime = runtimes.find(request["runtime"])
    answer = {"runtime": runtime.name, "version": runtime.version, "python": platform.python_version()}
    answer["numpy"] = getattr(sys.modules.get("numpy"), "__version__", "")
    try:
        answer.update(TASKS[request["task"]](runtime, request))
    except Failed as failure:
        answer.update(kind=failure.kind, text=str(failure))
    answer["cpu_seconds"] = time.process_time()
    return answer
