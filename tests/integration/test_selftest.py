"""A runner measured against itself from outside, and what its comparisons say afterwards."""

import json
import subprocess
from pathlib import Path

import pytest

from edgetpu_ci import machine, reference, runner_record
from edgetpu_ci.noise import Gauge, SelfTest
from edgetpu_ci.store.folder import Folder
from tests.fakes import copying
from tests.fakes.program import edgetpu_ci
from tests.fakes.world import AT, world

QUICK = "seconds: 0.005, count: 10, warmup_seconds: 0, warmup_count: 2"
NOISY = SelfTest(
    at=AT,
    gauges=(Gauge(subject="m", ratio=1.0, interval=(0.4, 2.5), floor=1.5, p=0.5, rounds=30, dropped=0),),
)


def project(folder: Path, percent: float, inference: str = QUICK) -> Path:
    """A small model, as few rounds as there may be, and a rule about its changes."""
    (folder / "small.tflite").write_bytes(reference.build(32, 0.1))
    (folder / "edgetpu-ci.yml").write_text(
        f"collect: [{{use: inference, with: {{models: [small.tflite], {inference}}}}}]\n"
        f'rules: [{{match: "*/throughput_sustained_fps", worse_by_percent: {percent}}}]\n'
        "compare: {budget_seconds: 0}\n"
    )
    return folder


def remember(folder: Path, *tests: SelfTest) -> None:
    """Give this machine a record."""
    here = world(folder, root=Path("/"))
    for test in tests:
        runner_record.remember(Folder(folder / ".edgetpu-ci"), machine.identify(here), test, here)


def recall(folder: Path) -> tuple[SelfTest, ...]:
    """The record of this machine."""
    here = world(folder, root=Path("/"))
    return runner_record.recall(Folder(folder / ".edgetpu-ci"), machine.identify(here), here)


def commit(folder: Path, head: bytes) -> None:
    """Commit the model, and change it."""
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main")
    for command in (("init", "-q"), ("add", "small.tflite"), ("commit", "-qm", "A model")):
        subprocess.run(["git", *who, *command], cwd=folder, check=True)
    (folder / "small.tflite").write_bytes(head)


def compare_with_a_commit(folder: Path, head: bytes) -> subprocess.CompletedProcess[str]:
    """The model as it was committed, in turns with what it became."""
    commit(folder, head)
    return edgetpu_ci(folder, "compare", "--base", "HEAD")


def words(text: str) -> str:
    """Without the ends of lines."""
    return " ".join(text.split())


def test_a_runner_that_can_tell_what_is_demanded_is_fit(tmp_path: Path) -> None:
    done = edgetpu_ci(project(tmp_path, 99_999), "selftest")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "measured against itself" in done.stdout
    assert "can just be told from none here" in done.stdout
    assert "record  1 self-test since" in done.stdout
    assert "✓ fit: its floor" in done.stdout
    (test,) = recall(tmp_path)
    (gauge,) = test.gauges
    assert gauge.subject == "small"
    assert gauge.rounds + gauge.dropped >= 10
    assert gauge.interval[0] <= gauge.ratio <= gauge.interval[1]
    assert 0 < gauge.floor < 999
    assert not (tmp_path / "edgetpu-ci-report").exists()


def test_one_that_cannot_is_5_and_out_of_gating_until_it_is_calm(tmp_path: Path) -> None:
    project(tmp_path, 0.0001)
    done = edgetpu_ci(tmp_path, "selftest")
    assert done.returncode == 5, done.stdout + done.stderr
    assert "✗ noisy runner (floor" in done.stdout
    assert "allowed 0.0001 %)" in done.stdout
    assert "5 clean self-tests in a row bring it back: `edgetpu-ci selftest`" in done.stdout


