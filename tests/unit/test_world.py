"""Child processes: what they say comes back, and none outlives us."""

import os
import sys
import time
from pathlib import Path

import pytest

from edgetpu_ci.errors import ConfigError
from edgetpu_ci.world import real_world, run_process


def test_what_a_child_says_and_how_it_ended_come_back() -> None:
    code = "import sys; print(sys.stdin.read()); print('e', file=sys.stderr); sys.exit(3)"
    done = run_process([sys.executable, "-c", code], b"hello", 30)
    assert (done.status, done.stdout, done.stderr) == (3, b"hello\n", b"e\n")


def test_a_signal_is_a_negative_status() -> None:
    assert run_process([sys.executable, "-c", "import os; os.kill(os.getpid(), 11)"], b"", 30).status == -11


def test_a_child_that_hangs_is_ended_with_its_own_children(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    code = (
        "import subprocess; p = subprocess.Popen(['sleep', '60']); "
        f"file = open({str(note)!r}, 'w'); file.write(str(p.pid)); file.close(); p.wait()"
    )
    started = time.monotonic()
    assert run_process([sys.executable, "-c", code], b"", 2).status is None
    assert time.monotonic() - started < 30
    for _ in range(100):
        if not _alive(int(note.read_text())):
            return
        time.sleep(0.05)
    raise AssertionError("the child's own child is still there")


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


def test_a_child_does_not_see_our_secrets() -> None:
    added = {"GITHUB_TOKEN": "ghs_x", "ACTIONS_RUNTIME_TOKEN": "y", "A_PLAIN_VALUE": "z"}
    kept = {name: os.environ.get(name) for name in added}
    os.environ.update(added)
    try:
        code = "import os; print([v for v in ('ghs_x', 'y', 'z') if v in os.environ.values()])"
        assert run_process([sys.executable, "-c", code], b"", 30).stdout == b"['z']\n"
    finally:
        for name, value in kept.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def test_a_program_that_is_not_there_is_an_os_error() -> None:
    with pytest.raises(FileNotFoundError):
        run_process(["/nonexistent/program"], b"", 1)


def test_a_child_that_does_not_read_its_input_is_no_fault() -> None:
    assert run_process([sys.executable, "-c", "pass"], b"x" * 1_000_000, 30).status == 0


def test_no_token_says_where_one_comes_from() -> None:
    kept = {name: os.environ.pop(name) for name in ("GITHUB_TOKEN", "GH_TOKEN") if name in os.environ}
    try:
        with pytest.raises(ConfigError, match="There is no GitHub token: give the Action `github-token`"):
            real_world().github()
    finally:
        os.environ.update(kept)
