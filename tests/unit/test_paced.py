"""Frames at a given pace: what the user is told of them."""

import signal
from pathlib import Path
from typing import Any

import pytest

from edgetpu_ci import codec, validity
from edgetpu_ci.collect import paced
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.model import Collected
from tests.fakes import loads


def collect(folder: Path, worker: loads.Worker, **given: Any) -> Collected:
    told = {"models": loads.files(folder, "m"), **given}
    return paced.collect(codec.convert(told, paced.Options, "collect[0].with"), worker.world(folder))


def values(collected: Collected) -> dict[str, float | None]:
    return {m.metric: m.value for m in collected.measurements}


def test_a_pace_that_can_be_kept_waits_for_nothing(tmp_path: Path) -> None:
    worker = loads.Worker(loads.serving(lambda: 3.0))
    found = collect(tmp_path, worker, rate_per_second=300)
    assert values(found) == {
        "paced_latency_p50_ms": 3.0,
        "paced_latency_p99_ms": 3.0,
        "paced_queue_p99_ms": 0.0,
        "paced_service_p50_ms": 3.0,
        "paced_dropped_percent": 0.0,
    }
    assert {m.subject for m in found.measurements} == {"m at 300/s"}
    assert len(worker.requests) == 5
    assert found.measurements[0].n >= 662
    assert worker.requests[0]["deadline_ns"] == pytest.approx(1e9 / 300, abs=1)


def test_a_pace_that_cannot_be_kept_drops_frames_and_says_why(tmp_path: Path) -> None:
    found = collect(tmp_path, loads.Worker(loads.serving(lambda: 3.0)), rate_per_second=500, deadline_ms=100, queue=2)
    said = {m.metric: m for m in found.measurements}
    dropped = said["paced_dropped_percent"]
    # A third, less what the queue still holds at the end of each round.
    assert dropped.value == pytest.approx(100 / 3 - 100 * 3 / 133, abs=1)
    assert [cause for cause, _ in dropped.details] == ["the queue was full"]
    latency, queue = said["paced_latency_p99_ms"], said["paced_queue_p99_ms"]
    assert latency.reason.startswith("p99 needs 662 samples")
    assert queue.value is None


def test_what_the_budget_has_no_room_for_is_not_printed(tmp_path: Path) -> None:
    worker = loads.Worker(loads.serving(lambda: 3.0))
    found = collect(tmp_path, worker, rate_per_second=2, budget_seconds=100)
    assert sum(request["count"] for request in worker.requests) == 200
    assert worker.clock == pytest.approx(100)
    assert values(found)["paced_latency_p50_ms"] == 3.0
    assert values(found)["paced_latency_p99_ms"] is None


def test_raw_times_of_each_process_are_kept(tmp_path: Path) -> None:
    found = collect(tmp_path, loads.Worker(loads.serving(lambda: 3.0)), rate_per_second=100, rounds=2, count=10)
    assert found.samples["m at 100/s/service_ns/2"] == [3_000_000] * 5
    assert found.samples["m at 100/s/wait_ns/1"] == [0] * 5


def test_two_models_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        loads.files(tmp_path / name, "m")
    options = paced.Options(models=("*/m.tflite",), rate_per_second=10)
    found = paced.collect(options, loads.Worker(loads.serving(lambda: 3.0)).world(tmp_path))
    assert {m.subject for m in found.measurements} == {"a/m at 10/s", "b/m at 10/s"}


def test_a_crash_is_a_reason(tmp_path: Path) -> None:
    found = collect(tmp_path, loads.Worker(loads.crashing(signal.SIGSEGV)), rate_per_second=10)
    assert {m.reason.partition(";")[0] for m in found.measurements} == {"3 × crashed with SIGSEGV"}


def test_what_was_served_before_a_fault_is_kept_and_the_run_is_invalid(tmp_path: Path) -> None:
    worker = loads.Worker(loads.breaking(loads.serving(lambda: 3.0), {3}))
    found = collect(tmp_path, worker, rate_per_second=300, count=4000)
    assert len(worker.requests) == 5
    assert values(found)["paced_latency_p99_ms"] == 3.0
    assert validity.invalid(found.measurements) == {"m at 300/s": "invalid: crashed with SIGABRT"}
    broke = next(m for m in found.measurements if m.metric == "failures_per_million")
    assert broke.n == 3201
    assert broke.value == pytest.approx(1e6 / 3201, rel=1e-5)
    assert len(found.samples) == 8


def test_after_three_faults_a_model_is_left_alone(tmp_path: Path) -> None:
    worker = loads.Worker(loads.breaking(loads.serving(lambda: 3.0), range(2, 9)))
    found = collect(tmp_path, worker, rate_per_second=300, rounds=8, count=8000)
    assert len(worker.requests) == 4
    assert values(found)["paced_latency_p99_ms"] == 3.0
    assert validity.invalid(found.measurements) == {"m at 300/s": "invalid: 3 × crashed with SIGABRT"}


def test_what_no_other_try_mends_ends_it_at_once_and_is_said(tmp_path: Path) -> None:
    worker = loads.Worker(loads.breaking(loads.serving(lambda: 3.0), {2}, loads.gone))
    found = collect(tmp_path, worker, rate_per_second=300, count=4000)
    assert len(worker.requests) == 2
    assert values(found)["paced_latency_p99_ms"] == 3.0
    assert "cannot read the model" in validity.invalid(found.measurements)["m at 300/s"]


def test_a_rate_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="rate_per_second"):
        collect(tmp_path, loads.Worker(loads.serving(lambda: 3.0)), rate_per_second=0)