def test_what_a_noisy_runner_compares_is_inconclusive_and_the_report_says_why(tmp_path: Path) -> None:
    project(tmp_path, 1)
    remember(tmp_path, NOISY)
    done = compare_with_a_commit(tmp_path, reference.build(40, 0.1))
    assert done.returncode == 5
    assert "noisy runner (floor 150 %, allowed 1 %)" in words(done.stdout)
    report = json.loads((tmp_path / "edgetpu-ci-report/report.json").read_text())
    (found,) = [c for c in report["comparisons"] if c["metric"] == "throughput_sustained_fps"]
    assert found["finding"] == "inconclusive"
    assert report["runner"]["tests"] == 1
    comment = (tmp_path / "edgetpu-ci-report/report.md").read_text()
    assert "**Out of gating:** noisy runner (floor 150 %, allowed 1 %)" in comment
    assert "| Noise floor | 150 %, by 1 self-test, the last on 2026-03-04 |" in comment


def test_without_a_self_test_the_noise_floor_is_unknown_and_nobody_is_out(tmp_path: Path) -> None:
    project(tmp_path, 99_999)
    done = compare_with_a_commit(tmp_path, reference.build(32, 0.1) + b"\0")
    comment = (tmp_path / "edgetpu-ci-report/report.md").read_text()
    assert "| Noise floor | unknown until `edgetpu-ci selftest` was run here |" in comment
    assert "noisy runner" not in done.stdout + comment


def test_a_model_that_cannot_be_measured_is_3_and_no_self_test(tmp_path: Path) -> None:
    project(tmp_path, 1)
    (tmp_path / "small.tflite").write_bytes(b"not a model")
    done = edgetpu_ci(tmp_path, "selftest")
    assert (done.returncode, recall(tmp_path)) == (3, ())
    assert "Nothing could be measured" in done.stderr


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("collect: [{use: model_file, with: {models: [small.tflite]}}]\n", "A self-test measures models"),
        ("collect: []\n", "A self-test measures models"),
        ("collect: [{use: inference, with: {models: [other.tflite]}}]\n", "other.tflite"),
        ("collect: [{use: inference, with: {models: [small.tflite]}}]\nstore: {use: nowhere}\n", "nowhere"),
    ],
)
def test_what_cannot_be_tested_is_one_sentence_and_2(tmp_path: Path, config: str, said: str) -> None:
    project(tmp_path, 1)
    (tmp_path / "edgetpu-ci.yml").write_text(config)
    done = edgetpu_ci(tmp_path, "selftest")
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_record_of_a_newer_version_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    project(tmp_path, 1)
    here = world(tmp_path, root=Path("/"))
    name = runner_record.name(machine.identify(here))
    Folder(tmp_path / ".edgetpu-ci").swap(name, None, b'{"format": "edgetpu-ci self-tests", "schema": 9}')
    done = edgetpu_ci(tmp_path, "selftest")
    assert done.returncode == 2
    assert "written by another version (schema 9); update edgetpu-ci" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_doctor_shows_the_noise_floor_and_who_is_out(tmp_path: Path) -> None:
    project(tmp_path, 1)
    assert "unknown until `edgetpu-ci selftest` was run here." in edgetpu_ci(tmp_path, "doctor").stdout
    remember(tmp_path, NOISY)
    done = edgetpu_ci(tmp_path, "doctor")
    assert "✗ noise floor" in done.stdout
    assert "noisy runner (floor 150 %, allowed 1 %)" in done.stdout


def test_a_self_test_of_a_simulated_device_is_called_so_and_not_kept(tmp_path: Path) -> None:
    place = project(tmp_path, 99_999, f"{QUICK}, device: simulated")
    (place / "small.tflite").write_bytes(copying.compiled())
    done = edgetpu_ci(place, "selftest")
    assert "device  a simulated Edge TPU: this self-test is not kept" in done.stdout, done.stdout + done.stderr
    assert recall(tmp_path) == ()


def test_each_device_of_a_noisy_host_is_noisy(tmp_path: Path) -> None:
    place = project(tmp_path, 1)
    remember(place, NOISY)
    commit(place, reference.build(32, 0.2))
    settings = (place / "edgetpu-ci.yml").read_text()
    (place / "edgetpu-ci.yml").write_text(settings.replace("compare: {", "compare: {base: HEAD, "))
    done = edgetpu_ci(place, "run", "--device", "simulated")
    assert "noisy runner (floor 150 %" in words(done.stdout), done.stdout + done.stderr
