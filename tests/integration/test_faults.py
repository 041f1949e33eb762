"""Faults of a device while it is measured, and what it answers, with the library that behaves like libedgetpu."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from edgetpu_ci.collect import inference
from edgetpu_ci.judging.interleaved import Standing
from edgetpu_ci.loads.beside import Beside
from edgetpu_ci.model import Collected, Measurement
from edgetpu_ci.world import Ran, World, run_process
from tests.fakes import copying, program
from tests.fakes import world as fake
from tests.fakes.libedgetpu import device, environment

USB, PCI = "usb:/sys/bus/usb/devices/2-1", "pci:/dev/apex_0"
PACE: dict[str, Any] = {"seconds": 0, "warmup_seconds": 0, "warmup_count": 4}


def world(folder: Path, env: Mapping[str, str]) -> World:
    """A world in which the worker finds these devices, and nobody waits for one to come back."""

    def run(argv: Sequence[str], stdin: bytes, timeout: float, own: Mapping[str, str] = MappingProxyType({})) -> Ran:
        return run_process(argv, stdin, timeout, {**env, **own})

    return fake.world(folder, run=run, sleep=lambda _seconds: None)


def measured(folder: Path, library: Path, env: Mapping[str, str], **options: Any) -> dict[str, Measurement]:
    """What is measured of the compiled model, by metric."""
    (folder / "m_edgetpu.tflite").write_bytes(copying.compiled())
    wanted = {**PACE, "rounds": 4, "count": 70, "edgetpu_library": str(library), **options}
    found = inference.Options(models=("m_edgetpu.tflite",), **wanted)
    collected = inference.collect(found, world(folder, env))
    return {measurement.metric: measurement for measurement in collected.measurements}


def slots(found: Mapping[str, Measurement]) -> int:
    return len(found["throughput_fps"].slots)


# What was measured before a fault stays; a run that had one is invalid.


def test_unplugged_in_the_middle_of_a_slot(libedgetpu: Path, tmp_path: Path) -> None:
    env = environment(device(USB, latency_us=100, unplug_after=50), state=tmp_path)
    found = measured(tmp_path, libedgetpu, env)
    assert slots(found) == 1
    assert 40 <= found["latency_p50_ms"].n < 50
    rate = found["failures_per_million"]
    assert rate.failed
    assert rate.reason == ("invalid: 3 × Edge TPU is not ready: the device is gone; see `dmesg`, and plug it in again")
    assert any("the Edge TPU could not be opened" in text for _, text in rate.details)


@pytest.mark.parametrize(
    ("where", "told", "said"),
    [
        (
            USB,
            {"abort_after": 50},
            "USB transfer error 2 [LibUsbDataOutCallback]: the USB link broke; try another port",
        ),
        (USB, {"abort_after": 50, "abort_error": 5}, "USB transfer error 5 [LibUsbDataInCallback]: the USB link broke"),
        (USB, {"crash_after": 50}, "crashed with SIGSEGV"),
        (USB, {"hang_after": 50}, "hung: no answer within 2 s"),
        (PCI, {"hib_after": 50}, "HIB error 0000000000002200: the PCIe link broke; see `dmesg`"),
    ],
)
def test_a_device_that_always_breaks_is_left_alone_with_its_sentence(
    libedgetpu: Path, tmp_path: Path, where: str, told: Any, said: str
) -> None:
    found = measured(tmp_path, libedgetpu, environment(device(where, latency_us=100, **told)), timeout_seconds=2)
    reasons = {m.reason for m in found.values()}
    assert len(reasons) == 1
    assert said in reasons.pop()


def test_the_first_loads_fail_and_the_rest_is_measured(libedgetpu: Path, tmp_path: Path) -> None:
    env = environment(device(USB, latency_us=100), load_failures=2, state=tmp_path)
    found = measured(tmp_path, libedgetpu, env)
    assert slots(found) == 2
    rate = found["failures_per_million"]
    assert rate.reason.startswith("invalid: 2 × the Edge TPU could not be opened (libedgetpu lists usb:0)")
    assert rate.n == found["latency_p50_ms"].n + 2
    assert (found["recovery_ms"].n, found["latency_p50_ms"].failed) == (1, False)


def test_loading_the_library_is_a_part_of_opening_and_of_being_ready(libedgetpu: Path, tmp_path: Path) -> None:
    env = environment(device(USB, latency_us=100, open_us=20_000), loading_us=60_000)
    found = measured(tmp_path, libedgetpu, env)
    opening, ready = found["delegate_open_ms"].value or 0, found["time_to_ready_ms"].value or 0
    assert ready > opening >= 80


def test_single_inferences_that_fail_are_a_rate_of_a_valid_run(libedgetpu: Path, tmp_path: Path) -> None:
    env = environment(device(USB, latency_us=100, fail_every=10))
    found = measured(tmp_path, libedgetpu, env)
    rate = found["failures_per_million"]
    assert not rate.failed
    assert rate.value == pytest.approx(100_000, rel=0.2)
    assert rate.interval
    assert (rate.value or 0) < rate.interval[1] < 150_000
    assert found["error_rate_percent"].value == pytest.approx(10, rel=0.2)
    recovery = found["recovery_ms"]
    assert recovery.n > 20
    assert 0.1 <= (recovery.value or 0) < 10


def test_throttling_is_seen_as_slower(libedgetpu: Path, tmp_path: Path) -> None:
    env = environment(device(USB, latency_us=500, slow_after=30, slow_us=4000))
    found = measured(tmp_path, libedgetpu, env)
    assert 3.9 < (found["latency_p50_ms"].value or 0) < 6
    assert found["failures_per_million"].value == 0


# Beside a base.


def beside(folder: Path, library: Path, env: Mapping[str, str]) -> Collected:
    """The compiled model on a good device beside itself on the device that the environment describes."""
    (folder / "m_edgetpu.tflite").write_bytes(copying.compiled())
    wanted: dict[str, Any] = {**PACE, "count": 7, "edgetpu_library": str(library)}
    known = Beside(
        file=lambda file: file,
        folder=lambda: folder,
        standing=lambda taken: {
            name: Standing(len(rounds.orders), settled=True) for name, rounds in taken.rounds.items()
        },
        left=lambda: 0.0,
        itself=True,
    )
    return inference.collect_beside(
        inference.Options(models=("m_edgetpu.tflite",), **wanted), known, world(folder, env)
    )


def test_a_round_that_breaks_is_lost_and_the_rest_is_kept(libedgetpu: Path, tmp_path: Path) -> None:
    env = environment(device(USB, latency_us=100), load_failures=2, state=tmp_path)
    collected = beside(tmp_path, libedgetpu, env)
    assert len(collected.rounds["m_edgetpu"].orders) == 10
    reasons = [
        m.reason for m in (*collected.measurements, *collected.base) if m.metric == "failures_per_million" and m.failed
    ]
    assert reasons
    assert all("the Edge TPU could not be opened" in reason for reason in reasons)


# What it answers.


def answers(folder: Path, library: Path, **told: Any) -> dict[str, Measurement]:
    (folder / "m.tflite").write_bytes(copying.source())
    env = environment(device(USB, latency_us=100, **told))
    return measured(folder, library, env, source_model="{model}.tflite")


def test_a_device_that_answers_as_the_cpu(libedgetpu: Path, tmp_path: Path) -> None:
    found = answers(tmp_path, libedgetpu)
    assert (found["output_steps_max"].value, found["output_steps_mean"].value) == (0, 0)
    assert (found["top1_agreement_percent"].value, found["top1_agreement_percent"].n) == (100, 8)
    assert found["outputs_stuck"].value == 0
    assert slots(found) == 4


def test_a_device_that_is_some_steps_off(libedgetpu: Path, tmp_path: Path) -> None:
    found = answers(tmp_path, libedgetpu, output_steps=2)
    assert (found["output_steps_max"].value or 0) >= 2
    assert (found["output_steps_mean"].value or 0) >= 2
    assert found["output_steps_max"].details[0][0] == "scores"
    assert found["outputs_stuck"].value == 0


def test_a_device_that_says_the_same_to_everything(libedgetpu: Path, tmp_path: Path) -> None:
    found = answers(tmp_path, libedgetpu, output=7)
    assert (found["outputs_stuck"].value, found["outputs_stuck"].details) == (
        1,
        (("scores", "is one number throughout"),),
    )
    assert (found["top1_agreement_percent"].value or 0) < 100


def test_a_model_that_is_not_its_source_is_a_reason(libedgetpu: Path, tmp_path: Path) -> None:
    from edgetpu_ci import reference

    (tmp_path / "other.tflite").write_bytes(reference.build(32, 0.1))
    found = measured(tmp_path, libedgetpu, environment(device(USB, latency_us=100)), source_model="other.tflite")
    reason = found["top1_agreement_percent"].reason
    assert reason.startswith("the source model takes int8 [1, 32, 32, 3] in steps of ")
    assert reason.endswith(": it is another one")
    missing = measured(tmp_path, libedgetpu, environment(device(USB, latency_us=100)), source_model="no{model}.tflite")
    assert "nom.tflite" in missing["top1_agreement_percent"].reason
    assert missing["top1_agreement_percent"].failed


def test_real_compiled_models_take_and_give_what_their_sources_do(
    libedgetpu: Path, models: Path, tmp_path: Path
) -> None:
    env, checked = environment(device(USB, latency_us=100)), 0
    pairs = [(file, models / file.name.replace("_edgetpu", "")) for file in models.glob("*_edgetpu.tflite")]
    for compiled, source in (pair for pair in pairs if pair[1].exists()):
        options = inference.Options(
            models=(str(compiled),),
            source_model=str(source),
            edgetpu_library=str(libedgetpu),
            rounds=1,
            count=8,
            **PACE,
        )
        found = {m.metric: m for m in inference.collect(options, world(tmp_path, env)).measurements}
        assert (found["output_steps_max"].value is not None) == source.exists(), found["output_steps_max"].reason
        checked += source.exists()
    assert checked >= 4


# The whole program.


def run(folder: Path, library: Path, env: Mapping[str, str], **options: Any) -> Any:
    (folder / "m_edgetpu.tflite").write_bytes(copying.compiled())
    (folder / "m.tflite").write_bytes(copying.source())
    told = ", ".join(f"{name}: {value}" for name, value in {**PACE, "rounds": 4, "count": 70, **options}.items())
    step = f"use: inference, with: {{models: [m_edgetpu.tflite], edgetpu_library: {library}, {told}}}"
    (folder / "edgetpu-ci.yml").write_text(f"collect: [{{{step}}}]\n")
    return program.edgetpu_ci(folder, "run", **{k: v for k, v in env.items() if k.startswith("FAKE_")})


def test_a_device_that_says_the_same_to_everything_fails_however_fast(libedgetpu: Path, tmp_path: Path) -> None:
    env = environment(device(USB, latency_us=100, output=7))
    ran = run(tmp_path, libedgetpu, env, source_model='"{model}.tflite"')
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "m_edgetpu · outputs stuck: scores is one number throughout" in ran.stdout


def test_an_invalid_run_is_neither_passed_nor_a_baseline(libedgetpu: Path, tmp_path: Path) -> None:
    env = environment(device(USB, latency_us=100), load_failures=1, state=tmp_path)
    ran = run(tmp_path, libedgetpu, env)
    assert ran.returncode == 5, ran.stdout + ran.stderr
    assert "1 invalid" in ran.stdout
    accepted = program.edgetpu_ci(tmp_path, "baseline", "accept", "edgetpu-ci-report", "--by", "Ada")
    assert accepted.returncode == 2
    assert "is no level to accept: of m_edgetpu, invalid: the Edge TPU could not be opened" in accepted.stderr
