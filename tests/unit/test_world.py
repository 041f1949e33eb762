"""Child processes: what they say comes back, and none outlives us."""

import os
import signal
import subprocess
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


HIDDEN = (
    "GITHUB_TOKEN",
    "GITHUB_ENV",
    "ACTIONS_CACHE_URL",
    "RUNNER_TEMP",
    "my_secret",
    "SLACK_WEBHOOK_URL",
    "PAGERDUTY_P0",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "SMTP_PASSWD",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "DEPLOY_PAT",
    "DB_PASS",
    "MYSQL_PWD",
    "SENTRY_DSN",
    "SOME_APIKEY",
    "AWS_ACCESS_KEY",
    "BASIC_AUTH",
    "EDGETPU_CI_TOKEN",
    "EDGETPU_CI_APP_KEY",
)
KEPT = ("PYTHONHASHSEED", "LD_LIBRARY_PATH", "MODEL_PATH", "KEYBOARD", "XNNPACK_KEYS", "OLDPWD", "MY_GITHUB_NAME")


def test_a_child_sees_what_a_runtime_may_need_and_nothing_of_the_job() -> None:
    names = (*HIDDEN, *KEPT)
    kept = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "0"))
    try:
        code = f"import os; print(*[name for name in {names} if name in os.environ])"
        assert run_process([sys.executable, "-c", code], b"", 30).stdout.decode().split() == list(KEPT)
    finally:
        for name, value in kept.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


@pytest.mark.skipif(sys.platform != "linux" or os.getuid() == 0, reason="root reads the environment of every process")
def test_a_child_cannot_read_our_environment_from_proc() -> None:
    read = "import os; open(f'/proc/{os.getppid()}/environ').read()"
    ask = f"print(world.run_process([sys.executable, '-c', {read!r}], b'', 30).stderr.decode())"
    code = f"import sys; from edgetpu_ci import world; {ask}; world.real_world(); {ask}"
    before, _, after = _python(code).partition("\n")
    assert before == ""
    assert "PermissionError" in after


def _python(code: str) -> str:
    """What a Python process of its own prints."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True).stdout


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
