"""Frames that come by a schedule, and which of them are served. Times are nanoseconds since the first was due."""

import collections
import random

_NS = 1_000_000_000


def even(rate, count):
    """When each of so many frames comes, at `rate` in a second."""
    return (number * _NS / rate for number in range(count))


def poisson(rate, count, seed):
    """The same of many sources that do not know of each other."""
    source, came = random.Random(seed), 0.0  # noqa: S311 - a schedule, not a secret
    for _ in range(count):
        yield came
        came += source.expovariate(rate) * _NS


class Queue:
    """Frames wait for one server, first come, first served.

    A frame is dropped when it comes while `most` others wait, or when it could begin only more than `deadline` after
    it came.
    """

    def __init__(self, arrivals, most, deadline):
        self._arrivals, self._most, self._deadline = iter(arrivals), most, deadline
        self._coming, self._waiting = next(self._arrivals, None), collections.deque()
        self.overflowed, self.stale = 0, 0

    def next(self, free):
        """When the frame came, or will come, that is served next if the server is free from `free` on; None: no more.

        To be asked once for each frame that is served, with times that do not fall.
        """
        while self._coming is not None and self._coming < free:
            self._admit()
        while self._waiting and free - self._waiting[0] > self._deadline:
            self._waiting.popleft()
            self.stale += 1
        if self._waiting:
            return self._waiting.popleft()
        due, self._coming = self._coming, next(self._arrivals, None)
        return due

    def _admit(self):
        if len(self._waiting) < self._most:
            self._waiting.append(self._coming)
        else:
            self.overflowed += 1
        self._coming = next(self._arrivals, None)
