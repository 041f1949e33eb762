"""Several devices: what k of them bring, and what a model in segments does."""

import threading
from pathlib import Path
from typing import Any

import pytest

from edgetpu_ci import codec, validity
from edgetpu_ci.collect import scaling
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.model import Collected, Measurement
from tests.fakes import loads

MS = loads.MS
LATENCY = {"usb:0": 5, "usb:1": 5, "usb:2": 10}
SECOND = 1_000_000_000


class Devices:
    """Each completes inferences of its own latency; with `shared`, on one bus, k of them take k times as long."""

    def __init__(self, *, shared: bool = False) -> None:
        self.shared = shared
        self.lock, self.places = threading.Lock(), dict[int, set[int]]()

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["task"] == "pipeline":
            return self.piped(request)
        assert Path(request["meeting"]).is_dir()
        with self.lock:
            self.places.setdefault(request["together"], set()).add(request["place"])
        took = LATENCY[request["edgetpu"]["device"]] * (request["together"] if self.shared else 1) * MS
        return {"wall_ns": [took] * (SECOND // took), "span_ns": SECOND}

    def piped(self, request: dict[str, Any]) -> dict[str, Any]:
        took = [LATENCY[each["edgetpu"]["device"]] * MS for each in request["segments"]]
        count = request["count"]
        return {
            "alone_ns": [sum(took)] * count,
            "interval_ns": [max(took)] * count,
            "segments_ns": [[one] * count for one in took],
            "moved_bytes": [51_200] * (len(took) - 1),
        }


def collect(folder: Path, answer: loads.Answer, **given: Any) -> Collected:
    options = codec.convert(given, scaling.Options, "collect[0].with")
    return scaling.collect(options, loads.Worker(answer).world(folder))


def of(collected: Collected, key: str) -> Measurement:
    return next(m for m in collected.measurements if m.key == key)


def test_devices_that_share_nothing_scale_as_they_are_many(tmp_path: Path) -> None:
    devices = Devices()
    found = collect(tmp_path, devices.answer, models=loads.files(tmp_path, "m"), devices=["usb:0", "usb:1"])
    assert of(found, "m on 1 device/scaling_fps").value == 200.0
    assert of(found, "m on 2 devices/scaling_fps").value == 400.0
    assert of(found, "m on 2 devices/scaling_efficiency_percent").value == 100.0
    assert of(found, "m on 2 devices/imbalance").value == 1.0
    assert of(found, "m on 2 devices/scaling_fps").details == (("usb:0", "200/s"), ("usb:1", "200/s"))
    assert devices.places == {1: {0}, 2: {0, 1}}


def test_a_bus_that_is_shared_brings_nothing_more(tmp_path: Path) -> None:
    answer = Devices(shared=True).answer
    found = collect(tmp_path, answer, models=loads.files(tmp_path, "m"), devices=["usb:0", "usb:1"])
    assert of(found, "m on 2 devices/scaling_efficiency_percent").value == 50.0


def test_a_slow_device_is_an_imbalance(tmp_path: Path) -> None:
    found = collect(tmp_path, Devices().answer, models=loads.files(tmp_path, "m"), devices=["usb:0", "usb:1", "usb:2"])
    assert of(found, "m on 3 devices/scaling_fps").value == 500.0
    assert of(found, "m on 3 devices/scaling_efficiency_percent").value == pytest.approx(83.3333)
    assert of(found, "m on 3 devices/imbalance").value == 1.5
    assert "m on 1 device/scaling_efficiency_percent" not in {m.key for m in found.measurements}


def test_who_broke_is_named_and_not_who_waited_for_it(tmp_path: Path) -> None:
    def answer(request: dict[str, Any]) -> Any:
        if request["together"] == 1:
            return Devices().answer(request)
        if request["place"] == 0:
            return {"kind": "alone", "text": "of 2 processes 1 were ready in time"}
        return {"kind": "no_device", "text": "Failed to load delegate"}

    found = collect(tmp_path, answer, models=loads.files(tmp_path, "m"), devices=["usb:0", "usb:1"])
    lost = [m for m in found.measurements if m.subject == "m on 2 devices"]
    assert len(lost) == 3
    assert all(m.failed and m.reason.startswith("3 × usb:1: the Edge TPU could not be opened") for m in lost)
    assert of(found, "m on 1 device/scaling_fps").value == 200.0
    assert list(validity.invalid(found.measurements)) == ["m on 1 device"]


def test_what_devices_did_before_a_fault_is_kept_and_the_run_is_invalid(tmp_path: Path) -> None:
    # Each round is a request for one device, then two for both: the second round breaks at its second half.
    answer = loads.breaking(Devices().answer, {5})
    found = collect(tmp_path, answer, models=loads.files(tmp_path, "m"), devices=["usb:0", "usb:1"])
    assert len(of(found, "m on 1 device/scaling_fps").slots) == 5
    assert len(of(found, "m on 2 devices/scaling_fps").slots) == 4
    assert of(found, "m on 2 devices/scaling_efficiency_percent").value == 100.0
    broken = validity.invalid(found.measurements)
    assert set(broken) == {"m on 1 device", "m on 2 devices"}
    assert all("crashed with SIGABRT" in why for why in broken.values())


@pytest.mark.parametrize("at", [3, 4])
def test_frames_that_passed_before_a_fault_are_kept_and_the_run_is_invalid(tmp_path: Path, at: int) -> None:
    found = collect(
        tmp_path,
        loads.breaking(Devices().answer, {at}),
        segments=loads.files(tmp_path, "s0", "s1"),
        models=loads.files(tmp_path, "whole"),
        devices=["usb:1", "usb:2"],
    )
    assert of(found, "whole in 2 segments/pipeline_p50_ms").value == 15.0
    assert of(found, "whole in 2 segments/whole_model_p50_ms").value == 5.0
    assert "crashed with SIGABRT" in validity.invalid(found.measurements)["whole in 2 segments"]


def test_a_pipeline_is_as_quick_as_its_slowest_segment(tmp_path: Path) -> None:
    found = collect(
        tmp_path, Devices().answer, segments=loads.files(tmp_path, "s0", "s1"), devices=["usb:1", "usb:2"], rounds=2
    )
    assert {m.metric: m.value for m in found.measurements} == {
        "pipeline_p50_ms": 15.0,
        "pipeline_interval_p50_ms": 10.0,
        "imbalance": pytest.approx(10 / 7.5, rel=1e-5),
    }
    assert of(found, "s0 in 2 segments/imbalance").details == (("s0", "5 ms"), ("s1", "10 ms, takes 51,200 B over"))
    assert found.notes == ()


def test_segments_that_bring_nothing_are_said_to(tmp_path: Path) -> None:
    found = collect(
        tmp_path,
        Devices().answer,
        segments=loads.files(tmp_path, "s0", "s1"),
        models=loads.files(tmp_path, "whole"),
        devices=["usb:1", "usb:2"],
    )
    assert of(found, "whole in 2 segments/whole_model_p50_ms").value == 5.0
    (note,) = found.notes
    assert note == (
        "whole in 2 segments: a result comes every 10 ms, from the whole model alone every 5 ms; "
        "a frame takes 15 ms through all segments, through the whole model 5 ms."
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"devices": ["usb:0", "usb:1"], "models": ["m.tflite"], "device": "usb:0"}, "leave `device` out"),
        ({"devices": ["usb:0", "usb:0"], "models": ["m.tflite"]}, "named twice"),
        ({"devices": ["usb:0", "usb:1"]}, "needs `models` to run side by side, or `segments`"),
        ({"devices": ["usb:0", "usb:1"], "segments": ["m.tflite"]}, "1 segments need as many devices, not 2"),
        ({"devices": ["usb:0", "usb:1"], "segments": ["*.tflite"], "models": ["*.tflite"]}, "the one model"),
        ({"devices": ["usb:0"], "models": ["m.tflite"]}, "devices"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, given: dict[str, Any], said: str) -> None:
    loads.files(tmp_path, "m")
    if "*" in str(given):
        loads.files(tmp_path, "n")
    with pytest.raises(ConfigError, match=said):
        collect(tmp_path, Devices().answer, **given)
