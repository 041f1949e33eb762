"""`edgetpu-ci serve` as a process: it begins, answers, and ends."""

import http.client
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fakes import reports, serving
from tests.fakes.program import LAUNCHER, edgetpu_ci, environment


@contextmanager
def started(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server on a free port, and the port that it says."""
    command = [sys.executable, str(LAUNCHER), "serve", "--listen", "127.0.0.1:0"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=folder, env=environment(), text=True, **pipes) as process:  # type: ignore[call-overload]
        try:
            line = process.stdout.readline()
            assert line.startswith("serving http://127.0.0.1:"), process.stderr.read()
            yield process, int(line.rpartition(":")[2])
        finally:
            process.kill()


def ask(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path)
    response = connection.getresponse()
    found = response.status, response.read().decode()
    connection.close()
    return found


def test_it_says_one_line_answers_and_ends_cleanly_when_asked_to(tmp_path: Path) -> None:
    kept = serving.keep(tmp_path, reports.all_clear())
    with started(tmp_path) as (process, port):
        assert ask(port, "/live")[0] == 200
        status, metrics = ask(port, "/metrics")
        assert (status, "edgetpu_ci_store_readable" in metrics) == (200, True)
        assert kept.run.machine.host in ask(port, "/")[1]
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
        assert (process.returncode, out, err) == (0, "", "")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))


def test_ctrl_c_ends_it_as_any_verb(tmp_path: Path) -> None:
    with started(tmp_path) as (process, _):
        process.send_signal(signal.SIGINT)
        assert (process.communicate(timeout=30)[1].count("Traceback"), process.returncode) == (0, 130)


def test_what_cannot_be_served_is_a_sentence_and_2(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = edgetpu_ci(tmp_path, "serve", "--listen", address)
    said = f"edgetpu-ci: {address} cannot be listened on: address already in use; stop who does, or name another with "
    assert (done.returncode, done.stderr) == (2, f"{said}`--listen`.\n")
    (tmp_path / "edgetpu-ci.yml").write_text("colect: []\n")
    done = edgetpu_ci(tmp_path, "serve", "--listen", "127.0.0.1:0")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
