"""Other loads than one model back to back, in real processes: on a simulated device, and on every Python."""

import json
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from edgetpu_ci import codec, collect, reference
from edgetpu_ci.collect import capacity, model_set, paced, scaling, soak
from edgetpu_ci.config import Step
from edgetpu_ci.loads import pipelined, together
from edgetpu_ci.loads.frames import Served
from edgetpu_ci.model import Collected, Measurement
from edgetpu_ci.tflite import EDGE_TPU
from edgetpu_ci.tflite.writer import Network
from edgetpu_ci.world import Ran, World, run_process
from tests.fakes import compiled, corals, interpreters
from tests.fakes import libedgetpu as fake_library
from tests.fakes import world as fake
from tests.fakes.world import NOTHING
from tests.integration.test_worker import STAND_IN, ask, stand_in

ROOT = Path(__file__).parents[2]


def world(folder: Path) -> World:
    return fake.world(folder, run=run_process, monotonic=time.monotonic, now=lambda: datetime.now(UTC))


def measured(plugin: Any, folder: Path, **given: Any) -> Collected:
    options = codec.convert({"device": "simulated", **given}, plugin.Options, "collect[0].with")
    found: Collected = plugin.collect(options, world(folder))
    return found


def of(collected: Collected, metric: str, subject: str = "") -> Measurement:
    return next(m for m in collected.measurements if m.metric == metric and subject in m.subject)


def is_about(measured: Measurement, told_ms: float) -> bool:
    """Whether it took what the device was told, and at the most half as much again: other work takes some."""
    return 0.99 * told_ms <= (measured.value or 0) < 1.5 * told_ms


def compiled_model(folder: Path, name: str) -> str:
    (folder / f"{name}.tflite").write_bytes(compiled.build())
    return f"{name}.tflite"


# A simulated device.


def test_a_switch_costs_what_the_device_takes_to_load_the_other_model(tmp_path: Path) -> None:
    names = [compiled_model(tmp_path, name) for name in ("a", "b")]
    told = {"latency_ms": 2, "reload_ms": 4}
    found = measured(model_set, tmp_path, models=names, simulated=told, rounds=4, seconds=0)
    assert of(found, "latency_alone_p10_ms", "a after b").value == pytest.approx(2, abs=0.2)
    assert of(found, "latency_after_switch_p10_ms", "a after b").value == pytest.approx(6, abs=0.2)
    assert of(found, "switch_cost_ms", "b after a").value == pytest.approx(4, abs=0.2)


def test_a_model_for_the_cpu_takes_no_parameters_from_the_device(tmp_path: Path) -> None:
    (tmp_path / "cpu.tflite").write_bytes(reference.build(32, 0.1))
    names = [compiled_model(tmp_path, "a"), "cpu.tflite"]
    found = measured(model_set, tmp_path, models=names, simulated={"reload_ms": 50}, rounds=4, seconds=0)
    assert abs(of(found, "switch_cost_ms", "a after cpu").value or 99) < 1
    assert of(found, "switch_cost_ms", "cpu after a").value is not None


