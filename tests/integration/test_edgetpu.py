"""Compiled models on a simulated Edge TPU, and how the worker decides what to load."""

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from msgspec import to_builtins

from edgetpu_ci import app, codec, config, on_devices
from edgetpu_ci.collect import inference
from edgetpu_ci.errors import ConfigError, RefusedError
from edgetpu_ci.loads import fidelity
from edgetpu_ci.model import Collected, Measurement
from edgetpu_ci.worker import PROGRAM
from edgetpu_ci.worker.edgetpu_worker import abi, edgetpu
from edgetpu_ci.worker.edgetpu_worker.failed import Failed
from edgetpu_ci.world import Ran, run_process
from tests.fakes import compiled, corals, program, runtimes
from tests.fakes import libedgetpu as stand_in
from tests.fakes import world as fake
from tests.fakes.world import NOTHING
from tests.integration.test_worker import ask

PACKAGES = Path(__file__).parents[1] / "fakes/pycoral"


def measured(folder: Path, model: bytes, env: Mapping[str, str] = NOTHING, **options: Any) -> Collected:
    """What is measured of a model on a simulated device, the worker being given `env` beside the rest."""
    (folder / "m_edgetpu.tflite").write_bytes(model)
    wanted: dict[str, Any] = {"rounds": 2, "seconds": 0, "count": 100, "device": "simulated"}
    found = inference.Options(models=("m_edgetpu.tflite",), **(wanted | options))

    def run(argv: Sequence[str], stdin: bytes, timeout: float, own: Mapping[str, str] = NOTHING) -> Ran:
        return run_process(argv, stdin, timeout, {**own, **env})

    return inference.collect(found, fake.world(folder, run=run))


def of(collected: Collected, metric: str) -> Measurement:
    return next(m for m in collected.measurements if m.metric == metric)


def test_a_simulated_device_takes_the_time_it_is_told(tmp_path: Path) -> None:
    told = inference.Simulated(latency_ms=3, first_ms=20, open_ms=10)
    collected = measured(tmp_path, compiled.build(), simulated=told)
    assert of(collected, "latency_p10_ms").value == pytest.approx(3, rel=0.01)
    assert of(collected, "tpu_time_p10_ms").value == pytest.approx(3, rel=0.01)
    assert 0 < (of(collected, "cpu_operators_p10_ms").value or 0) < 1
    assert 0.9 < (of(collected, "delegate_busy_fraction").value or 0) <= 1
    assert (of(collected, "first_inference_ms").value or 0) >= 23
    assert (of(collected, "delegate_open_ms").value or 0) >= 10
    assert (of(collected, "time_to_ready_ms").value or 0) >= 33


@pytest.mark.parametrize("device", ["simulated", "simulated:1"])
def test_nobody_asks_whether_a_simulated_device_is_right(tmp_path: Path, device: str) -> None:
    (tmp_path / "m.tflite").write_bytes(b"no model, and nobody reads it")
    collected = measured(tmp_path, compiled.build(), device=device, source_model="{model}.tflite")
    for metric in fidelity.METRICS:
        found = of(collected, metric)
        assert (found.value, found.failed, found.reason) == (None, False, "a simulated Edge TPU computes nothing")


def test_it_is_called_simulated_wherever_a_value_is(tmp_path: Path) -> None:
    collected = measured(tmp_path, compiled.build())
    assert {m.device.partition(" · ")[0] for m in collected.measurements} == {"simulated edgetpu"}
    assert ("adapter", "not used: the device is simulated") in of(collected, "latency_p10_ms").details


def test_it_throttles_and_fails_as_it_is_told(tmp_path: Path) -> None:
    told = inference.Simulated(latency_ms=1, slow_after=1, slow_ms=4, fail_every=5)
    collected = measured(tmp_path, compiled.build(), simulated=told, rounds=1)
    assert of(collected, "latency_p10_ms").value == pytest.approx(4, rel=0.01)
    errors = of(collected, "error_rate_percent")
    assert errors.value == pytest.approx(20, abs=4)
    assert "failed to invoke" in errors.details[0][1]


def test_a_model_for_the_cpu_opens_no_device(tmp_path: Path) -> None:
    from edgetpu_ci import reference

    collected = measured(tmp_path, reference.build(32, 0.1))
    assert of(collected, "latency_p10_ms").device.startswith("cpu · ")
    assert "tpu_time_p10_ms" not in {m.metric for m in collected.measurements}


