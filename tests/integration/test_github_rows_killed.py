"""A process that reads a repository is killed, at a request or between two writes; the next one goes on."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import pytest

from edgetpu_ci.memory import Forgetful, Swap
from edgetpu_ci.store.folder import Folder
from tests.unit.test_github_rows import everything, kept, read, repository

ROOT = Path(__file__).resolve().parents[2]
RUNS, ITEMS, BATCH = 1500, 350, 400


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class Mortal(Folder):
    """A folder whose process dies ahead of the write of one value, which may be in the middle of several."""

    dies_at: int = 0
    written: list[str] = field(default_factory=list)

    def swap_all(self, changes: Mapping[str, Swap]) -> bool:
        left = self.dies_at - 1 - len(self.written)
        if 0 <= left < len(changes):
            super().swap_all(dict(islice(changes.items(), left)))
            die()
        self.written.extend(changes)
        return super().swap_all(changes)


def begin(folder: Path, request: int = 0, write: int = 0) -> "subprocess.Popen[bytes]":
    """Read in a process that dies at a request or a write (0: never)."""
    module = f"from tests.integration import {Path(__file__).stem} as test"
    call = f"import sys; sys.path.insert(0, {str(ROOT)!r}); {module}; test.main({str(folder)!r}, {request}, {write})"
    return subprocess.Popen([sys.executable, "-c", call], cwd=ROOT)


def main(folder: str, request: int, write: int) -> None:
    github = repository(runs=RUNS, items=ITEMS)
    github.before = lambda number, _what: die() if number == request else None
    read(github, Mortal(Path(folder), dies_at=write), batch=BATCH)


@pytest.mark.parametrize(
    ("request_", "write"), [(2, 0), (9, 0), (20, 0), (35, 0), (60, 0), (0, 1), (0, 5), (0, 12), (0, 17)]
)
def test_killed_anywhere_nothing_is_lost_and_nothing_doubled(tmp_path: Path, request_: int, write: int) -> None:
    assert begin(tmp_path, request_, write).wait(60) == -signal.SIGKILL
    whole, github = (repository(runs=RUNS, items=ITEMS) for _ in range(2))
    read(whole, Forgetful())
    last = read(github, Folder(tmp_path), batch=BATCH)
    if request_ > 20:
        assert len(github.asked) < len(whole.asked) - 15
    assert last.incomplete == []
    assert kept(last) == everything(github)
    assert all(run.jobs for run in last.runs.rows(last.months(last.runs)))
    assert read(github, Folder(tmp_path)).incomplete == []


def test_three_processes_at_once_lose_nothing_of_each_other(tmp_path: Path) -> None:
    together = [begin(tmp_path) for _ in range(3)]
    assert [one.wait(120) for one in together] == [0, 0, 0]
    github = repository(runs=RUNS, items=ITEMS)
    last = read(github, Folder(tmp_path))
    assert kept(last) == everything(github)
    assert len(github.asked) < 20
