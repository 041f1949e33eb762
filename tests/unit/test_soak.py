"""A day on a clock that is only a number: what the windows say, and what is left of those before a crash."""

import json
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgetpu_ci import codec, validity
from edgetpu_ci.collect import soak
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.model import Collected, Measurement
from edgetpu_ci.world import Ran
from tests.fakes import loads

HOUR = 3600.0
SIMULATED = {"library": "simulated", "because": "the device is simulated"}
Told = Callable[[float], dict[str, Any]]
"""What differs from a calm window, by the hour it ends in."""

USB = "USB transfer error 2 [LibUsbDataOutCallback]: the USB link broke"


def calm(seconds: float, chance: random.Random) -> dict[str, Any]:
    p50 = int(3_000_000 * (1 + chance.gauss(0, 0.002)))
    return {
        "seconds": seconds,
        "attempted": 20_000,
        "completed": 20_000,
        "recorded": 20_000,
        "p10_ns": p50 - 50_000,
        "p50_ns": p50,
        "p99_ns": p50 + 500_000,
        "memory_bytes": int(80e6 + chance.gauss(0, 2e4)),
        "read": {"heat:apex_0/temp": "52000", "usb:2-1": "7", "throttles:cpu0": "0", "resets:apex_0": "0"},
    }


def soaking(told: Told = lambda _hour: {}, crash: float = 1e9, torn: bytes = b"") -> loads.Answer:
    """A process that writes windows until it crashes after so many hours, `torn` being what it was writing then."""

    def answer(request: dict[str, Any]) -> dict[str, Any] | Ran:
        chance = random.Random(1)  # noqa: S311
        lines, seconds = [{**loads.RAN, "edgetpu": SIMULATED}], 0.0
        while seconds < request["seconds"] and seconds < crash * HOUR:
            seconds += request["window_seconds"]
            lines.append(calm(seconds, chance) | told(seconds / HOUR))
        written = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        Path(request["save"]).write_bytes(written + torn)
        if crash * HOUR < request["seconds"]:
            return Ran(status=-signal.SIGABRT, stdout=b"", stderr=b"USB transfer error 2 [LibUsbDataOutCallback]")
        return {"windows": len(lines) - 1, "edgetpu": SIMULATED}

    return answer


def collect(folder: Path, answer: loads.Answer, **given: Any) -> Collected:
    told = {"models": loads.files(folder, "m"), "minutes": 24 * 60, "window_seconds": 300, **given}
    return soak.collect(codec.convert(told, soak.Options, "collect[0].with"), loads.Worker(answer).world(folder))


def of(collected: Collected, metric: str) -> Measurement:
    return next(m for m in collected.measurements if m.metric == metric)


def test_a_calm_day_has_no_drift(tmp_path: Path) -> None:
    found = collect(tmp_path, soaking())
    assert {m.subject for m in found.measurements} == {"m soaked"}
    assert {m.device for m in found.measurements} == {"simulated edgetpu · ai-edge-litert 2.3.0 · 1 thread"}
    assert (of(found, "soak_minutes").value, of(found, "soak_minutes").n) == (1440.0, 288)
    assert of(found, "soak_p50_ms").value == pytest.approx(3, rel=0.01)
    assert of(found, "soak_error_rate_percent").value == 0
    assert of(found, "latency_drift_percent").value == pytest.approx(0, abs=0.1)
    assert of(found, "memory_slope_mb_per_hour").value == pytest.approx(0, abs=0.001)
    assert [of(found, name).value for name in ("throttle_trips", "pcie_resets", "usb_reenumerations")] == [0, 0, 0]
    assert of(found, "hottest_celsius").value == 52.0
    assert found.notes == ()


def test_what_a_process_wrote_before_it_crashed_counts(tmp_path: Path) -> None:
    found = collect(tmp_path, soaking(crash=5, torn=b'{"seconds": 183'))
    assert of(found, "soak_minutes").value == 300.0
    assert dict(of(found, "soak_minutes").details)["ended early"].startswith(USB)
    assert of(found, "soak_p50_ms").value == pytest.approx(3, rel=0.01)
    assert of(found, "soak_p50_ms").device.startswith("simulated edgetpu")
    assert found.notes[0].startswith(f"m: the soak ended early: {USB}")
    (why,) = validity.invalid(found.measurements).values()
    assert why.startswith(f"invalid: {USB}")
    assert len(found.samples["m soaked/p50_ns"]) == 60


def test_growing_slower_and_larger_is_found_with_how_sure_that_is(tmp_path: Path) -> None:
    def told(hour: float) -> dict[str, Any]:
        return {"p50_ns": int(3_000_000 * (1 + 0.10 * hour / 24)), "memory_bytes": int(80e6 + 2.5e6 * hour)}

    found = collect(tmp_path, soaking(told))
    assert of(found, "latency_drift_percent").value == pytest.approx(10, abs=0.1)
    assert of(found, "memory_slope_mb_per_hour").value == pytest.approx(2.5, abs=0.01)
    low, _ = of(found, "latency_drift_percent").interval or (0, 0)
    assert low > 9


