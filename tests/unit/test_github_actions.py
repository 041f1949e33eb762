"""A workflow run times itself in its last job, with one request, and does not count that job."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from edgetpu_ci import codec
from edgetpu_ci.collect import github_actions
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.model import Collected
from edgetpu_ci.transport.github import GitHub
from tests.fakes.world import AT, world

T = TypeVar("T")

ENV = {
    "GITHUB_RUN_ID": "77",
    "GITHUB_RUN_ATTEMPT": "1",
    "GITHUB_WORKFLOW_REF": "o/r/.github/workflows/ci.yml@refs/heads/main",
    "RUNNER_NAME": "runner 9",
}


@dataclass(kw_only=True)
class OwnRun(GitHub):
    """The jobs of one run; `began` is when its newest attempt did."""

    repository: str = "o/r"
    jobs: list[dict[str, Any]]
    began: str = ""
    asked: list[str] = field(default_factory=list)

    def pages(self, path: str, into: type[T], **_: Any) -> Iterator[T]:
        self.asked.append(path)
        yield codec.decode_json(msgspec.json.encode({"jobs": self.jobs}), into, path)

    def get(self, path: str, into: type[T], **_: Any) -> T:
        self.asked.append(path)
        run = {"id": 77, "run_number": 1, "event": "push", "status": "in_progress", "conclusion": None}
        times = dict.fromkeys(("created_at", "updated_at", "run_started_at"), self.began)
        return codec.decode_json(msgspec.json.encode({**run, **times}), into, path)


def job(name: str, queued: int, began: int, ended: int | None, attempt: int = 1, **more: object) -> dict[str, Any]:
    """A job, its times in seconds after the beginning."""
    times = {"created_at": queued, "started_at": began, "completed_at": ended}
    return {
        "name": name,
        "run_attempt": attempt,
        "status": "completed" if ended is not None else "in_progress",
        "conclusion": "success" if ended is not None else None,
        "labels": ["ubuntu-latest"],
        "runner_name": "runner 1",
        "steps": [],
        **{name: None if at is None else AT + timedelta(seconds=at) for name, at in times.items()},
        **more,
    }


OWN = job("report", 200, 205, None, runner_name="runner 9")


def measure(reader: GitHub, env: Mapping[str, str] = ENV) -> Collected:
    return github_actions.measure(reader, github_actions.Options(), world(Path(), env=env))


def values(collected: Collected) -> dict[str, float | None]:
    return {measurement.key: measurement.value for measurement in collected.measurements}


def test_a_run_is_timed_by_its_own_jobs_in_one_request() -> None:
    reader = OwnRun(jobs=[job("build", 0, 10, 71), job("test (3.11)", 60, 75, 195), OWN])
    collected = measure(reader)
    assert reader.asked == ["/repos/o/r/actions/runs/77/attempts/1/jobs"]
    assert collected.incomplete == ()
    assert values(collected) == {
        "ci.yml/run_so_far_seconds": 185,
        "ci.yml/run_build_seconds": 61,
        "ci.yml/run_test_seconds": 120,
        "ci.yml/run_minutes": 4,
        "ci.yml/run_queue_time_seconds": 15,
        "ci.yml: build/job_seconds": 61,
        "ci.yml: build/job_queue_time_seconds": 10,
        "ci.yml: test (3.11)/job_seconds": 120,
        "ci.yml: test (3.11)/job_queue_time_seconds": 15,
    }


def test_a_job_that_still_runs_is_missed_by_name() -> None:
    collected = measure(OwnRun(jobs=[job("build", 0, 10, 71), job("deploy", 0, 10, None), OWN]))
    assert collected.incomplete == ("1 of the other jobs of this run had not ended: name them in `needs:` (deploy).",)


def test_jobs_taken_over_from_an_earlier_attempt_are_not_of_this_one() -> None:
    jobs = [job("build", 0, 10, 71), job("build", 0, 10, 71, attempt=2), job("test", 900, 905, 965, attempt=2), OWN]
    began = (AT + timedelta(seconds=890)).isoformat()
    reader = OwnRun(jobs=jobs, began=began)
    found = values(measure(reader, {**ENV, "GITHUB_RUN_ATTEMPT": "2"}))
    assert found["ci.yml/run_so_far_seconds"] == 60
    assert found["ci.yml/run_minutes"] == 1
    assert found["ci.yml/run_build_seconds"] == 61
    assert "ci.yml: build/job_seconds" not in found


def test_what_cannot_be_told_is_unknown_with_its_reason() -> None:
    (first, *_) = measure(OwnRun(jobs=[OWN])).measurements
    assert (first.value, first.reason) == (None, "not known: no job has ended")


def test_outside_a_job_it_says_what_is_missing() -> None:
    with pytest.raises(ConfigError, match="GITHUB_RUN_ID"):
        measure(OwnRun(jobs=[]), {})
