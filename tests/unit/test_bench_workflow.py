"""The reusable workflow for devices: whom it lets in, and which runs end which."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
BENCH: dict[Any, Any] = yaml.safe_load((ROOT / ".github/workflows/bench.yml").read_text())
INPUTS = BENCH[True]["workflow_call"]["inputs"]  # YAML reads `on` as a boolean
CALLERS = [
    path for path in sorted((ROOT / "examples").rglob("*.yml")) if "/.github/workflows/bench.yml@" in path.read_text()
]


def admitted(event: str, head: str = "", here: str = "7") -> bool:
    """Whether the first job lets a run go on to the device."""
    (step,) = BENCH["jobs"]["trusted"]["steps"]
    env = {"EVENT": event, "HEAD": head, "HERE": here, "PATH": os.environ["PATH"]}
    assert set(step["env"]) == {"EVENT", "HEAD", "HERE"}
    ran = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", step["run"]], env=env, capture_output=True, text=True, check=False
    )
    assert ran.returncode in (0, 1), ran.stderr
    assert (ran.returncode == 1) == ran.stdout.startswith("::error title=Not on this device::")
    return ran.returncode == 0


@pytest.mark.parametrize("event", ["push", "schedule", "workflow_dispatch", "merge_group"])
def test_what_only_somebody_who_may_write_can_start_is_let_in(event: str) -> None:
    assert admitted(event)


def test_a_pull_request_is_let_in_from_a_branch_of_this_repository_alone() -> None:
    assert admitted("pull_request", head="7")
    assert not admitted("pull_request", head="8")
    assert not admitted("pull_request", head="")
    assert not admitted("pull_request", head="", here="")


@pytest.mark.parametrize(
    "event", ["pull_request_target", "workflow_run", "issue_comment", "repository_dispatch", "fork", ""]
)
def test_every_other_event_is_refused(event: str) -> None:
    assert not admitted(event, head="7")


def test_nothing_reaches_the_device_before_it_is_trusted() -> None:
    trusted, benchmark = BENCH["jobs"]["trusted"], BENCH["jobs"]["benchmark"]
    assert trusted["runs-on"].startswith("ubuntu-")
    assert not any("uses" in step for step in trusted["steps"])
    assert benchmark["needs"] == "trusted"
    assert "if" not in benchmark


def test_a_job_waits_for_the_device_and_is_not_thrown_out() -> None:
    assert BENCH["jobs"]["benchmark"]["concurrency"] == {"group": "device-${{ inputs.device }}", "queue": "max"}


def test_the_permissions_are_to_read_and_nothing_more() -> None:
    assert BENCH["permissions"] == {}
    assert [job["permissions"] for job in BENCH["jobs"].values()] == [{}, {"contents": "read"}]


@pytest.mark.parametrize("path", CALLERS, ids=lambda path: path.name)
def test_who_calls_it_gives_inputs_that_exist_and_the_right_to_read(path: Path) -> None:
    (job,) = yaml.safe_load(path.read_text())["jobs"].values()
    assert set(job.get("with", {})) <= set(INPUTS)
    assert job["permissions"] == {"contents": "read"}


def test_there_are_examples_of_it() -> None:
    assert len(CALLERS) == 2
