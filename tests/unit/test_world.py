"""Child processes: what they say comes back, and none outlives us."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from edgetpu_ci.errors import ConfigError
from edgetpu_ci.world import MAX_OUTPUT_BYTES, real_world, run_process


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
    assert _ends(int(note.read_text()))


def test_a_child_that_hangs_is_ended_although_another_session_holds_its_output(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    code = (
        "import pathlib, subprocess, time; p = subprocess.Popen(['sleep', '60'], start_new_session=True); "
        f"pathlib.Path({str(note)!r}).write_text(str(p.pid)); print('said', flush=True); time.sleep(60)"
    )
    started = time.monotonic()
    done = run_process([sys.executable, "-c", code], b"", 2)
    assert (done.status, done.stdout) == (None, b"said\n")
    assert time.monotonic() - started < 30
    os.kill(int(note.read_text()), signal.SIGKILL)


def test_a_child_that_ended_leaves_nobody_behind(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    code = f"sleep 60 & echo $! > {note}"
    started = time.monotonic()
    assert run_process(["sh", "-c", code], b"", 50).status == 0
    assert time.monotonic() - started < 30
    assert _ends(int(note.read_text()))


def test_of_a_chatty_child_only_so_much_is_kept() -> None:
    code = "import sys; [sys.stdout.buffer.write(bytes(1 << 20)) for _ in range(65)]"
    done = run_process([sys.executable, "-c", code], b"", 60)
    assert (done.status, len(done.stdout)) == (0, MAX_OUTPUT_BYTES)


def _ends(pid: int) -> bool:
    for _ in range(100):
        if not _alive(pid):
            return True
        time.sleep(0.05)
    return False


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
