"""What is logged: where each event goes, what stands in its line, and what happens where a place fails."""

import ast
import json
import logging
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgetpu_ci import __version__, codec, run_events
from edgetpu_ci.config.observability import Logs, Route, default_levels
from edgetpu_ci.config.step import Step
from edgetpu_ci.errors import DeliveryError, StoreError
from edgetpu_ci.logs import events, files, foreign, opening, sinks, uploading
from edgetpu_ci.logs.rendering import Renderer
from edgetpu_ci.model import Measurement
from edgetpu_ci.observed import Event, Observed
from edgetpu_ci.telemetry import aggregator
from edgetpu_ci.telemetry.entry import Entry
from edgetpu_ci.world import World
from tests.fakes.loopback import Reply, Request, serve
from tests.fakes.receiver import receiver
from tests.fakes.world import AT, Said, world

ROOT = Path(__file__).resolve().parents[2]
SECRETS = (
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz",
    "ghs_abcdefghijklmnopqrstuvwxyz0123456789",
    "xoxb-1234567890-abcdefghijkl",
    "R0ABCDEFGHIJKLMNOPQRSTUVWXYZ0123",
    "pypi-AgEIcHlwaS5vcmcCJDU3abcdef",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
    "AKIAIOSFODNN7EXAMPLE",
)
FIELDS = {"model", "throughput_fps", "latency_p99_ms", "power_w", "tpu_utilization", "duration_seconds"}


@contextmanager
def logged(here: World, logs: Logs | None = None) -> Iterator[Observed]:
    """Logging from begin to end."""
    begun = opening.begin(logs or Logs(), here)
    try:
        yield here.observed
    finally:
        begun.end()


def lines(folder: Path, level: str = "*") -> list[dict[str, Any]]:
    found = sorted((folder / ".edgetpu-ci/logs").glob(f"{level}/*/*.jsonl"))
    return [json.loads(line) for path in found for line in path.read_text().splitlines()]


def test_a_measured_model_is_told_with_the_fields_of_the_documents_example_and_no_others(tmp_path: Path) -> None:
    here = world(tmp_path)
    values = {"throughput_fps": 892.5, "latency_p99_ms": 1.12, "power_watts": 0.85, "tpu_utilization_percent": 85.2}
    measured = [Measurement(subject="mobilenet_v3", metric=name, value=value) for name, value in values.items()]
    with logged(here):
        run_events.measured("abc123", measured, 60.0, here)
    assert lines(tmp_path, "info") == [
        {
            "timestamp": "2026-03-04T05:06:07.000000+00:00",
            "level": "info",
            "event": "benchmark_completed",
            "model": "mobilenet_v3",
            "throughput_fps": 892.5,
            "latency_p99_ms": 1.12,
            "power_w": 0.85,
            "tpu_utilization": 85.2,
            "duration_seconds": 60.0,
            "user_id": "anonymous",
            "session_id": "abc123",
            "version": __version__,
        }
    ]


def test_files_lie_by_level_and_day_under_the_name_of_their_run(tmp_path: Path) -> None:
    with logged(world(tmp_path)) as observed:
        observed.tell("debug", "store_conflict", AT)
        observed.tell("info", "run_started", AT, session_id="run-1")
        observed.tell("critical", "bug", datetime(2026, 3, 5, tzinfo=UTC))
    found = [
        str(path.relative_to(tmp_path / ".edgetpu-ci/logs")) for path in (tmp_path / ".edgetpu-ci").rglob("*.jsonl")
    ]
    assert sorted(found) == [
        "critical/2026-03-05/run-1.jsonl",
        "debug/2026-03-04/20260304T050607Z-01234567.jsonl",
        "info/2026-03-04/run-1.jsonl",
    ]


def test_a_person_sees_what_is_said_nowhere_else(tmp_path: Path) -> None:
    shown: list[str] = []
    here = world(tmp_path)
    begun = opening.begin(Logs(), here, shown.append)
    here.observed.tell("info", "run_started", AT, machine=f"pi5 {SECRETS[0]}")
    here.observed.tell("warning", "delivery_failed", AT, reason="which is said as a sentence")
    begun.end()
    (line,) = shown
    plain = re.sub(r"\x1b\[[0-9;]*m", "", line)
    assert plain.split() == ["2026-03-04T05:06:07.000000+00:00", "[info", "]", "run_started", "machine='pi5", "***'"]


