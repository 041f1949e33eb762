"""The command line from outside: what is said, where, and with which exit status."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import venv
from pathlib import Path

import pytest
from msgspec.structs import replace

from edgetpu_ci import codec, reference
from edgetpu_ci.tflite.writer import Network
from tests.fakes import compiled, reports
from tests.fakes.program import LAUNCHER, edgetpu_ci, environment

QUICK = "rounds: 2, seconds: 0.01, count: 5, warmup_seconds: 0, warmup_count: 2"


def project(folder: Path, *, inference: str = QUICK, rest: str = "", model: bytes | None = None) -> Path:
    """A user's repository with one small model and a configuration."""
    (folder / "small.tflite").write_bytes(reference.build(32, 0.1) if model is None else model)
    (folder / "edgetpu-ci.yml").write_text(
        f"collect:\n- {{use: model_file, with: {{models: [small.tflite]}}}}\n"
        f"- {{use: inference, with: {{models: [small.tflite], {inference}}}}}\n{rest}"
    )
    return folder


def test_a_run_passes_saves_its_report_and_says_where(tmp_path: Path) -> None:
    done = edgetpu_ci(project(tmp_path), "run")
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0)
    assert "report  edgetpu-ci-report/report.json" in done.stdout
    report = json.loads((tmp_path / "edgetpu-ci-report" / "report.json").read_text())
    measured = {m["metric"]: m.get("value") for m in report["run"]["measurements"]}
    assert measured["throughput_sustained_fps"] > 0
    assert len(list((tmp_path / ".edgetpu-ci/documents/reports").glob("*.json"))) == 1
    assert (tmp_path / "edgetpu-ci-report" / "chart.png").read_bytes().startswith(b"\x89PNG")


def test_a_broken_rule_fails_with_1_and_the_report_is_still_saved(tmp_path: Path) -> None:
    done = edgetpu_ci(project(tmp_path, rest='rules: [{match: "*/macs_millions", max: 0.001}]\n'), "run")
    assert done.returncode == 1
    assert "above the most allowed" in done.stdout
    assert (tmp_path / "edgetpu-ci-report" / "report.json").exists()


def test_what_went_wrong_is_an_annotation_in_a_job_whatever_a_file_is_called(tmp_path: Path) -> None:
    done = edgetpu_ci(tmp_path, "show", "50%\n::add-mask::a.json", GITHUB_ACTIONS="true")
    said = "50%25 ::add-mask::a.json cannot be read: no such file or directory."
    assert (done.returncode, done.stderr) == (2, f"::error title=edgetpu-ci::{said}\n")


def test_an_unknown_that_fails_is_5(tmp_path: Path) -> None:
    done = edgetpu_ci(project(tmp_path, rest='rules: [{match: "*/latency_p99_ms", max: 1000}]\n'), "run")
    assert done.returncode == 5
    assert re.search("p99 needs 662 samples, has [0-9]+", " ".join(done.stdout.split()))


def test_the_whole_way_from_a_first_run_to_a_baseline(tmp_path: Path) -> None:
    rest = 'rules: [{match: "*/macs_millions", exact: true, unknown: warn}]\n'
    project(tmp_path, rest=rest)
    first = edgetpu_ci(tmp_path, "run")
    assert "no baseline for this machine yet" in " ".join(first.stdout.split())
    assert "baseline accept" in first.stdout
    second = edgetpu_ci(tmp_path, "run")
    assert "not a baseline" in second.stdout
    accepted = edgetpu_ci(tmp_path, "baseline", "accept", "--by", "Reviewer", "--reason", "first level")
    assert accepted.returncode == 0, accepted.stderr
    assert "accepted:" in edgetpu_ci(tmp_path, "baseline", "show").stdout
    third = edgetpu_ci(tmp_path, "run")
    assert "baseline accepted by Reviewer" in " ".join(third.stdout.split())
    (tmp_path / "small.tflite").write_bytes(reference.build(32, 0.2))
    changed = edgetpu_ci(tmp_path, "run")
    assert changed.returncode == 1
    assert "of the baseline" in " ".join(changed.stdout.split())


