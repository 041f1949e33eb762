"""Invoking again and again: how long each took, on which clock, and which failed."""

import functools
import os
import time

from .failed import Failed

MOST_FAILURES = 10
"""So many failed invokes in a row end a slot: nothing better will follow."""

STRETCH_NS = 1_000_000
"""The clocks of CPU time and waiting are read around so long a stretch of invokes: one, of any but a small model.

They are calls into the kernel, after which the next invoke takes up to a microsecond longer.
"""

LONGEST_STRETCH = 16

STEADY = 1.02
"""Warm is when the fastest of the newest invokes is not faster than the fastest before by more than this."""


class Loop:
    """Invokes one after the other: how long each took, and which failed."""

    def __init__(self, invoke, threads, stretch=1, busy=None):
        self.invoke, self.stretch = invoke, stretch
        # A runtime's further threads work for us too; only the process's clock sees them.
        self.cpu = time.thread_time_ns if threads == 1 else time.process_time_ns
        self.wait = _run_queue_clock()
        self.busy = busy or _no_clock
        self.wall, self.used, self.waited, self.busied = [], [], [], []
        self.failures, self.failed_ns, self.attempted, self.in_a_row = {}, 0, 0, 0
        self.broke_at, self.recovered = 0, []
        self.started = time.perf_counter()

    def run(self, enough):
        """Invoke until it is enough, or hopeless."""
        while not self.gave_up():
            self._invoke()
            if enough():
                break
        if not self.wall:
            raise Failed("invoke_failed", next(iter(self.failures.values()))["text"])

    def _invoke(self):
        """Invoke one stretch: time each invoke, and give each its share of CPU time and waiting."""
        now, invoke, took = time.perf_counter_ns, self.invoke, []
        busied, waited, used = self.busy(), self.wait(), self.cpu()
        for _ in range(self.stretch):
            try:
                start = now()
                invoke()
                end = now()
            except Exception as error:
                self.failed_ns += now() - start
                self._failed(error, start)
            else:
                if self.in_a_row:
                    self._recovered(end)
                took.append(end - start)
        used, waited, busied = self.cpu() - used, self.wait() - waited, self.busy() - busied
        self.attempted += self.stretch
        self.wall += took
        self.used += [used // self.stretch] * len(took)
        self.waited += [waited // self.stretch] * len(took)
        self.busied += [busied // self.stretch] * len(took)

    def gave_up(self):
        """Whether so many failed in a row that the rest was left alone."""
        return self.in_a_row >= MOST_FAILURES

    def _recovered(self, now):
        self.recovered.append(now - self.broke_at)
        self.in_a_row = 0

    def _failed(self, error, start):
        if not self.in_a_row:
            self.broke_at = start
        self.in_a_row += 1
        kind = type(error).__name__
        seen = self.failures.setdefault(kind, {"count": 0, "text": str(Failed(kind, error))})
        seen["count"] += 1

    def is_warm(self, wanted):
        """At least the count and the time wanted, then until steady or out of time."""
        took = time.perf_counter() - self.started
        enough = self.attempted >= wanted["warmup_count"] and took >= wanted["warmup_seconds"]
        return took >= wanted["warmup_limit_seconds"] or (enough and self._is_steady(wanted["warmup_count"] // 2))

    def _is_steady(self, newest):
        before, after = self.wall[:-newest], self.wall[-newest:]
        return not before or min(after) * STEADY >= min(before)

    def is_long_enough(self, wanted, share=1.0):
        """Both the count and the time wanted, or as many or as long as is allowed; or a share of all that."""
        took, done = (time.perf_counter() - self.started) / share, len(self.wall) / share
        enough = done >= wanted["count"] and took >= wanted["seconds"]
        return enough or took >= wanted["limit_seconds"] or self.attempted / share >= wanted["most"]

    def answer(self):
        """What was measured, failed invokes apart."""
        return {
            "wall_ns": self.wall,
            "cpu_ns": self.used,
            "wait_ns": self.waited if self.wait is not _no_clock else [],
            "tpu_ns": self.busied if self.busy is not _no_clock else [],
            "attempted": self.attempted,
            "spent_ns": sum(self.wall) + self.failed_ns,
            "failures": self.failures,
            "recovered_ns": self.recovered,
            "gave_up": self.gave_up(),
        }


def stretch(warm):
    """How many invokes a stretch should have, from a loop that has warmed up."""
    return max(1, min(LONGEST_STRETCH, STRETCH_NS // min(warm.wall)))


# Once: a soak makes many loops, all in one thread, and each would keep a file open.
@functools.lru_cache(maxsize=None)
def _run_queue_clock():
    """A function that reads how long this thread has waited for a CPU, in nanoseconds."""
    try:
        file = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
        _, _, timeslices = os.pread(file, 64, 0).split()
    except (OSError, ValueError):
        return _no_clock
    # A kernel that does not keep these statistics says 0.
    return (lambda: int(os.pread(file, 64, 0).split()[1])) if int(timeslices) else _no_clock


def _no_clock():
    return 0
