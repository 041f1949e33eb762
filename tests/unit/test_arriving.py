"""Frames that come by a schedule, on a clock that is only a number."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from statistics import fmean
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetpu_ci.worker.edgetpu_worker.arriving import Queue, even, poisson

MS = 1e6
FOR_EVER = 1e30


class Frame(NamedTuple):
    due: float
    began: float


def serve(queue: Queue, service: float | Iterable[float]) -> Iterator[Frame]:
    """What a server does that takes so long for each frame."""
    times = iter(service) if isinstance(service, Iterable) else iter(lambda: service, None)
    free = 0.0
    while (due := queue.next(free)) is not None:
        yield Frame(due, max(free, due))
        free = max(free, due) + next(times)


def waits(queue: Queue, service: float) -> list[float]:
    return [frame.began - frame.due for frame in serve(queue, service)]


def test_frames_that_come_slower_than_they_are_served_never_wait() -> None:
    assert waits(Queue(even(300, 1000), 0, 0), 3 * MS) == [0.0] * 1000


def test_frames_that_come_faster_wait_longer_each_time() -> None:
    """D/D/1: the n-th waits n times what a service takes longer than a period."""
    rate, service = 500, 3 * MS
    assert waits(Queue(even(rate, 1000), 1000, FOR_EVER), service) == pytest.approx([n * MS for n in range(1000)])


@pytest.mark.parametrize(("most", "dropped"), [(0, 1 / 2), (1, 1 / 3), (4, 1 / 3)])
def test_a_full_queue_drops_what_cannot_be_served(most: int, dropped: float) -> None:
    """D/D/1 with a bound: the share 1 − μ/λ is dropped, and nobody waits longer than all before take.

    Without a queue a server that takes one and a half periods is there for every second frame.
    """
    queue = Queue(even(500, 3000), most, FOR_EVER)
    waited = waits(queue, 3 * MS)
    assert queue.overflowed / 3000 == pytest.approx(dropped, abs=0.01)
    assert max(waited) <= (most + 1) * 3 * MS
    assert queue.stale == 0


def test_what_would_begin_too_late_is_dropped_when_its_turn_comes() -> None:
    queue = Queue(even(500, 3000), 1000, 10 * MS)
    waited = waits(queue, 3 * MS)
    assert max(waited) <= 10 * MS
    assert queue.stale + len(waited) == 3000
    assert queue.stale / 3000 == pytest.approx(1 / 3, abs=0.01)


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_frames_that_do_not_know_of_each_other_wait_as_long_as_theory_says(load: float) -> None:
    """M/D/1: ρ s / 2 (1 − ρ) on average (Pollaczek and Khinchin)."""
    service = 3 * MS
    queue = Queue(poisson(load * 1e9 / service, 400_000, 7), 1_000_000, FOR_EVER)
    assert fmean(waits(queue, service)) == pytest.approx(load * service / (2 * (1 - load)), rel=0.03)


def test_a_schedule_is_the_same_again_and_has_its_rate() -> None:
    first = list(poisson(100, 10_000, 3))
    assert first == list(poisson(100, 10_000, 3))
    assert first != list(poisson(100, 10_000, 4))
    assert first[-1] / 1e9 == pytest.approx(100, rel=0.05)
    assert list(even(4, 3)) == [0, 0.25e9, 0.5e9]


gaps = st.lists(st.integers(0, 50), min_size=1, max_size=60)
services = st.lists(st.integers(1, 60), min_size=60, max_size=60)


@given(gaps, services, st.integers(0, 6), st.integers(0, 100))
def test_every_frame_is_served_in_time_and_order_or_counted_as_dropped(
    between: list[int], service: list[int], most: int, deadline: int
) -> None:
    due = [float(sum(between[: n + 1])) for n in range(len(between))]
    queue = Queue(due, most, deadline)
    served = list(serve(queue, service))
    assert len(served) + queue.stale + queue.overflowed == len(due)
    assert all(0 <= frame.began - frame.due <= deadline for frame in served)
    assert all(before.due <= after.due and before.began < after.began for before, after in pairwise(served))


@given(gaps, services)
def test_without_bounds_it_is_lindleys_recursion(between: list[int], service: list[int]) -> None:
    due = [float(sum(between[: n + 1])) for n in range(len(between))]
    expected, wait = [], 0.0
    for number in range(len(due)):
        expected.append(wait)
        if number + 1 < len(due):
            wait = max(0.0, wait + service[number] - (due[number + 1] - due[number]))
    assert [frame.began - frame.due for frame in serve(Queue(due, 1000, FOR_EVER), service)] == expected