def test_what_a_person_sees_gives_the_terminal_no_orders(tmp_path: Path) -> None:
    shown: list[str] = []
    here = world(tmp_path)
    begun = opening.begin(Logs(), here, shown.append)
    here.observed.tell("info", "run_started", AT, machine="\x1b]0;title\x07")
    begun.end()
    assert "\x1b]" not in shown[0]


def test_a_name_that_is_no_text_costs_no_event(tmp_path: Path) -> None:
    with logged(world(tmp_path)) as observed:
        observed.tell("info", "benchmark_completed", AT, model="odd\udcff.tflite", session_id="odd\udcff")
    assert [line["model"] for line in lines(tmp_path)] == ["odd?.tflite"]


def test_half_a_line_on_a_full_disk_spoils_no_other(tmp_path: Path) -> None:
    code = (
        "import resource, signal, sys; from pathlib import Path; from datetime import UTC, datetime;"
        "from edgetpu_ci.logs.files import Files; from edgetpu_ci.telemetry.entry import Entry;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); files, lost = Files(Path(sys.argv[1])), 0\n"
        "for room in (60, 60, 60, 300, 300):\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))\n"
        "    try: files.write(Entry('INFO', datetime.now(UTC), 's', {}, '{\"n\": \"' + 30 * 'x' + '\"}'))\n"
        "    except OSError as error: lost += 1\n"
        "print(lost)"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout.strip() == b"2"
    (path,) = tmp_path.rglob("*.jsonl")
    whole, half, *others = path.read_text().splitlines()
    assert others == [whole, whole]
    assert whole.startswith(half)


def test_two_processes_of_one_session_write_behind_each_other_and_nobody_else_reads_it(tmp_path: Path) -> None:
    one, two = files.Files(tmp_path), files.Files(tmp_path)
    for number, file in enumerate((one, two, one, two)):
        file.write(Entry("INFO", AT, "s", {}, str(number)))
    (path,) = tmp_path.rglob("*.jsonl")
    assert (path.read_text().split(), path.stat().st_mode & 0o777) == (["0", "1", "2", "3"], 0o600)


def test_a_session_that_is_called_like_a_way_out_stays_in_its_folder(tmp_path: Path) -> None:
    with logged(world(tmp_path)) as observed:
        observed.tell("info", "run_started", AT, session_id="../../../etc/x\x00y")
    assert [path.parent.name for path in tmp_path.rglob("*.jsonl")] == ["2026-03-04"]


def test_a_level_goes_where_it_is_told_to(tmp_path: Path) -> None:
    quiet = Logs(levels={"INFO": Route(destinations=(), retention_days=1)})
    with logged(world(tmp_path), quiet) as observed:
        observed.tell("info", "run_started", AT)
        observed.tell("warning", "rule_failed", AT)
    assert [line["level"] for line in lines(tmp_path)] == ["warning"]


@pytest.mark.parametrize("secret", SECRETS)
def test_no_token_stands_in_a_message_a_field_a_traceback_or_what_a_library_says(secret: str, tmp_path: Path) -> None:
    def broken() -> None:
        password = secret  # noqa: F841 - a local variable, which is never written
        raise ValueError(f"no {secret} here")

    with logged(world(tmp_path)) as observed:
        observed.tell("warning", "delivery_failed", AT, reason=f"asked with {secret}: refused", api_key="short")
        try:
            broken()
        except ValueError as error:
            observed.broke("bug", AT, error)
        logging.getLogger("urllib3").warning("Retrying with %s", secret, extra={"token": secret})
    text = "".join(path.read_text() for path in tmp_path.rglob("*.jsonl"))
    assert secret not in text
    assert "short" not in text
    assert '"api_key":"***"' in text
    assert text.count("***") == 4
    assert "broken" in text


def test_what_the_environment_calls_a_secret_is_none_of_the_log(tmp_path: Path) -> None:
    env = {"MY_PASSWORD": "correct horse battery", "HOME": "/home/octo"}
    with logged(world(tmp_path, env=env)) as observed:
        observed.tell("info", "report_saved", AT, report="/home/octo/x is correct horse battery, not /home/octocat")
    assert lines(tmp_path)[0]["report"] == "~/x is ***, not /home/octocat"


@settings(max_examples=30)
@given(st.text(), st.sampled_from(SECRETS), st.text())
def test_whatever_stands_around_it_the_line_is_json_without_the_secret(before: str, secret: str, after: str) -> None:
    entry = Renderer(()).render(Event(AT, "info", "run_started", {"machine": f"{before} {secret} {after}"}), "s")
    assert secret not in json.loads(entry.line)["machine"]
    assert "\n" not in entry.line


def test_a_library_that_logs_nonsense_costs_nothing(tmp_path: Path) -> None:
    with logged(world(tmp_path)) as observed:
        nonsense = logging.LogRecord("foreign", logging.ERROR, "", 1, "%d of", ("none",), None)
        foreign.Handler(observed.sinks[0]).emit(nonsense)
    told = lines(tmp_path, "error")
    assert [(line["event"], line["logger"], line["message"]) for line in told] == [(events.FOREIGN, "foreign", "%d of")]


def test_what_is_long_is_cut_after_its_secrets_are_taken_out(tmp_path: Path) -> None:
    with logged(world(tmp_path)) as observed:
        observed.tell("warning", "delivery_failed", AT, reason=f"{'x' * 7_990} {SECRETS[0]} {'y' * 99_999}")
    assert lines(tmp_path)[0]["reason"] == f"{'x' * 7_990} *** yyyyy"


def test_what_libraries_log_of_sending_logs_is_not_heard(tmp_path: Path) -> None:
    names: list[str] = []

    def answer(_request: Request) -> Reply:
        names.extend(thread.name for thread in threading.enumerate())
        return Reply(status=200)

    with serve(answer) as port:
        here = world(tmp_path, env={"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"})
        with logged(here, Logs(aggregator=Step(use="otlp"))) as observed:
            observed.tell("info", "run_started", AT)
            record = logging.LogRecord("urllib3", logging.ERROR, "", 1, "of sending", (), None)
            record.threadName = aggregator.THREAD
            foreign.Handler(observed.sinks[0]).emit(record)
    assert len(lines(tmp_path)) == 1
    # One waits, and one speaks to the receiver.
    assert names.count(aggregator.THREAD) == 2


def test_what_a_library_says_aloud_stays_aloud(tmp_path: Path) -> None:
    code = (
        "import logging; from pathlib import Path; from edgetpu_ci.config.observability import Logs;"
        "from edgetpu_ci.logs import opening; from tests.fakes.world import world;"
        f"begun = opening.begin(Logs(), world(Path({str(tmp_path)!r})));"
        "logging.getLogger('foreign').warning('odd'); logging.getLogger('foreign').info('usual'); begun.end()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    assert done.stderr == b"odd\n"
    assert [line["message"] for line in lines(tmp_path)] == ["odd"]


def test_what_is_logged_while_an_event_is_written_is_not_heard(tmp_path: Path) -> None:
    class OddError(Exception):
        def __str__(self) -> str:
            logging.getLogger("foreign").error("odd", exc_info=self)
            return "odd"

    with logged(world(tmp_path)) as observed:
        observed.broke("bug", AT, OddError())
    assert [(line["event"], line["exception"][0]["exc_value"]) for line in lines(tmp_path)] == [("bug", "odd")]


def test_after_the_end_nobody_listens(tmp_path: Path) -> None:
    with logged(world(tmp_path)) as observed:
        pass
    logging.getLogger("urllib3").warning("late")
    assert (lines(tmp_path), observed.sinks) == ([], [])


def test_a_place_that_fails_is_said_once_and_the_others_go_on(tmp_path: Path) -> None:
    said = Said()
    (tmp_path / "taken").touch()
    with receiver([Reply(status=204)]) as loki:
        here = world(tmp_path, warn=said.append, env={"EDGETPU_CI_LOKI_URL": loki.url})
        with logged(here, Logs(folder="taken", aggregator=Step(use="loki"))) as observed:
            for _ in range(500):
                observed.tell("error", "command_failed", AT, reason="x")
    assert loki.body().count(b"command_failed") == 500
    assert said == [
        "warning: Events do not reach the files in taken: not a directory.",
        "warning: 500 events did not reach the files in taken.",
    ]


def test_where_not_even_that_can_be_said_the_program_goes_on(tmp_path: Path) -> None:
    def full(_sentence: str) -> None:
        raise StoreError("The output could not be written: no space left on device.")

    (tmp_path / "taken").touch()
    with logged(world(tmp_path, warn=full), Logs(folder="taken")) as observed:
        for _ in range(2):
            observed.tell("info", "run_started", AT)


def test_an_aggregator_that_is_dead_costs_no_event_in_the_files(tmp_path: Path) -> None:
    said = Said()
    env = {"EDGETPU_CI_LOKI_URL": "http://user:hunter22@127.0.0.1:9"}
    with logged(world(tmp_path, warn=said.append, env=env), Logs(aggregator=Step(use="loki"))) as observed:
        observed.tell("info", "run_started", AT)
        observed.tell("error", "command_failed", AT, reason="x")
    assert len(lines(tmp_path)) == 2
    assert said == [
        "warning: Events do not reach the aggregator of logs: Loki did not answer (ConnectionError).",
        "warning: 2 events did not reach the aggregator of logs.",
    ]


def test_an_aggregator_whose_address_is_not_set_is_said_as_in_a_job_of_a_fork(tmp_path: Path) -> None:
    said = Said()
    with logged(world(tmp_path, warn=said.append), Logs(aggregator=Step(use="otlp"))) as observed:
        observed.tell("info", "run_started", AT)
    assert len(lines(tmp_path)) == 1
    assert said[0].startswith("warning: Events do not reach the aggregator of logs: OTEL_EXPORTER_OTLP_ENDPOINT is not")


def test_a_batch_goes_at_a_thousand_and_at_the_end_and_what_is_lost_is_counted() -> None:
    sizes, said = [], Said()

    def send(entries: Sequence[Entry]) -> None:
        sizes.append(len(entries))
        if len(sizes) == 2:
            raise RuntimeError("with a secret in it")

    batched = sinks.Batched(send)
    guard = batched.guarded("the aggregator", said.append)
    entry = Entry("INFO", AT, "s", {}, "{}")
    for _ in range(2500):
        guard.write(entry)
    batched.flush()
    guard.end()
    assert sizes == [1000, 1000, 500]
    assert said == [
        "warning: Events do not reach the aggregator: RuntimeError.",
        "warning: 1,000 events did not reach the aggregator.",
    ]


def test_who_did_not_answer_is_asked_once_more_at_the_end_and_not_before() -> None:
    sizes, said = [], Said()

    def send(entries: Sequence[Entry]) -> None:
        sizes.append(len(entries))
        if len(sizes) == 1:
            raise DeliveryError("it did not answer.")

    batched = sinks.Batched(send)
    guard = batched.guarded("the aggregator", said.append)
    for _ in range(4500):
        guard.write(Entry("INFO", AT, "s", {}, "{}"))
    assert sizes == [1000]
    batched.flush()
    guard.end()
    assert sizes == [1000, 1000]
    assert said[1:] == ["warning: 3,500 events did not reach the aggregator."]


def test_files_are_removed_after_the_days_of_their_level(tmp_path: Path) -> None:
    for level in ("debug", "info", "warning", "error", "strange"):
        for day in ("2026-02-20", "2026-02-26", "2026-03-04", "someday"):
            path = tmp_path / level / day / "run.jsonl"
            path.parent.mkdir(parents=True)
            path.write_text("{}\n")
    gone = files.prune(tmp_path, {"DEBUG": 6, "INFO": 12, "WARNING": 11, "ERROR": 365}, AT)
    assert [(one.level, one.day) for one in gone] == [("DEBUG", date(2026, 2, 20)), ("WARNING", date(2026, 2, 20))]
    assert not (tmp_path / "debug/2026-02-20").exists()
    assert len(list(files.found(tmp_path))) == 13


def test_odd_files_among_logs_stop_nothing(tmp_path: Path) -> None:
    for name in ("info/9999-12-31/run.jsonl", "info/2020-01-01/run.jsonl", "info/0000-00-00/run.jsonl"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("{}\n")
    (tmp_path / "info/2020-01-01/folder.jsonl").mkdir()
    gone = files.prune(tmp_path, {"INFO": 30}, AT)
    assert [one.path.name for one in gone] == ["run.jsonl"]
    kept = [files.until(one, 30) for one in files.found(tmp_path)]
    assert kept == [date(9999, 12, 31)]
    with pytest.raises(StoreError, match="cannot be read: file name too long"):
        list(files.found(tmp_path / ("a" * 300)))


def test_an_upload_keeps_each_level_as_long_as_github_lets_it(tmp_path: Path) -> None:
    env = {"GITHUB_RETENTION_DAYS": "90", "GITHUB_OUTPUT": str(tmp_path / "out")}
    here = world(tmp_path, env=env)
    assert uploading.retention(Logs(), here) == {"DEBUG": 7, "INFO": 30, "WARNING": 90, "ERROR": 90, "CRITICAL": 90}
    assert uploading.retention(Logs(), world(tmp_path))["ERROR"] == 365
    uploading.write_outputs(Logs(), here)
    assert '{"DEBUG":7,"INFO":30,"WARNING":90,"ERROR":90,"CRITICAL":90}' in (tmp_path / "out").read_text()


def test_every_event_that_is_told_has_its_name_and_fields_in_the_table() -> None:
    told: dict[str, set[str]] = {}
    for path in (ROOT / "edgetpu_ci").rglob("*.py"):
        if ".tell(" in (text := path.read_text()) or ".broke(" in text:
            for name, fields in _told(ast.parse(text)):
                told.setdefault(name, set()).update(fields)
    # One is told in a loop over names.
    told |= {"alert_opened": {"incident", "severity"}, "alert_resolved": {"incident", "severity"}}
    told[events.FOREIGN] = {"logger", "message"}
    assert {name: fields - {"session_id"} for name, fields in told.items() if name} == {
        name: set(kind.fields) for name, kind in events.EVENTS.items()
    }


def _told(tree: ast.AST) -> Iterator[tuple[str, set[str]]]:
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        place = {"tell": 1, "broke": 0}.get(node.func.attr)
        if place is not None and len(node.args) > 1 and isinstance(name := node.args[place], ast.Constant):
            called = str(name.value)
            more = (
                set(FIELDS)
                if any(one.arg is None for one in node.keywords) and called == "benchmark_completed"
                else set()
            )
            if called == "report_judged":
                more = {"failed", "warned", "unknown"}
            yield called, {one.arg for one in node.keywords if one.arg} | more


def test_without_logging_nothing_of_it_is_imported(tmp_path: Path) -> None:
    (tmp_path / "edgetpu-ci.yml").write_text("collect: []\n")
    code = (
        "import sys; from edgetpu_ci.cli import run; run(['run']); "
        "print([name for name in sys.modules if name.startswith(('structlog', 'edgetpu_ci.logs', 'opentelemetry'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode().strip() == "[]"


def test_the_script_that_measures_an_event_prints_a_line_for_each_way() -> None:
    script = ROOT / "scripts/logging_overhead.py"
    done = subprocess.run([sys.executable, script, "20", "1"], capture_output=True, check=True)
    rows = [line for line in done.stdout.decode().splitlines() if line.startswith("| ")]
    assert [row.split(" | ")[0] for row in rows[1:]] == [
        "| no logging",
        "| JSON to a file",
        "| JSON to a file, secrets taken out",
        "| the same with 10 secrets of the environment",
        "| Python's logging, JSON to a file",
    ]


def test_levels_of_the_documents_log_config_are_taken_as_they_are_written() -> None:
    levels = {
        "DEBUG": {"destinations": ["local_file"], "retention_days": 7},
        "INFO": {"destinations": ["local_file", "remote_aggregator"], "retention_days": 30},
        "WARNING": {"destinations": ["local_file", "remote_aggregator", "slack_webhook"], "retention_days": 90},
        "ERROR": {"destinations": ["local_file", "remote_aggregator", "pagerduty"], "retention_days": 365},
        "CRITICAL": {"destinations": ["all_channels", "emergency_contacts"], "retention_days": 365},
    }
    written = codec.convert({"levels": levels}, Logs, "here")
    assert written.levels == default_levels()
