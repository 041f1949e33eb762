"""`use: health`: the state of host and accelerators from fixture trees, and what is said where nothing is told."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from edgetpu_ci import derive, metrics
from edgetpu_ci.collect import health
from edgetpu_ci.judging import judge
from edgetpu_ci.model import Collected, Measurement, Rule
from edgetpu_ci.render import words
from edgetpu_ci.world import World
from tests.fakes import corals, kernel
from tests.fakes import world as fake

NOTHING_HELPS = Rule(match="*/thermal_state", max=1)


def world(folder: Path, cpu: tuple[int, int] = (0, 0)) -> World:
    """A world in which so many ticks of the CPU, used and idle, pass while is waited."""
    used, idle = cpu
    if any(cpu):
        kernel.write(folder / "root/proc", {"stat": "cpu  0 0 0 0 0 0 0 0"})

    clock = [fake.AT]

    def sleep(seconds: float) -> None:
        clock.append(clock[-1] + timedelta(seconds=seconds))
        if any(cpu):
            kernel.write(folder / "root/proc", {"stat": f"cpu  {used} 0 0 {idle} 0 0 0 0"})

    return fake.world(folder, sleep=sleep, now=lambda: clock[-1])


def collect(folder: Path, cpu: tuple[int, int] = (0, 0), **options: Any) -> dict[str, Measurement]:
    found: Collected = health.collect(health.Options(**options), world(folder, cpu))
    return {measurement.key: measurement for measurement in found.measurements}


def test_a_host_that_tells_nothing_has_a_reason_for_each(tmp_path: Path) -> None:
    found = collect(tmp_path)
    known = {key for key, measurement in found.items() if measurement.value is not None}
    assert known == {"host/disk_free_percent"}
    assert all(found[key].reason.startswith("not available: ") for key in set(found) - known)
    assert not any(measurement.failed for measurement in found.values())


def test_a_host_tells_cpu_memory_and_disk(tmp_path: Path) -> None:
    kernel.write(tmp_path / "root/proc", {"meminfo": "MemTotal: 4000000 kB\nMemFree: 9 kB\nMemAvailable: 3000000 kB"})
    found = collect(tmp_path, cpu=(30, 170))
    assert found["host/cpu_use_percent"].value == pytest.approx(15)
    assert found["host/memory_free_percent"].value == 75
    assert 0 <= (found["host/disk_free_percent"].value or 0) <= 100


def test_a_disk_that_is_not_there_is_a_reason(tmp_path: Path) -> None:
    assert "No such file" in collect(tmp_path, disk="no/such")["host/disk_free_percent"].reason


def test_an_accelerator_tells_temperature_state_status_and_resets(tmp_path: Path) -> None:
    kernel.apex(tmp_path / "root", temp="90050", reset_count="3", status="LAMED")
    found = collect(tmp_path)
    said = {key: words.value(m) for key, m in found.items() if m.subject == "apex_0"}
    assert said == {
        "apex_0/tpu_temperature_celsius": "90.05 °C",
        "apex_0/thermal_state": "throttled",
        "apex_0/device_status": "LAMED",
        "apex_0/device_resets": "3",
    }
    assert found["apex_0/thermal_state"].details == (("clock", "125 MHz by its temperature"),)
    assert dict(found["apex_0/tpu_temperature_celsius"].details) == {
        "trip points": "84.8 °C, 89.8 °C, 94.8 °C",
        "alarms": "99.8 °C",
    }


def test_a_lost_sensor_is_not_a_cold_device(tmp_path: Path) -> None:
    kernel.apex(tmp_path / "root", temp="-87900")
    found = collect(tmp_path)
    for metric in ("tpu_temperature_celsius", "thermal_state"):
        assert found[f"apex_0/{metric}"].value is None
        assert found[f"apex_0/{metric}"].reason.startswith("sensor lost: it reads below -40 °C")


@pytest.mark.parametrize("opened", [False, True])
def test_a_usb_accelerator_tells_no_temperature(tmp_path: Path, opened: bool) -> None:  # noqa: FBT001 - a case
    corals.usb(tmp_path / "root", "2-1", opened=opened)
    found = {key: m.reason for key, m in collect(tmp_path).items() if m.subject.startswith("usb")}
    reason = "not available: a USB accelerator tells no temperature; drift is looked for instead"
    assert found == {"usb 2-1/tpu_temperature_celsius": reason, "usb 2-1/thermal_state": reason}


def test_an_accelerator_without_its_driver_says_what_to_do(tmp_path: Path) -> None:
    corals.bus(tmp_path / "root", "0000:03:00.0")
    found = collect(tmp_path)["pci 0000:03:00.0/device_status"]
    assert found.reason.startswith("The Coral at 0000:03:00.0 has no driver: try `sudo modprobe apex`")


def test_a_raspberry_pi_tells_what_was_before(tmp_path: Path) -> None:
    kernel.write(tmp_path / "root", {kernel.PI: "50000"})
    found = collect(tmp_path)["host/thermal_state"]
    assert (words.value(found), found.details) == ("optimal", (("before", "under-voltage and throttling"),))


def test_power_of_a_host_at_rest_is_told_with_its_meter(tmp_path: Path) -> None:
    seconds = range(round(fake.AT.timestamp()) - 5, round(fake.AT.timestamp()) + 5)
    (tmp_path / "power.csv").write_text("\n".join(f"{second},1.5" for second in seconds))
    found = collect(tmp_path, meter="power.csv", seconds=3)["host/power_watts"]
    assert found.value == pytest.approx(1.5)
    assert found.details == (("meter", "power.csv"), ("while", "nothing was asked of the devices"))
    assert "ends 12" in collect(tmp_path, meter="power.csv", seconds=124)["host/power_watts"].reason


@pytest.mark.parametrize(
    ("temp", "status", "because"),
    [
        ("60050", "passed", "optimal is within the band"),
        ("80050", "passed", "warm is within the band"),
        ("86050", "failed", "throttled is above the most allowed, warm"),
    ],
)
def test_a_rule_holds_a_state_against_the_worst_allowed(tmp_path: Path, temp: str, status: str, because: str) -> None:
    kernel.apex(tmp_path / "root", temp=temp)
    found = [m for m in collect(tmp_path).values() if m.subject == "apex_0"]
    (verdict,) = judge.judge(found, (), [NOTHING_HELPS])
    assert (verdict.status, verdict.because) == (status, because)


def test_a_state_between_two_is_the_worse_one_and_none_is_beyond_the_last() -> None:
    state = metrics.find("thermal_state")
    said = [metrics.amount(value, state) for value in (-1, 0, 0.2, 1, 1.5, 2, 9e300)]
    assert said == ["optimal", "optimal", "warm", "warm", "throttled", "throttled", "throttled"]


ENERGY = Measurement(
    subject="m", metric=derive.ENERGY, value=5, n=2, slots=(5.0, 5.0), details=(("meter", "INA226 (hwmon1)"),)
)
MACS = Measurement(subject="m", metric=derive.MACS, value=300)


def efficiencies(*known: Measurement) -> list[Measurement]:
    return [m for m in derive.of(known) if m.metric == derive.EFFICIENCY]


def test_operations_for_a_joule_are_told_where_energy_and_operations_are_known() -> None:
    (found,) = efficiencies(ENERGY, MACS)
    assert found.value == pytest.approx(2 * 300e6 / 5e-3 / 1e12)
    assert found.details == (("meter", "INA226 (hwmon1)"),)


def test_without_a_measured_energy_nothing_is_said_of_efficiency() -> None:
    assert efficiencies(MACS) == []
    assert efficiencies(MACS, Measurement(subject="m", metric=derive.ENERGY, reason="no meter")) == []


@pytest.mark.parametrize(
    ("macs", "reason"),
    [
        ((), "its MACs on the TPU are not known: name its `source_model`"),
        ((Measurement(subject="m", metric=derive.MACS, reason="no such file"),), "no such file"),
        ((Measurement(subject="other", metric=derive.MACS, value=300),), "its MACs on the TPU are not known"),
    ],
)
def test_energy_without_operations_has_a_reason(macs: tuple[Measurement, ...], reason: str) -> None:
    (found,) = efficiencies(ENERGY, *macs)
    assert found.value is None
    assert reason in found.reason


def test_a_meter_that_knows_of_no_accelerator_gives_no_efficiency() -> None:
    of_cpu = Measurement(subject="m", metric=derive.EFFICIENCY, reason="RAPL says nothing of the accelerator")
    assert efficiencies(ENERGY, MACS, of_cpu) == [of_cpu]
