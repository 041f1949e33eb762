"""How many cameras: searched with a device that takes exactly as long as it is told."""

import random
from pathlib import Path
from typing import Any

import pytest

from edgetpu_ci import codec, validity
from edgetpu_ci.collect import capacity
from edgetpu_ci.loads import frames
from edgetpu_ci.loads.frames import Flow, Served
from edgetpu_ci.model import Collected, Measurement
from tests.fakes import loads


def search(folder: Path, worker: loads.Worker, **given: Any) -> Collected:
    told = {"models": loads.files(folder, "m"), **given}
    options = codec.convert(told, capacity.Options, "collect[0].with")
    return capacity.collect(options, worker.world(folder))


def of(collected: Collected, metric: str) -> Measurement:
    return next(m for m in collected.measurements if m.metric == metric)


def test_a_device_of_3_ms_serves_almost_333_frames_in_a_second(tmp_path: Path) -> None:
    """D/D/1: nobody waits up to 1 / service, and above it the queue never ends."""
    found = search(tmp_path, loads.Worker(loads.serving(lambda: 3.0)), within_percent=0.5)
    rate = of(found, "capacity_per_second")
    assert rate.value is not None
    assert 1000 / 3 * 0.995 <= rate.value <= 1000 / 3
    assert of(found, "cameras").value == 11
    assert found.notes == ()
    assert dict(rate.details)["not met"].endswith("times as fast as they were served")


def test_an_overload_is_found_however_short_its_backlog_still_is(tmp_path: Path) -> None:
    worker = loads.Worker(loads.serving(lambda: 3.0))
    found = search(tmp_path, worker, within_percent=0.1, deadline_ms=10_000, queue=100_000)
    assert (of(found, "capacity_per_second").value or 0) <= 1000 / 3


def test_frames_at_random_leave_less_room(tmp_path: Path) -> None:
    """M/D/1: p99 of the latency is what ends it, well below 1 / service; by how much is a matter of the draw."""
    worker = loads.Worker(loads.serving(lambda: 3.0))
    found = search(tmp_path, worker, arrivals="poisson", deadline_ms=15, queue=1000, drop_percent=0)
    rate = of(found, "capacity_per_second").value
    assert rate is not None
    assert 100 < rate < 300
    assert "as fast as they were served" not in dict(of(found, "capacity_per_second").details)["not met"]


def test_a_device_that_is_seldom_slow_is_held_to_its_p99(tmp_path: Path) -> None:
    chance = random.Random(5)  # noqa: S311
    worker = loads.Worker(loads.serving(lambda: 25.0 if chance.random() < 0.02 else 3.0))
    strict = of(search(tmp_path, worker, deadline_ms=20, drop_percent=50), "capacity_per_second")
    assert strict.value is None
    assert strict.reason.startswith("no rate was met; at 1")
    assert "p99 was 25 ms" in strict.reason
    lenient = of(search(tmp_path, worker, deadline_ms=60, drop_percent=50), "capacity_per_second")
    assert lenient.value is not None


def test_a_model_that_is_slower_than_the_deadline_serves_no_camera(tmp_path: Path) -> None:
    found = of(search(tmp_path, loads.Worker(loads.serving(lambda: 50.0)), budget_seconds=10_000), "cameras")
    assert (found.value, found.failed) == (None, False)
    assert "p99 was 50 ms" in found.reason


def test_a_search_that_runs_out_of_time_says_between_what(tmp_path: Path) -> None:
    worker = loads.Worker(loads.serving(lambda: 3.0))
    found = search(tmp_path, worker, budget_seconds=8)
    assert found.notes == ("m: the search ended after 8 s, between 252.5 and 336.7/s.",)
    assert of(found, "capacity_per_second").value == pytest.approx(252.525)


def test_a_budget_for_no_rate_at_all_says_what_to_do(tmp_path: Path) -> None:
    found = search(tmp_path, loads.Worker(loads.serving(lambda: 3.0)), budget_seconds=1)
    assert of(found, "cameras").reason == "no rate could be tried in 1 s; raise `budget_seconds`"


def test_a_process_that_dies_is_the_reason(tmp_path: Path) -> None:
    found = search(tmp_path, loads.Worker(loads.crashing(6)))
    assert {m.reason for m in found.measurements} == {"3 × crashed with SIGABRT"}
    assert all(m.failed for m in found.measurements)


def test_a_rate_at_which_it_broke_is_tried_again(tmp_path: Path) -> None:
    worker = loads.Worker(loads.breaking(loads.serving(lambda: 3.0), {1, 4}))
    found = search(tmp_path, worker, within_percent=0.5)
    assert worker.requests[3] == worker.requests[4]
    assert of(found, "cameras").value == 11
    assert validity.invalid(found.measurements) == {"m": "invalid: 2 × crashed with SIGABRT"}


def test_what_was_met_before_it_broke_for_good_is_told(tmp_path: Path) -> None:
    worker = loads.Worker(loads.breaking(loads.serving(lambda: 3.0), range(4, 99)))
    found = search(tmp_path, worker, within_percent=0.5)
    assert len(worker.requests) == 6
    assert of(found, "capacity_per_second").value == pytest.approx(252.525)
    assert validity.invalid(found.measurements) == {"m": "invalid: 3 × crashed with SIGABRT"}


def test_before_any_rate_was_tried_the_fault_is_why_there_is_none(tmp_path: Path) -> None:
    found = search(tmp_path, loads.Worker(loads.breaking(loads.serving(lambda: 3.0), range(2, 99))))
    assert (of(found, "cameras").value, of(found, "cameras").reason) == (None, "3 × crashed with SIGABRT")
    assert list(validity.invalid(found.measurements)) == ["m"]


def test_too_few_frames_for_p99_meet_nothing() -> None:
    served = Served(wait_ns=(0,) * 100, service_ns=(1,) * 100)
    assert "p99 needs 662 samples, has 100" in capacity.verdict(served, Flow(1, 100, 10), 1)


@pytest.mark.parametrize(("lost", "said"), [(7, ""), (8, "1.07 % of the frames were dropped")])
def test_no_more_frames_may_be_dropped_than_is_allowed(lost: int, said: str) -> None:
    served = Served(wait_ns=(0,) * (750 - lost), service_ns=(1,) * (750 - lost), stale=lost - 2, failed=1, overflowed=1)
    assert capacity.verdict(served, Flow(1, 750, 10), 1) == said


def test_as_many_frames_come_as_leave_enough_when_some_are_dropped() -> None:
    assert frames.enough() == 662
    assert frames.enough(50) == 1324