def test_models_for_the_cpu_alone_can_be_a_set(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.tflite").write_bytes(reference.build(32, 0.1))
    found = measured(model_set, tmp_path, models=["?.tflite"], device="", rounds=4, seconds=0)
    assert {m.device.partition(" · ")[0] for m in found.measurements} == {"cpu"}
    assert all(m.value is not None for m in found.measurements)


def test_a_paced_frame_takes_what_the_device_does_and_is_timed_from_when_it_was_due(tmp_path: Path) -> None:
    name = compiled_model(tmp_path, "m")
    given = {"models": [name], "rounds": 2, "count": 150, "simulated": {"latency_ms": 10}}
    kept = measured(paced, tmp_path, rate_per_second=50, **given)
    assert is_about(of(kept, "paced_service_p50_ms"), 10)
    assert (of(kept, "paced_latency_p50_ms").value or 0) >= 10
    late = measured(paced, tmp_path, rate_per_second=200, deadline_ms=1000, **given)
    # One in two is dropped once eight wait; who is served has waited for those before it.
    assert (of(late, "paced_latency_p50_ms").value or 0) > 40
    assert 20 < (of(late, "paced_dropped_percent").value or 0) < 90


def test_a_device_of_3_ms_serves_no_more_than_333_frames_in_a_second(tmp_path: Path) -> None:
    given = {"queue": 10_000, "deadline_ms": 5_000, "drop_percent": 0, "within_percent": 5}
    found = measured(capacity, tmp_path, models=[compiled_model(tmp_path, "m")], simulated={"latency_ms": 3}, **given)
    rate = of(found, "capacity_per_second")
    assert rate.value is not None
    assert rate.value <= 1000 / 3
    assert rate.value > 200, "other work on this machine may take some of it"
    assert rate.device.startswith("simulated edgetpu")


def test_a_soak_writes_its_windows_and_a_hang_ends_it(tmp_path: Path) -> None:
    name = compiled_model(tmp_path, "m")
    given = {"minutes": 2 / 60, "window_seconds": 0.2}
    found = measured(soak, tmp_path, models=[name], simulated={"latency_ms": 1}, **given)
    assert of(found, "soak_minutes").n >= 5
    assert (of(found, "soak_minutes").value or 0) >= 2 / 60
    assert is_about(of(found, "soak_p50_ms"), 1)
    assert of(found, "memory_slope_mb_per_hour").interval is not None
    told = {"latency_ms": 1, "slow_after": 600, "slow_ms": 60_000}
    hung = measured(soak, tmp_path, models=[name], simulated=told, timeout_seconds=1, **given)
    assert of(hung, "soak_minutes").details == (("ended early", "crashed with SIGALRM; it hung, and was ended"),)
    assert 0 < (of(hung, "soak_minutes").value or 0) < 0.1


def test_two_devices_bring_twice_as_much_and_a_slow_one_is_seen(tmp_path: Path) -> None:
    devices = ["simulated:0", "simulated:1"]
    told = {"latency_ms": [20, 40]}
    found = measured(
        scaling, tmp_path, models=[compiled_model(tmp_path, "m")], device="", devices=devices, simulated=told, rounds=2
    )
    assert of(found, "scaling_efficiency_percent").value == pytest.approx(75, abs=15)
    assert of(found, "imbalance").value == pytest.approx(4 / 3, abs=0.2)


def segment(folder: Path, name: str, takes: str, gives: str) -> str:
    net = Network("a segment")
    given = net.tensor(takes, "uint8", (1, 64), [1 / 128], 128)
    found = net.tensor(gives, "uint8", (1, 64), [1 / 128], 128)
    net.operator(EDGE_TPU, [given], [found], 1, {5: b"not a real executable"})
    (folder / f"{name}.tflite").write_bytes(net.pack([given], [found]))
    return f"{name}.tflite"


def test_segments_work_at_the_same_time(tmp_path: Path) -> None:
    segments = [segment(tmp_path, "s0", "image", "middle"), segment(tmp_path, "s1", "middle", "scores")]
    found = measured(
        scaling,
        tmp_path,
        segments=segments,
        device="",
        devices=["simulated:0", "simulated:1"],
        simulated={"latency_ms": [10, 20]},
        rounds=2,
    )
    assert is_about(of(found, "pipeline_p50_ms"), 30)
    assert is_about(of(found, "pipeline_interval_p50_ms"), 20)
    assert of(found, "imbalance").value == pytest.approx(20 / 15, abs=0.2)
    assert dict(of(found, "imbalance").details)["s1"].endswith("takes 64 B over")


def test_segments_that_do_not_fit_are_named(tmp_path: Path) -> None:
    segments = [segment(tmp_path, "s0", "image", "middle"), segment(tmp_path, "s1", "other", "scores")]
    found = measured(scaling, tmp_path, segments=segments, device="", devices=["simulated:0", "simulated:1"])
    assert {m.reason for m in found.measurements} == {"no segment before it has an output named other"}


# A library that behaves like libedgetpu, on devices of the kernel's.


@dataclass
class Host:
    """A host with two Corals on USB, whose library lists what it is told."""

    folder: Path
    library: Path

    def __post_init__(self) -> None:
        self.nodes = [corals.usb(self.root, place, device=number) for number, place in ((3, "2-1"), (4, "2-2"))]

    @property
    def root(self) -> Path:
        return self.folder / "root"

    def measured(self, plugin: Any, *listed: str, **given: Any) -> Collected:
        devices = fake_library.environment(*listed)

        def run(argv: Sequence[str], stdin: bytes, timeout: float, env: Mapping[str, str] = NOTHING) -> Ran:
            return run_process(argv, stdin, timeout, {**env, **devices})

        told = {"edgetpu_library": str(self.library), **given}
        options = codec.convert(told, plugin.Options, "collect[0].with")
        found: Collected = plugin.collect(options, replace(world(self.folder), run=run))
        return found

    def model(self, name: str, token: int) -> str:
        (self.folder / f"{name}.tflite").write_bytes(compiled.build(blob=compiled.Tables(token=token)))
        return f"{name}.tflite"


@pytest.fixture
def host(tmp_path: Path, libedgetpu: Path) -> Host:
    corals.host(tmp_path / "root")
    return Host(tmp_path, libedgetpu)


def usb(place: str, **settings: Any) -> str:
    return fake_library.device(f"usb:/sys/bus/usb/devices/{place}", **settings)


@pytest.mark.parametrize(("token", "cost"), [(1, 0), (2, 4)])
def test_models_of_one_caching_token_cost_each_other_nothing(host: Host, token: int, cost: int) -> None:
    names = [host.model("a", 1), host.model("b", token)]
    device = usb("2-1", latency_us=2000, reload_us=4000)
    found = host.measured(model_set, device, models=names, device="2-1", rounds=4, seconds=0)
    assert of(found, "switch_cost_ms", "a after b").value == pytest.approx(cost, abs=0.3)
    assert of(found, "switch_cost_ms", "a after b").device.startswith("edgetpu · usb 5 Gbit/s at 2-1 · ")


def test_each_process_opens_the_device_it_was_given(host: Host) -> None:
    listed = [usb("2-1", latency_us=20_000), usb("2-2", latency_us=40_000)]
    found = host.measured(scaling, *listed, models=[host.model("m", 1)], devices=["2-2", "2-1"], rounds=2)
    assert 15 < (of(found, "scaling_fps", "m on 1 device").value or 0) < 26
    assert [device for device, _ in of(found, "scaling_fps", "m on 2 devices").details] == ["2-2", "2-1"]
    assert of(found, "scaling_efficiency_percent").value == pytest.approx(150, abs=40)
    assert "at 2-2" in of(found, "scaling_fps", "m on 1 device").device


@pytest.mark.parametrize(
    ("plugin", "given"),
    [
        (model_set, {"models": ["m.tflite", "n.tflite"]}),
        (paced, {"models": ["m.tflite"], "rate_per_second": 10}),
        (capacity, {"models": ["m.tflite"]}),
        (soak, {"models": ["m.tflite"]}),
        (scaling, {"models": ["m.tflite"], "devices": ["2-1", "2-2"]}),
        (scaling, {"segments": ["m.tflite", "n.tflite"], "devices": ["2-1", "2-2"]}),
    ],
)
def test_a_device_that_another_program_uses_is_never_opened(host: Host, plugin: Any, given: dict[str, Any]) -> None:
    corals.process(host.root, 4711, "frigate", opened=(host.nodes[0],))
    host.model("m", 1)
    host.model("n", 2)
    at = {} if "devices" in given else {"device": "2-1"}
    found = host.measured(plugin, usb("2-1"), usb("2-2"), **at, **given)
    assert all(
        m.failed and "used by process 4711 (frigate), and was not opened" in m.reason for m in found.measurements
    )


def test_two_names_of_one_device_are_not_two(host: Host) -> None:
    found = host.measured(scaling, usb("2-1"), models=[host.model("m", 1)], devices=["2-1", "usb:1"])
    assert "2-1 and usb:1 are the same device" in found.measurements[0].reason


def test_what_a_soak_wrote_before_the_library_aborted_counts(host: Host) -> None:
    device = usb("2-1", latency_us=1000, abort_after=1500, abort_error=2)
    given = {"minutes": 0.5, "window_seconds": 0.2, "device": "2-1"}
    found = host.measured(soak, device, models=[host.model("m", 1)], **given)
    assert 0 < (of(found, "soak_minutes").value or 0) < 0.4
    ended = dict(of(found, "soak_minutes").details)["ended early"]
    assert ended.startswith("USB transfer error 2 [LibUsbDataOutCallback]: the USB link broke")
    assert is_about(of(found, "soak_p50_ms"), 1)
    assert "at 2-1" in of(found, "soak_p50_ms").device
    assert of(found, "usb_reenumerations").value == 0


# Every interpreter, and a runtime that misbehaves.

TASKS: dict[str, tuple[dict[str, Any], Any]] = {
    "switch": ({"other": "n.tflite"}, model_set.Switched),
    "paced": ({"rate": 200, "arrivals": "poisson", "draw": 1, "queue": 3, "deadline_ns": 10**9}, Served),
    "together": ({"meeting_seconds": 5, "place": 0, "together": 1}, together.Ran),
}


@pytest.mark.parametrize("version", ["3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14"])
def test_each_load_is_measured_on_every_python(version: str, tmp_path: Path) -> None:
    python = interpreters.python(version)
    for task, (told, record) in TASKS.items():
        folder = tmp_path / task
        folder.mkdir()
        asked = {**told, "meeting": str(folder)} if task == "together" else told
        answer = ask(python, STAND_IN, model="m.tflite", runtime="tflite_runtime", task=task, **asked)
        assert not codec.decode_json(json.dumps(answer).encode(), record, task).kind


@pytest.mark.parametrize("version", ["3.7", "3.14"])
def test_a_soak_and_a_pipeline_too(version: str, tmp_path: Path) -> None:
    python, kept = interpreters.python(version), tmp_path / "windows"
    told = {"seconds": 0.2, "window_seconds": 0.1, "patience_seconds": 5, "watch": {"usb:1": "/no/such/file"}}
    answer = ask(python, STAND_IN, model="m.tflite", runtime="tflite_runtime", task="soak", save=str(kept), **told)
    lines = kept.read_bytes().splitlines()
    assert answer["windows"] == len(lines) - 1 >= 2
    window = codec.decode_json(lines[1], soak.Window, "a window")
    assert window.read == {"usb:1": ""}
    assert window.memory_bytes > 1_000_000
    segments = [{"model": f"{name}.tflite"} for name in ("m", "n")]
    piped = ask(python, STAND_IN, model="m.tflite", runtime="tflite_runtime", task="pipeline", segments=segments)
    assert len(codec.decode_json(json.dumps(piped).encode(), pipelined.Piped, "it").segments_ns) == 2


@pytest.mark.parametrize("task", ["switch", "together", "pipeline"])
def test_an_inference_that_fails_is_told_and_not_timed(task: str, tmp_path: Path) -> None:
    segments = [{"model": "fails.tflite"}, {"model": "m.tflite"}]
    told = {"other": "m.tflite", "segments": segments, "meeting": str(tmp_path), "meeting_seconds": 1}
    answer = stand_in("fails", task=task, place=0, together=1, **told)
    assert answer["kind"] == "invoke_failed"


def test_who_waits_for_a_process_that_never_comes_gives_up(tmp_path: Path) -> None:
    told = {"meeting": str(tmp_path), "meeting_seconds": 0.1, "place": 0, "together": 2}
    answer = ask(sys.executable, STAND_IN, model="m.tflite", runtime="tflite_runtime", task="together", **told)
    assert (answer["kind"], answer["text"]) == ("alone", "of 2 processes 1 were ready in time")


# The page.


def steps() -> Iterator[dict[str, Any]]:
    for block in re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/loads.md").read_text(), re.DOTALL):
        yield from yaml.safe_load(block)["collect"]


def test_every_configuration_of_the_page_can_be_used() -> None:
    used = [step["use"] for step in steps()]
    assert used == ["model_set", "paced", "capacity", "soak", "scaling"]
    for step in steps():
        collect.bind(codec.convert(step, Step, "collect[0]"), "collect[0]")