BUSY = {"deeplabv3_mnv2_dm05_pascal_quant": (0.05, 0.6), "movenet_single_pose_lightning_ptq": (0.5, 0.99)}
"""Share of the time in the device, of models of which the compiler left operators on the CPU."""


@pytest.mark.parametrize("runtime", runtimes.NAMES)
def test_every_real_compiled_model_runs_in_every_runtime(models: Path, tmp_path: Path, runtime: str) -> None:
    names = sorted(models.glob("*_edgetpu.tflite"))
    assert len(names) >= 5
    for name in names:
        collected = measured(tmp_path, name.read_bytes(), rounds=1, python=runtimes.python(runtime))
        assert 2.9 < (of(collected, "tpu_time_p10_ms").value or 0) < 3.1, name.name
        low, high = BUSY.get(name.name.removesuffix("_edgetpu.tflite"), (0.9, 1))
        assert low < (of(collected, "delegate_busy_fraction").value or 0) <= high, name.name
        assert of(collected, "latency_p10_ms").device.split(" · ")[1].startswith(runtime.rpartition("-")[0])


def test_a_report_of_it_says_so_everywhere_and_is_no_baseline(tmp_path: Path) -> None:
    (tmp_path / "m_edgetpu.tflite").write_bytes(compiled.build())
    (tmp_path / "edgetpu-ci.yml").write_text(
        "collect: [{use: inference, with: {models: [m_edgetpu.tflite], device: simulated, rounds: 1, seconds: 0}}]"
    )
    ran = program.edgetpu_ci(tmp_path, "run")
    assert ran.returncode == 0, ran.stderr
    assert "passed on a simulated Edge TPU (" in ran.stdout
    assert "baseline accept" not in ran.stdout.rpartition("report  ")[2]
    comment = program.edgetpu_ci(tmp_path, "show", "--markdown", "edgetpu-ci-report")
    assert "on a simulated Edge TPU (" in comment.stdout.splitlines()[1]
    assert "edge tpu: simulated: " in program.edgetpu_ci(tmp_path, "badge", "edgetpu-ci-report/report.json").stdout
    accepted = program.edgetpu_ci(tmp_path, "baseline", "accept", "edgetpu-ci-report")
    assert accepted.returncode == 2
    assert "is of a simulated Edge TPU, which is no level of any device" in accepted.stderr


# What `edgetpu_compat` decides.


class Runtime:
    def __init__(self, reader: str, version: str) -> None:
        self.reader, self.reader_version = reader, version


@pytest.mark.parametrize(
    ("reader", "version", "said"),
    [
        (
            "ai_edge_litert",
            "2.3.0",
            "ai-edge-litert 2.3.0 reads more of a registration than libedgetpu 16.0 hands over",
        ),
        ("tflite_runtime", "2.14.0", "tflite-runtime 2.14.0 reads more of a registration"),
        ("tflite_runtime", "2.10.0", "reads more"),
        (
            "tflite_runtime",
            "2.9.1",
            "tflite-runtime 2.9.1 reads what libedgetpu 16.0 hands over; the adapter only times",
        ),
        ("tflite_runtime", "2.5.0.post1", "reads what"),
        ("tflite_runtime", "", "reads more"),
    ],
)
def test_auto_puts_the_adapter_between_and_says_why(reader: str, version: str, said: str) -> None:
    use, because = edgetpu.decide("auto", Runtime(reader, version), "")
    assert use
    assert said in because


def test_on_32_bit_arm_there_is_no_adapter() -> None:
    unfit, runtime = abi.unfit("armv7l", 32), Runtime("ai_edge_litert", "2.3.0")
    assert unfit == "the adapter is made for 64-bit x86-64 and aarch64, and this is armv7l with 32 bits"
    assert edgetpu.decide("auto", runtime, unfit) == (False, unfit)
    assert edgetpu.decide("never", runtime, unfit) == (False, "edgetpu_compat is never")
    with pytest.raises(Failed, match="armv7l"):
        edgetpu.decide("always", runtime, unfit)


def test_the_structures_have_the_sizes_of_their_c_declarations() -> None:
    assert abi.unfit_here() == abi.unfit("aarch64", 64) == ""


# pycoral.


def with_pycoral(package: str, folder: Path, **edgetpu: Any) -> dict[str, Any]:
    """The worker's answer where a stand-in for one of the two packages called pycoral is installed."""
    model = folder / "m_edgetpu.tflite"
    model.write_bytes(compiled.build())
    wanted = {"library": "libedgetpu.so.1", "device": "", "performance": "", "compat": "auto", "simulated": None}
    return ask(sys.executable, PACKAGES / package, model=str(model), runtime="pycoral", edgetpu=wanted | edgetpu)


