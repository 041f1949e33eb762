"""`edgetpu-ci logs`, and what a command that fails leaves behind."""

import json
import os
import threading
from pathlib import Path

import pytest
from msgspec.structs import replace

from edgetpu_ci import audit_log, cli, memory
from edgetpu_ci.audit_log import Act, Line
from edgetpu_ci.cli.observing import PROCESS
from edgetpu_ci.store.folder import Folder
from tests.fakes.loopback import Reply, Request, serve
from tests.fakes.world import world

LOGGING = "observability: {logs: {folder: logs}}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith(("GITHUB_", "OTEL_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "edgetpu-ci.yml").write_text(LOGGING)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *command: str) -> tuple[int, str]:
    status = cli.run(command)
    told = capsys.readouterr()
    return status, told.out + told.err


def test_files_are_listed_and_those_whose_days_are_over_are_removed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for day in ("2020-01-01", "2999-01-01"):
        path = folder / "logs/warning" / day / "run.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text("{}\n")
    old, new = (folder / "logs/warning" / day / "run.jsonl" for day in ("2020-01-01", "2999-01-01"))
    status, listed = said(capsys, "logs", "list")
    assert (status, listed.splitlines()) == (
        0,
        [
            f"WARNING   2020-01-01          3 bytes  until 2020-03-31  {old}",
            f"WARNING   2999-01-01          3 bytes  until 2999-04-01  {new}",
        ],
    )
    assert said(capsys, "logs", "prune") == (0, f"removed  {old}\n")
    assert said(capsys, "logs", "prune") == (0, "nothing is kept longer than it is to be\n")
    assert new.exists()


def test_verify_says_which_line_was_changed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "logs", "verify") == (0, "the audit log is empty\n")
    store = Folder(folder / ".edgetpu-ci")
    for number in range(3):
        audit_log.record(store, Act("closed", f"incident {number}"), world(folder))
    head = audit_log.lines(store)[-1].line.hash
    assert said(capsys, "logs", "verify", "--head", head) == (0, f"3 lines, as written\nhead  {head}\n")
    (name,) = store.values()
    old = store.state(name)
    lines = memory.unpack(old or b"", list[Line], name)
    store.swap(name, old, memory.pack([lines[0], replace(lines[1], by="nobody"), lines[2]]))
    status, text = said(capsys, "logs", "verify")
    assert status == 1
    assert f"edgetpu-ci: {name}, line 2 was changed" in text


def test_a_command_that_fails_is_logged_and_the_next_one_begins_anew(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(capsys, "incidents", "show", "nix")[0] == 2
    (path,) = (folder / "logs/error").rglob("*.jsonl")
    event = json.loads(path.read_text())
    assert (event["event"], event["exit_status"], event["reason"][:23]) == (
        "command_failed",
        2,
        'No incident is called "',
    )
    assert (PROCESS.logging, PROCESS.observed.sinks, PROCESS.observed.loud) == (None, [], {})


def test_what_the_configuration_names_as_a_secret_is_not_logged(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "edgetpu-ci.yml").write_text("observability: {logs: {folder: logs}, health: {heartbeat: PULSE}}\n")
    monkeypatch.setenv("PULSE", "https://pulse.example/abcdef")
    assert said(capsys, "incidents", "show", "https://pulse.example/abcdef")[0] == 2
    (path,) = (folder / "logs/error").rglob("*.jsonl")
    assert 'No incident is called \\"***\\"' in path.read_text()


def test_logs_and_traces_are_sent_side_by_side(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    both, paths = threading.Barrier(2), list[str]()

    def answer(request: Request) -> Reply:
        paths.append(request.target)
        # One alone would wait in vain: who is slow costs its seconds once.
        both.wait(1.5)
        return Reply(status=200)

    (folder / "edgetpu-ci.yml").write_text("observability: {logs: {aggregator: {use: otlp}}, traces: {}}\n")
    with serve(answer) as port:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
        status, text = said(capsys, "alerts")
    assert (status, sorted(paths)) == (2, ["/v1/logs", "/v1/traces"])
    assert "lost" not in text
    assert "reach" not in text


def test_where_nothing_is_logged_that_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "edgetpu-ci.yml").write_text("{}\n")
    status, text = said(capsys, "logs", "list")
    assert (status, "`observability.logs` is not there" in text) == (2, True)
    assert not (folder / "logs").exists()
