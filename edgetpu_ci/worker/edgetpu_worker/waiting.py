"""Waiting to the microsecond."""

import time

_SPIN_NS = 120_000
"""So long before its end a wait stops sleeping: sleep alone is late by about this."""


def until(end):
    """Sleep, then spin, until the clock says so (`perf_counter_ns`)."""
    left = end - time.perf_counter_ns()
    if left > 2 * _SPIN_NS:
        time.sleep((left - _SPIN_NS) / 1e9)
    while time.perf_counter_ns() < end:
        pass