def test_googles_pycoral_runs_a_compiled_model(tmp_path: Path) -> None:
    answer = with_pycoral("google", tmp_path, simulated=to_builtins(inference.Simulated(latency_ms=1)))
    assert (answer["runtime"], answer["attempted"], answer["edgetpu"]["operators"]) == ("pycoral", 20, 1)


def test_another_package_of_that_name_is_refused(tmp_path: Path) -> None:
    answer = with_pycoral("reefs", tmp_path)
    assert answer["kind"] == "foreign_pycoral"
    env = {"PYTHONPATH": str(PACKAGES / "reefs")}
    collected = measured(tmp_path, compiled.build(), runtime="pycoral", env=env)
    assert "is not Google's, but another of the same name, about coral reefs" in of(collected, "latency_p10_ms").reason


# Several devices.


def test_of_four_simulated_devices_the_slow_one_is_suspected(tmp_path: Path) -> None:
    (tmp_path / "m_edgetpu.tflite").write_bytes(compiled.build())
    for number, ms in enumerate((2, 2, 2, 3)):
        step = (
            f"{{models: [m_edgetpu.tflite], device: simulated, rounds: 2, seconds: 0, simulated: {{latency_ms: {ms}}}}}"
        )
        (tmp_path / "edgetpu-ci.yml").write_text(f"collect: [{{use: inference, with: {step}}}]")
        assert program.edgetpu_ci(tmp_path, "run", "--output", f"device-{number}").returncode == 0
    said = program.edgetpu_ci(tmp_path, "fleet", *(f"device-{number}" for number in range(4)))
    assert said.returncode == 0
    (suspicion, *_) = said.stdout.splitlines()
    assert "latency p10: suspect the device" in suspicion
    assert "(device-3): 50 % slower here than on the other 3 devices" in suspicion


@pytest.mark.parametrize("how", [(), ("--side-by-side",)])
def test_each_device_has_a_report_of_its_own(tmp_path: Path, how: tuple[str, ...]) -> None:
    (tmp_path / "m_edgetpu.tflite").write_bytes(compiled.build())
    (tmp_path / "edgetpu-ci.yml").write_text(
        "collect: [{use: inference, with: {models: [m_edgetpu.tflite], rounds: 2, seconds: 0}}]"
    )
    outputs = tmp_path / "outputs"
    ran = program.edgetpu_ci(tmp_path, "run", "--device", "simulated", ":7", *how, GITHUB_OUTPUT=str(outputs))
    assert ran.returncode == 3, ran.stderr
    first, _, second = ran.stdout.partition("device  :7")
    assert "passed on a simulated Edge TPU" in first
    assert "nothing could be measured" in second
    reports = [app.read_report(tmp_path / "edgetpu-ci-report" / name) for name in ("simulated", "7")]
    assert [one.run.machine.key.rpartition("-")[2] for one in reports] == ["simulated", "7"]
    assert outputs.read_text().count("unknown") >= 1


@pytest.mark.parametrize("configured", ["", ", device: simulated"])
def test_a_device_that_the_configuration_names_too_is_run_on(tmp_path: Path, configured: str) -> None:
    (tmp_path / "m_edgetpu.tflite").write_bytes(compiled.build())
    given = f"{{models: [m_edgetpu.tflite], rounds: 2, seconds: 0, simulated: {{latency_ms: 1}}{configured}}}"
    (tmp_path / "edgetpu-ci.yml").write_text(f"collect: [{{use: inference, with: {given}}}]")
    ran = program.edgetpu_ci(tmp_path, "run", "--device", "simulated", "simulated:1")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("passed on a simulated Edge TPU") == 2


