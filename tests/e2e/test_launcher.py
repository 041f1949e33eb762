"""`scripts/edgetpu-ci` runs the toolkit of its own checkout, wherever it is called."""

import subprocess
import sys
from pathlib import Path

import pytest

from edgetpu_ci import __version__
from tests.e2e.act import ROOT


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A folder whose files have the names of modules we import."""
    for name in ("edgetpu_ci/__init__", "edgetpu_ci/__main__", "argparse", "requests", "msgspec"):
        place = tmp_path / f"{name}.py"
        place.parent.mkdir(exist_ok=True)
        place.write_text("raise SystemExit('somebody else')\n")
    return tmp_path


@pytest.mark.parametrize("flags", [[], ["-P"], ["-I"]], ids=str)
def test_the_current_folder_is_never_looked_into(workspace: Path, flags: list[str]) -> None:
    assert run(workspace, sys.executable, *flags, ROOT / "scripts/edgetpu-ci", "--version") == __version__


def test_it_may_be_reached_through_a_link(workspace: Path) -> None:
    link = workspace / "edgetpu-ci"
    link.symlink_to(ROOT / "scripts/edgetpu-ci")
    assert run(workspace, sys.executable, "-I", link, "--version") == __version__


def test_the_path_of_the_environment_is_ignored_as_the_action_calls_it(workspace: Path) -> None:
    command = (sys.executable, "-I", ROOT / "scripts/edgetpu-ci", "--version")
    assert run(workspace, *command, PYTHONPATH=str(workspace)) == __version__


def test_a_python_without_our_packages_is_one_sentence(tmp_path: Path) -> None:
    command = (sys.executable, "-I", "-S", ROOT / "scripts/edgetpu-ci", "kpi", "list")
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode, len(ran.stderr.splitlines())) == (2, 1), ran.stderr
    assert "has no msgspec; scripts/bench sets one up" in ran.stderr


def run(workspace: Path, *command: str | Path, **env: str) -> str:
    ran = subprocess.run(command, cwd=workspace, env=env, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip().removeprefix("edgetpu-ci ")