def test_a_model_that_is_gone_from_the_run_is_named(tmp_path: Path) -> None:
    project(tmp_path)
    (tmp_path / "other.tflite").write_bytes(reference.build(32, 0.1))
    config = tmp_path / "edgetpu-ci.yml"
    alone = config.read_text()
    config.write_text(alone.replace("[small.tflite]", '["*.tflite"]'))
    edgetpu_ci(tmp_path, "run")
    edgetpu_ci(tmp_path, "baseline", "accept", "--by", "Reviewer")
    config.write_text(alone)
    done = edgetpu_ci(tmp_path, "run")
    assert "other" in done.stdout
    assert "was not measured" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("run",), "There is no edgetpu-ci.yml; `edgetpu-ci init` writes one"),
        (("run", "gone.tflite"), 'No model file matches "gone.tflite"'),
        (("run", "--reference", "--config", "x.yml"), "Name either models or --config, not both"),
        (("show", "gone.json"), "gone.json cannot be read: no such file or directory."),
        (("page",), "There are no reports in the store yet; `edgetpu-ci run` keeps one, or name some files."),
        (("page", "gone.json"), "gone.json cannot be read: no such file or directory."),
        (("judge", "gone.json"), "gone.json cannot be read"),
        (("publish",), "`publish` needs either a REPORT or --from-workflow-run."),
        (("inspect", "gone.tflite"), "gone.tflite"),
        (("baseline", "accept"), "edgetpu-ci-report/report.json cannot be read"),
    ],
)
def test_usage_faults_are_one_sentence_and_2(tmp_path: Path, arguments: tuple[str, ...], sentence: str) -> None:
    done = edgetpu_ci(tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "cannot be read"),
        (b'{"format": "other"}', "is not an edgetpu-ci report"),
        (b'{"format": "edgetpu-ci report", "schema": 99}', "schema 99, newer than the 1 this version reads"),
        (b"\xff\xfe", "cannot be read"),
    ],
)
@pytest.mark.parametrize("verb", ["show", "judge", "publish"])
def test_a_corrupt_foreign_or_newer_report_is_refused_and_left_alone(
    tmp_path: Path, verb: str, data: bytes, sentence: str
) -> None:
    (tmp_path / "r.json").write_bytes(data)
    done = edgetpu_ci(tmp_path, verb, "r.json")
    assert done.returncode == 2
    assert sentence in done.stderr
    assert (tmp_path / "r.json").read_bytes() == data


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (b"", "empty"),
        (b"TFL", "small.tflite"),
        (b"\x00" * 100, "small.tflite"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "LFS"),
        (compiled.build(), "compiled for the Edge TPU runs, cannot be loaded"),
    ],
)
def test_a_model_that_cannot_run_has_a_reason_and_3(tmp_path: Path, model: bytes, reason: str) -> None:
    folder = project(tmp_path, model=model)
    config = folder / "edgetpu-ci.yml"
    config.write_text("collect:\n" + config.read_text().splitlines()[2] + "\n")
    done = edgetpu_ci(folder, "run")
    assert done.returncode == 3, done.stderr
    assert reason in " ".join(done.stdout.split())
    assert "Nothing could be measured" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_interpreter_without_a_runtime_says_how_to_install_one(tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", symlinks=True)
    done = edgetpu_ci(project(tmp_path, inference="python: bare/bin/python"), "run")
    assert done.returncode == 3
    report = (tmp_path / "edgetpu-ci-report" / "report.json").read_text()
    assert "bare/bin/python -m pip install ai-edge-litert" in report


@pytest.mark.parametrize("program", ["/bin/true", "/bin/cat", "/bin/false", "/nonexistent/python"])
def test_an_interpreter_that_is_no_python_is_named(tmp_path: Path, program: str) -> None:
    done = edgetpu_ci(project(tmp_path, inference=f"python: {program}"), "run")
    assert done.returncode == 3
    assert program in done.stdout
    assert "Traceback" not in done.stderr


def test_two_runs_at_once_both_keep_their_report(tmp_path: Path) -> None:
    project(tmp_path)
    runs = [
        subprocess.Popen(
            [sys.executable, str(LAUNCHER), "run"], cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL
        )
        for _ in range(2)
    ]
    assert [run.wait(120) for run in runs] == [0, 0]
    reports = list((tmp_path / ".edgetpu-ci/documents/reports").iterdir())
    assert len(reports) == 2
    assert all(edgetpu_ci(tmp_path, "show", str(report)).returncode == 0 for report in reports)


@pytest.mark.parametrize("cause", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_no_process_and_no_half_report(tmp_path: Path, cause: signal.Signals) -> None:
    project(tmp_path, inference="rounds: 50, seconds: 30")
    run = subprocess.Popen(
        [sys.executable, str(LAUNCHER), "run"], cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True
    )
    worker = _wait_for_child(run.pid)
    run.send_signal(cause)
    _, said = run.communicate(timeout=30)
    assert run.returncode == 130
    assert said.endswith("edgetpu-ci: Interrupted; nothing half-written was left behind.\n")
    assert not Path(f"/proc/{worker}").exists() or "Z" in Path(f"/proc/{worker}/stat").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["edgetpu-ci.yml", "small.tflite"]


def _wait_for_child(parent: int) -> int:
    for _ in range(400):
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                if int(stat.read_text().rpartition(") ")[2].split()[1]) == parent:
                    return int(stat.parent.name)
            except OSError:
                continue
        time.sleep(0.02)
    raise AssertionError("no child was started")


def test_a_folder_that_cannot_be_written_is_said_before_anything_is_measured(tmp_path: Path) -> None:
    project(tmp_path)
    (tmp_path / "edgetpu-ci-report").write_text("a file")
    done = edgetpu_ci(tmp_path, "run")
    assert (done.returncode, done.stdout) == (2, "")
    assert "edgetpu-ci-report is no folder; name one for the report with --output" in done.stderr


def test_show_says_the_same_again(tmp_path: Path) -> None:
    run = edgetpu_ci(project(tmp_path), "run")
    shown = edgetpu_ci(tmp_path, "show", "edgetpu-ci-report/report.json", "--chart", "again.svg")
    assert shown.stdout.splitlines()[:10] == run.stdout.splitlines()[:10]
    assert "<svg" in (tmp_path / "again.svg").read_text()
    comment = edgetpu_ci(tmp_path, "show", "edgetpu-ci-report/report.json", "--markdown").stdout
    assert comment.startswith("<!-- edgetpu-ci:v1")


def test_page_and_badge_draw_what_was_measured(tmp_path: Path) -> None:
    edgetpu_ci(project(tmp_path), "run")
    edgetpu_ci(tmp_path, "run")
    drawn = edgetpu_ci(tmp_path, "page")
    assert (drawn.returncode, drawn.stderr) == (0, "")
    assert re.fullmatch(r"history  history\.html   # \d+ series of 2 reports\n", drawn.stdout)
    assert "small" in (tmp_path / "history.html").read_text()
    report = "edgetpu-ci-report/report.json"
    named = edgetpu_ci(tmp_path, "page", report, "--output", "h.svg")
    assert "of 1 reports" in named.stdout
    assert "<svg" in (tmp_path / "h.svg").read_text()
    assert edgetpu_ci(tmp_path, "badge", report).stdout.startswith("<svg ")
    assert edgetpu_ci(tmp_path, "badge", report, "--output", "b.svg").stdout == "badge  b.svg\n"
    assert (tmp_path / "b.svg").read_text().endswith("</svg>\n")


def test_inspect_tells_what_a_model_holds(tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(reference.build())
    assert "300.78 M" in edgetpu_ci(tmp_path, "inspect", "m.tflite").stdout
    assert json.loads(edgetpu_ci(tmp_path, "inspect", "m.tflite", "--json").stdout)


def test_init_then_doctor_then_run(tmp_path: Path) -> None:
    (tmp_path / "small.tflite").write_bytes(reference.build(32, 0.1))
    assert edgetpu_ci(tmp_path, "init").stdout.count("wrote") == 2
    seen = edgetpu_ci(tmp_path, "doctor")
    assert seen.returncode == 0, seen.stdout
    assert "runs a model" in seen.stdout
    assert edgetpu_ci(tmp_path, "run").returncode == 0


def test_doctor_goes_on_after_each_fault(tmp_path: Path) -> None:
    project(tmp_path, inference="python: /bin/true", rest="publish: [{use: slak}]\n")
    seen = edgetpu_ci(tmp_path, "doctor")
    assert seen.returncode == 2
    assert 'there is no publish plugin "slak"' in seen.stdout
    assert "/bin/true gave no answer" in seen.stdout


def test_the_schema_accepts_our_own_examples_and_refuses_a_typo(tmp_path: Path) -> None:
    import jsonschema
    import yaml

    schema = json.loads(edgetpu_ci(tmp_path, "schema").stdout)
    good = yaml.safe_load((Path(__file__).parents[2] / "examples/performance-baselines.yml").read_text())
    jsonschema.validate(good, schema)
    good["collect"][1]["with"]["round"] = 3
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(good, schema)


HEAVY = {
    "numpy",
    "matplotlib",
    "github",
    "requests",
    "ai_edge_litert",
    "yaml",
    "msgspec",
    "pandas",
    "importlib.metadata",
    "structlog",
    "opentelemetry",
    "http.server",
    "http.client",
    "asyncio",
}


def test_a_run_without_alerts_and_logs_imports_nothing_of_them(tmp_path: Path) -> None:
    (tmp_path / "small.tflite").write_bytes(reference.build(32, 0.1))
    (tmp_path / "edgetpu-ci.yml").write_text("collect: [{use: model_file, with: {models: [small.tflite]}}]\n")
    code = (
        f"import sys; sys.path.insert(0, {str(LAUNCHER.parents[1])!r}); from edgetpu_ci import cli\n"
        "status = cli.run(['run'])\n"
        "parts = ('alerting', 'incidents', 'notify', 'runbooks', 'weekly', 'digest', 'config.checking',\n"
        "         'logs', 'telemetry', 'stack', 'exposition', 'newest', 'pushing', 'serve.', 'ci_health')\n"
        "print('LOADED', status, *[name for name in sys.modules for part in parts if f'edgetpu_ci.{part}' in name])"
    )
    ran = [sys.executable, "-c", code]
    done = subprocess.run(ran, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "LOADED 0"


@pytest.mark.parametrize(
    ("arguments", "loaded"),
    [
        (["--help"], set()),
        (["run", "--help"], set()),
        (["show", "report.json"], {"msgspec", "yaml"}),
        (["inspect", "small.tflite"], {"msgspec", "yaml"}),
    ],
)
def test_no_heavy_import_before_it_is_needed(tmp_path: Path, arguments: list[str], loaded: set[str]) -> None:
    project(tmp_path)
    (tmp_path / "report.json").write_bytes(codec.encode_json(reports.regressed()))
    code = (
        f"import sys; sys.path.insert(0, {str(LAUNCHER.parents[1])!r}); from edgetpu_ci import cli\n"
        f"try: cli.run({arguments!r})\nexcept SystemExit: pass\n"
        f"print('LOADED', *sorted({HEAVY!r} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True
    )
    found = set(done.stdout.splitlines()[-1].split()[1:])
    assert found <= loaded, found - loaded


def unread(folder: Path, *arguments: str, both: bool = False) -> tuple[int, str]:
    """The status and the errors of a command that writes to a reader who has left."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, str(LAUNCHER), *arguments],
        cwd=folder,
        env=environment(),
        stdout=write,
        stderr=write if both else subprocess.PIPE,
        check=False,
    )
    os.close(write)
    return done.returncode, (done.stderr or b"").decode()


def test_a_reader_who_leaves_is_no_fault(tmp_path: Path) -> None:
    assert unread(tmp_path, "schema") == (0, "")


@pytest.mark.parametrize("both", [False, True], ids=["stdout", "stdout and stderr"])
def test_a_failed_gate_fails_although_nobody_reads_what_it_says(tmp_path: Path, *, both: bool) -> None:
    project(tmp_path, rest='rules: [{match: "*/throughput_sustained_fps", min: 1.0e+6}]\n')
    (tmp_path / "report.json").write_bytes(codec.encode_json(reports.regressed()))
    assert unread(tmp_path, "judge", "report.json", both=both) == (1, "")
    assert unread(tmp_path, "judge", "gone.json", both=both)[0] == 2


def test_a_failed_run_fails_although_nobody_reads_what_it_says(tmp_path: Path) -> None:
    project(tmp_path, rest='rules: [{match: "*/macs_millions", max: 0.001}]\n')
    assert unread(tmp_path, "run", both=True)[0] == 1
    assert (tmp_path / "edgetpu-ci-report" / "report.json").exists()


HOSTILE = "a::error::pwned##[set-output]\x1b[31m\u202e\n::error::pwned"


def harmless(said: str) -> bool:
    """No command for a runner, and no sign that steers a terminal; the line with the foreign text is there."""
    return "pwned" in said and not re.search(r"::|##\[|[\x00-\x09\x0b-\x1f\u202e]", said)


def test_inspect_shows_a_hostile_tensor_without_obeying_it(tmp_path: Path) -> None:
    net = Network(HOSTILE)
    image, scores = net.tensor(HOSTILE, "uint8", (1, 4), [1.0]), net.tensor("scores", "uint8", (1, 4), [1.0])
    net.operator(HOSTILE, [image], [scores], 1, {})
    (tmp_path / "m.tflite").write_bytes(net.pack([image], [scores]))
    assert harmless(edgetpu_ci(tmp_path, "inspect", "m.tflite").stdout)
    told = json.loads(edgetpu_ci(tmp_path, "inspect", "m.tflite", "--json").stdout)
    assert told["model"]["description"].startswith("a::error::pwned##[set-output]")


def test_accept_warns_of_a_busy_machine_in_harmless_words(tmp_path: Path) -> None:
    report = reports.regressed()
    report = replace(report, run=replace(report.run, contended=HOSTILE))
    (tmp_path / "r.json").write_bytes(codec.encode_json(report))
    done = edgetpu_ci(tmp_path, "baseline", "accept", "r.json", "--by", "Ada")
    assert done.returncode == 0
    assert harmless(done.stderr), done.stderr


def test_a_report_passed_over_is_named_in_harmless_words(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_bytes(codec.encode_json(reports.regressed()))
    history = tmp_path / ".edgetpu-ci/documents/reports"
    history.mkdir(parents=True)
    hostile = codec.encode_json(reports.regressed()).replace(b'"fail"', json.dumps(HOSTILE).encode())
    (history / "1.json").write_bytes(hostile)
    done = edgetpu_ci(tmp_path, "judge", "r.json")
    assert "Passed over" in done.stderr
    assert harmless(done.stderr), done.stderr


def test_doctor_and_usage_faults_name_a_hostile_file_in_harmless_words(tmp_path: Path) -> None:
    name = f"{HOSTILE}.yml"
    assert harmless(edgetpu_ci(tmp_path, "doctor", "--config", name).stdout)
    assert harmless(edgetpu_ci(tmp_path, "doctor", name).stderr)
    assert harmless(edgetpu_ci(tmp_path, "inspect", name).stderr)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's full disk")
def test_output_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, str(LAUNCHER), "schema"],
            cwd=tmp_path,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "no space left" in done.stderr