def test_one_slow_hour_is_no_drift_and_stands_in_the_worst_p99(tmp_path: Path) -> None:
    found = collect(tmp_path, soaking(lambda hour: {"p50_ns": 9_000_000, "p99_ns": 20_000_000} if 7 < hour < 8 else {}))
    assert of(found, "latency_drift_percent").value == pytest.approx(0, abs=0.3)
    assert of(found, "soak_p99_worst_ms").value == 20.0


def test_a_temperature_that_no_device_has_is_a_lost_sensor(tmp_path: Path) -> None:
    def told(hour: float) -> dict[str, Any]:
        return {"read": {"heat:apex_0/temp": "-87900" if hour > 20 else "53000"}}

    found = of(collect(tmp_path, soaking(told)), "hottest_celsius")
    assert found.value == 53.0
    assert found.details == (("sensor lost", "at the end of 48 of 288 windows"),)
    never = of(collect(tmp_path, soaking(lambda _: {"read": {"heat:apex_0/temp": "-87900"}})), "hottest_celsius")
    assert (never.value, never.reason) == (None, "the sensor is lost")
    cold = of(collect(tmp_path, soaking(lambda _: {"read": {"heat:apex_0/temp": "-40000"}})), "hottest_celsius")
    assert (cold.value, cold.details) == (-40, ())


def test_resets_throttling_and_devices_that_come_anew_are_counted(tmp_path: Path) -> None:
    def told(hour: float) -> dict[str, Any]:
        # The driver counts anew when it is loaded anew; and for an hour the device is away.
        resets = str(int(hour > 6)) if hour < 12 else "0"
        number = "7" if hour < 3 else "" if hour < 4 else "8" if hour < 9 else "12"
        return {"read": {"usb:2-1": number, "throttles:cpu0": str(int(hour // 8)), "resets:apex_0": resets}}

    found = collect(tmp_path, soaking(told))
    assert of(found, "usb_reenumerations").value == 2
    assert of(found, "throttle_trips").value == 3
    assert of(found, "pcie_resets").value == 1
    assert "hottest_celsius" not in {m.metric for m in found.measurements}


def test_an_accelerator_above_its_trip_point_and_a_pi_that_says_so_are_throttled(tmp_path: Path) -> None:
    apex = tmp_path / "root/sys/class/apex/apex_0"
    apex.mkdir(parents=True)
    (apex / "trip_point0_temp").write_text("85000\n")

    def told(hour: float) -> dict[str, Any]:
        celsius = 90 if 2 < hour < 3 or 5 < hour < 6 else 70
        flags = "50004" if 10 < hour < 11 else "50000"
        return {"read": {"heat:sys/class/apex/apex_0/temp": f"{celsius}000", "pi:get_throttled": flags}}

    assert of(collect(tmp_path, soaking(told)), "throttle_trips").value == 3


def test_failures_are_counted_over_the_whole_day(tmp_path: Path) -> None:
    found = of(
        collect(tmp_path, soaking(lambda hour: {"completed": 19_900} if hour > 12 else {})), "soak_error_rate_percent"
    )
    assert found.value == pytest.approx(0.25)
    assert found.n == 288 * 20_000


def test_a_process_that_dies_at_once_leaves_a_reason(tmp_path: Path) -> None:
    found = collect(tmp_path, loads.crashing(signal.SIGALRM))
    assert {m.reason for m in found.measurements} == {"crashed with SIGALRM; it hung, and was ended"}
    assert all(m.failed for m in found.measurements)


def test_a_few_windows_have_no_slope_and_short_ones_no_p99(tmp_path: Path) -> None:
    found = collect(tmp_path, soaking(lambda _: {"recorded": 300}), minutes=10)
    assert "2 windows have no slope that is sure" in of(found, "latency_drift_percent").reason
    assert "no window has the 662 inferences" in of(found, "soak_p99_worst_ms").reason


def test_what_is_watched_is_what_is_there(tmp_path: Path) -> None:
    for file, text in {
        "sys/class/apex/apex_0/temp": "52000",
        "sys/class/apex/apex_0/reset_count": "0",
        "sys/bus/usb/devices/2-1/idVendor": "18d1",
        "sys/bus/usb/devices/2-1/idProduct": "9302",
        "sys/bus/usb/devices/2-2/idVendor": "046d",
        "sys/bus/usb/devices/2-2/idProduct": "c52b",
    }.items():
        path = tmp_path / "root" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    worker = loads.Worker(soaking())
    options = soak.Options(models=tuple(loads.files(tmp_path, "m")), minutes=5)
    soak.collect(options, worker.world(tmp_path))
    root = tmp_path / "root/sys"
    assert worker.requests[0]["watch"] == {
        "heat:sys/class/apex/apex_0/temp": str(root / "class/apex/apex_0/temp"),
        "resets:sys/class/apex/apex_0/reset_count": str(root / "class/apex/apex_0/reset_count"),
        "usb:2-1": str(root / "bus/usb/devices/2-1/devnum"),
    }


def test_more_windows_than_can_be_looked_at_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="86400 windows are more than 2000; raise `window_seconds`"):
        collect(tmp_path, soaking(), window_seconds=1)
