"""`scripts/install`: one environment for each lock, Python and machine, made once."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.act import ROOT

INSTALL = ROOT / "scripts/install"
PLAIN = "/usr/bin:/bin"
FAILED = (
    "edgetpu-ci: The packages of lock.txt could not be installed, as said above; check the network, then try again."
)
# Makes environments as uv does, without a network and in no time, and keeps a record of what it was told.
UV = """echo "$@" >> "$(dirname "$0")/uv.log"
if [ "$1" = venv ]; then exec {python} -m venv --without-pip "$5"; fi
if [ "$1 $2" = "pip sync" ]; then exit "${{UV_STATUS:-0}}"; fi"""
# A Python that says of itself what Debian's does without python3-venv.
BARE = """case "$*" in
  *ensurepip*) exit 1;;
  *version_info*) {python} "$@" | sed "s# .*# $0#";;
  *) exec {python} "$@";;
esac"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """A lock of nothing, on a machine with a uv."""
    program(tmp_path / "uv", "uv", UV.format(python=sys.executable))
    place = tmp_path / "lock.txt"
    place.write_text("# nothing\n")
    return place


def install(lock: Path, **env: str) -> subprocess.CompletedProcess[str]:
    known = {"PATH": f"{lock.parent / 'uv'}:{PLAIN}", "HOME": str(lock.parent), "EDGETPU_CI_PYTHON": sys.executable}
    return subprocess.run(
        [INSTALL, lock], cwd=lock.parent, env={**known, **env}, capture_output=True, text=True, check=False, timeout=120
    )


def made(lock: Path, **env: str) -> Path:
    """The Python of an environment, which must be there and run."""
    ran = install(lock, **env)
    assert ran.returncode == 0, ran.stderr
    python = Path(ran.stdout.strip())
    assert (
        subprocess.run([python, "-c", "import sys; assert sys.prefix != sys.base_prefix"], check=False).returncode == 0
    )
    return python


def said(lock: Path, **env: str) -> str:
    """The sentence of a failure."""
    ran = install(lock, **env)
    assert (ran.returncode, ran.stdout) == (2, "")
    return ran.stderr.strip().splitlines()[-1]


def program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_it_is_made_once_then_found(lock: Path) -> None:
    first = install(lock)
    assert first.stderr.startswith("edgetpu-ci: installing lock.txt, once for this machine")
    started = time.monotonic()
    second = install(lock)
    assert time.monotonic() - started < 1
    assert (second.stdout, second.stderr) == (first.stdout, "")


def test_four_at_once_make_one(lock: Path) -> None:
    with ThreadPoolExecutor() as threads:
        ran = list(threads.map(lambda _: install(lock), range(4)))
    assert [one.returncode for one in ran] == [0] * 4
    assert len({one.stdout for one in ran}) == 1
    assert sorted(bool(one.stderr) for one in ran) == [False, False, False, True]


def test_one_that_was_interrupted_is_made_again(lock: Path) -> None:
    python = made(lock)
    (python.parent.parent / ".complete").unlink()
    python.unlink()
    assert made(lock) == python


def test_one_whose_python_is_gone_is_made_again(lock: Path) -> None:
    python = made(lock)
    python.unlink()
    python.symlink_to("/nowhere/python3")
    assert made(lock) == python


def test_another_lock_is_another_environment(lock: Path) -> None:
    python = made(lock)
    lock.write_text("# nothing else\n")
    assert made(lock) != python


def test_what_nobody_used_for_a_month_goes_when_another_comes(lock: Path) -> None:
    old, used = made(lock), made(lock, GITHUB_EVENT_NAME="pull_request")
    for python in (old, used):
        month_ago = time.time() - 32 * 24 * 3600
        os.utime(python.parent.parent / ".complete", (month_ago, month_ago))
    made(lock, GITHUB_EVENT_NAME="pull_request")
    lock.write_text("# nothing newer\n")
    made(lock)
    assert not old.exists()
    assert used.exists()


@pytest.mark.parametrize(
    ("event", "shared"), [("push", True), ("pull_request", False), ("pull_request_target", False), ("schedule", True)]
)
def test_what_pull_requests_made_is_for_pull_requests(lock: Path, event: str, *, shared: bool) -> None:
    assert (made(lock, GITHUB_EVENT_NAME=event) == made(lock)) == shared


def test_the_tool_cache_of_the_runner_is_used(lock: Path, tmp_path: Path) -> None:
    assert made(lock, RUNNER_TOOL_CACHE=str(tmp_path / "tools")).is_relative_to(tmp_path / "tools/edgetpu-ci")
    assert made(lock, XDG_CACHE_HOME=str(tmp_path / "cache")).is_relative_to(tmp_path / "cache/edgetpu-ci")
    assert made(lock).is_relative_to(tmp_path / ".cache/edgetpu-ci")


def test_uv_is_told_to_check_every_hash_and_to_build_nothing(lock: Path) -> None:
    made(lock)
    (told,) = [line for line in (lock.parent / "uv/uv.log").read_text().splitlines() if line.startswith("pip sync")]
    assert "--require-hashes --only-binary :all:" in told


def test_packages_that_cannot_be_had_are_one_sentence_and_tried_again(lock: Path) -> None:
    assert said(lock, UV_STATUS="2") == FAILED
    assert said(lock, UV_STATUS="2") == FAILED
    made(lock)


def test_without_a_uv_that_works_pip_does_it_and_refuses_what_has_no_hash(lock: Path, tmp_path: Path) -> None:
    program(tmp_path / "uv", "uv", "exit 127")
    made(lock)
    lock.write_text("idna==3.20\n")
    assert "--require-hashes" in (ran := install(lock)).stderr
    assert ran.stderr.strip().splitlines()[-1] == FAILED


def test_a_python_that_cannot_make_environments_says_what_to_install(lock: Path, tmp_path: Path) -> None:
    program(tmp_path / "bin", "python3", BARE.format(python=sys.executable))
    bare = tmp_path / "bin/python3"
    assert said(lock, EDGETPU_CI_PYTHON=str(bare), PATH=PLAIN) == (
        f"edgetpu-ci: {bare} cannot make environments; run `apt install python3-venv` or install uv, then try again."
    )


def test_a_python_that_is_too_old_is_named(lock: Path, tmp_path: Path) -> None:
    program(tmp_path / "bin", "python3.10", "exit 1")
    assert said(lock, EDGETPU_CI_PYTHON="python3.10", PATH=f"{tmp_path / 'bin'}:{tmp_path / 'uv'}:{PLAIN}") == (
        "edgetpu-ci: python3.10 is not Python 3.11 or newer; name another one."
    )


def test_no_python_at_all_says_what_to_install(lock: Path, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    for name in ("bash", "env", "realpath"):
        (tools / name).parent.mkdir(exist_ok=True)
        (tools / name).symlink_to(f"/usr/bin/{name}")
    assert said(lock, EDGETPU_CI_PYTHON="", PATH=str(tools)).startswith(
        "edgetpu-ci: There is no Python 3.11 or newer; install one (apt install python3 python3-venv)"
    )


def test_a_newer_python_is_found_behind_an_older_one(lock: Path, tmp_path: Path) -> None:
    program(tmp_path / "bin", "python3", "exit 1")
    program(tmp_path / "bin", "python3.11", f'exec {sys.executable} "$@"')
    made(lock, EDGETPU_CI_PYTHON="", PATH=f"{tmp_path / 'bin'}:{tmp_path / 'uv'}:{PLAIN}")


def test_a_cache_that_cannot_be_written_is_named(lock: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert said(lock, RUNNER_TOOL_CACHE=str(tmp_path / "file")) == (
        f"edgetpu-ci: {tmp_path / 'file'}/edgetpu-ci cannot be written; name another folder in RUNNER_TOOL_CACHE."
    )


def test_a_lock_that_is_not_there_is_named(lock: Path) -> None:
    lock.unlink()
    assert said(lock) == f"edgetpu-ci: There is no lock {lock}."


def test_files_of_the_current_folder_are_not_run(lock: Path) -> None:
    for name in ("venv", "ensurepip", "pip", "fcntl", "os"):
        (lock.parent / f"{name}.py").write_text("open('pwned', 'w')\n")
    made(lock)
    assert not (lock.parent / "pwned").exists()