@pytest.mark.parametrize("device", ["usbb", "usb:-1", "Simulated", "simulated:x", "/etc/passwd"])
def test_a_device_that_is_none_is_refused_with_what_may_be_named(device: str) -> None:
    with pytest.raises(ConfigError, match=f"device {device} names no Edge TPU; it may be usb, usb:0, pci"):
        codec.convert({"models": ["m.tflite"], "device": device}, inference.Options, "collect[0].with")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{modell}.tflite", "knows {model}, and {modell}.tflite has {modell}"),
        ("nope.tflite", "There is no file nope.tflite, which `source_model` names"),
        ("m_edgetpu.tflite", "which `source_model` names, is itself compiled"),
    ],
)
def test_a_source_model_that_cannot_be_one_is_said_before_anything_is_measured(
    tmp_path: Path, source: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        measured(tmp_path, compiled.build(), source_model=source)


def test_a_source_model_that_is_missing_of_one_is_no_pass(host: "Host") -> None:
    collected = host.measured(USB, source_model="{model}.tflite")
    stuck = of(collected, "outputs_stuck")
    assert (stuck.value, stuck.failed) == (None, True)
    assert "m.tflite cannot be read" in stuck.reason


def test_a_device_that_is_of_no_use_stops_no_other(tmp_path: Path) -> None:
    """One that is not there says so in its own report; one whose lock is no file has none."""
    root, outputs = corals.host(tmp_path / "root"), tmp_path / "outputs"
    corals.usb(root, "2-1")
    (root / "run/lock/edgetpu-ci-usb-2-1.lock").mkdir()
    (tmp_path / "m_edgetpu.tflite").write_bytes(compiled.build())
    step = config.Step(use="inference", with_={"models": ["m_edgetpu.tflite"], "rounds": 2, "seconds": 0})
    world = replace(
        fake.world(tmp_path, root=root, run=run_process, env={"GITHUB_OUTPUT": str(outputs)}),
        token=iter(map(str, range(99))).__next__,
    )
    found = on_devices.run(
        config.Config(collect=(step,)), ["2-1", "usb:3", "simulated"], tmp_path / "to", world, side_by_side=False
    )
    locked, absent, simulated = found.values()
    assert isinstance(locked, RefusedError)
    assert isinstance(absent, app.Outcome)
    (why,) = {m.reason for m in absent.report.run.measurements if m.failed}
    assert why.startswith("There is no Coral `usb:3` on this host, only usb:0 at 2-1")
    assert [each.exit_status for each in found.values()] == [2, 3, 0], simulated
    assert on_devices.exit_status(found) == 3
    # What was written last counts.
    assert outputs.read_text().rpartition("status<<")[2].splitlines()[1] == "unknown"


def test_a_warning_names_the_device_it_is_about(tmp_path: Path) -> None:
    root, said = corals.host(tmp_path / "root"), list[str]()
    corals.usb(root, "2-1")
    (tmp_path / "m_edgetpu.tflite").write_bytes(compiled.build())
    step = config.Step(use="inference", with_={"models": ["m_edgetpu.tflite"]})
    # A folder is no file to write outputs into.
    world = fake.world(tmp_path, root=root, env={"GITHUB_OUTPUT": str(tmp_path)}, warn=said.append)
    on_devices.run(config.Config(collect=(step,)), ["usb:3"], tmp_path / "to", world, side_by_side=False)
    assert said[0].startswith("usb:3: warning: the outputs were not written to ")


def test_side_by_side_needs_devices(tmp_path: Path) -> None:
    ran = program.edgetpu_ci(tmp_path, "run", "m.tflite", "--side-by-side")
    assert (ran.returncode, "name them with --device" in ran.stderr) == (2, True)


def test_a_device_is_named_once_whatever_it_is_called(tmp_path: Path) -> None:
    corals.usb(corals.host(tmp_path / "root"), "2-1")
    step = config.Step(use="inference", with_={"models": ["m.tflite"]})
    settings, world = config.Config(collect=(step,)), fake.world(tmp_path)
    with pytest.raises(ConfigError, match="names a device twice"):
        on_devices.run(settings, ["usb:0", "2-1"], tmp_path, world, side_by_side=False)
    with pytest.raises(ConfigError, match="No step of `collect` takes a device"):
        on_devices.run(config.Config(collect=()), ["usb:0"], tmp_path, world, side_by_side=False)


# A device of the kernel's, with the C library in libedgetpu's place.


@dataclass
class Host:
    """A host with Corals in its sysfs, whose library lists what it is told."""

    folder: Path
    library: Path

    def __post_init__(self) -> None:
        (self.folder / "m_edgetpu.tflite").write_bytes(compiled.build())
        corals.host(self.folder / "root")

    def measured(self, *listed: str, after: Callable[[], object] = lambda: None, **options: Any) -> Collected:
        """What is measured on the devices listed; `after` is called when each worker is over."""
        env = stand_in.environment(*listed)
        wanted: dict[str, Any] = {"rounds": 2, "seconds": 0, "count": 100, "edgetpu_library": str(self.library)}
        found = inference.Options(models=("m_edgetpu.tflite",), **(wanted | options))

        def run(argv: Sequence[str], stdin: bytes, timeout: float, own: Mapping[str, str] = NOTHING) -> Ran:
            ran = run_process(argv, stdin, timeout, {**own, **env})
            if str(PROGRAM) in argv:
                after()
            return ran

        return inference.collect(found, fake.world(self.folder, run=run, sleep=lambda _seconds: None))


@pytest.fixture
def host(tmp_path: Path, libedgetpu: Path) -> Host:
    return Host(tmp_path, libedgetpu)


USB = stand_in.device("usb:/sys/bus/usb/devices/2-1", latency_us=1000)


def test_what_a_value_was_measured_on_is_told_whole(host: Host) -> None:
    corals.usb(host.folder / "root", "2-1")
    where = of(host.measured(USB), "latency_p10_ms").device
    assert where.startswith("edgetpu · usb 5 Gbit/s at 2-1 · kernel 6.12 · libedgetpu unknown build ")
    assert where.endswith(" · ai-edge-litert 2.3.0 · 1 thread")


def test_the_device_that_was_locked_is_the_one_that_is_opened(host: Host) -> None:
    for number, address in enumerate(("2-1", "2-2")):
        corals.usb(host.folder / "root", address, device=3 + number)
    other = stand_in.device("usb:/sys/bus/usb/devices/2-2", latency_us=4000)
    # The library lists them in another order than sysfs would give.
    for place, ms in (("2-1", 1), ("2-2", 4)):
        measured = of(host.measured(USB, other, device=place), "latency_p10_ms")
        assert measured.value == pytest.approx(ms, rel=0.1), place
        assert f"at {place} " in measured.device


def test_a_device_that_another_program_uses_is_never_opened(host: Host) -> None:
    node = corals.usb(host.folder / "root", "2-1")
    corals.process(host.folder / "root", 4711, "frigate", opened=(node,))
    measured = of(host.measured(USB), "latency_p10_ms")
    assert (measured.value, measured.failed) == (None, True)
    assert "usb:0 at 2-1 is used by process 4711 (frigate), and was not opened" in measured.reason


def test_a_device_that_another_program_took_meanwhile_is_not_opened_again(host: Host) -> None:
    root = host.folder / "root"
    node = corals.usb(root, "2-1")
    found = host.measured(USB, after=lambda: corals.process(root, 4711, "frigate", opened=(node,)))
    assert len(of(found, "throughput_fps").slots) == 1
    rate = of(found, "failures_per_million")
    assert (rate.value, rate.failed) == (0, True)
    assert "usb:0 at 2-1 is used by process 4711 (frigate), and was not opened" in rate.reason


def test_a_device_that_came_back_slower_is_of_no_earlier_series(host: Host) -> None:
    root = host.folder / "root"
    corals.usb(root, "2-1")
    speed = root / "sys/bus/usb/devices/2-1/speed"
    speeds = iter(("5000", "480"))
    found = host.measured(USB, after=lambda: speed.write_text(next(speeds)))
    where = of(found, "latency_p10_ms").device
    assert "usb 5 Gbit/s at 2-1" in where
    assert "usb 480 Mbit/s at 2-1" in where


def test_a_device_that_is_not_there_is_said_with_those_that_are(host: Host) -> None:
    corals.usb(host.folder / "root", "2-1")
    reason = of(host.measured(USB, device="pci"), "latency_p10_ms").reason
    assert "no Coral `pci` on this host, only usb:0 at 2-1" in reason


def test_without_any_coral_the_library_says_so_itself(host: Host) -> None:
    assert "could not be opened (libedgetpu lists no device)" in of(host.measured(), "latency_p10_ms").reason
    other = of(host.measured(USB, device="usb:5"), "latency_p10_ms").reason
    assert "could not be opened (asked for usb:5, libedgetpu lists usb:0)" in other
    # Where the library sees one that the kernel does not show, there is nobody to harm.
    assert of(host.measured(USB), "latency_p10_ms").value == pytest.approx(1, rel=0.1)


def test_a_clock_is_asked_of_an_indexed_device_only(host: Host) -> None:
    reason = of(host.measured(USB, performance="max"), "latency_p10_ms").reason
    assert reason == "`performance` is a clock of an indexed device; name one, such as `device: usb:0`"
    indexed = host.measured(USB, performance="max", device="usb:0")
    assert of(indexed, "latency_p10_ms").value == pytest.approx(1, rel=0.1)
    corals.usb(host.folder / "root", "2-1")
    slower = host.measured(USB, performance="medium")
    assert of(slower, "latency_p10_ms").value == pytest.approx(4, rel=0.1)
