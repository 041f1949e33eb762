"""A user's repository for each test; the Action and its environments for all of them."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.e2e import act


@pytest.fixture(scope="session")
def tools() -> Path:
    """The tool cache of this machine, holding what jobs need: their steps do not know how we reach the network."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(os.environ.get("RUNNER_TOOL_CACHE") or cache)
    for event, lock in (("pull_request", "bench"), ("push", "bench"), ("push", "kpis"), ("workflow_run", "")):
        name = f"requirements-{lock}.txt" if lock else "requirements.txt"
        env = {**os.environ, **act.path(), "RUNNER_TOOL_CACHE": str(folder), "GITHUB_EVENT_NAME": event}
        env.pop("EDGETPU_CI_PYTHON", None)
        subprocess.run([act.ROOT / "scripts/install", act.ROOT / name], env=env, check=True, stdout=subprocess.DEVNULL)
    return folder


@pytest.fixture(scope="session")
def action(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Action as a runner downloads it."""
    return act.copy_action(tmp_path_factory.mktemp("action"))


@pytest.fixture
def repository(tmp_path: Path, action: Path, tools: Path) -> act.Repository:
    """A user's repository with one small model."""
    return act.create(tmp_path, action, tools)
