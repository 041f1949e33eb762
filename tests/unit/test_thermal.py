"""How hot it is and what slows down for it: fixture trees in, words and states out."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetpu_ci.device import thermal
from edgetpu_ci.device.thermal import Accelerator, Heat
from tests.fakes import kernel


def of(root: Path) -> Accelerator:
    (one,) = thermal.read(root).accelerators
    return one


def test_where_nothing_is_told_nothing_is_known(tmp_path: Path) -> None:
    heat = thermal.read(tmp_path)
    assert heat == Heat()
    assert not heat.tells
    assert (thermal.throttled([heat]), thermal.state(heat), thermal.too_hot(heat, 20)) == ("", None, "")


def test_an_accelerator_tells_its_temperature_trip_points_and_state(tmp_path: Path) -> None:
    kernel.apex(tmp_path, reset_count="2")
    assert of(tmp_path) == Accelerator(
        name="apex_0", status="ALIVE", resets=2, celsius=46.3, trips=(84.8, 89.8, 94.8), warns=(99.8,)
    )


@pytest.mark.parametrize(
    ("temp", "mhz", "state"),
    [
        ("46300", 500, "optimal"),
        ("74800", 500, "optimal"),
        ("74801", 500, "warm"),
        ("84550", 500, "warm"),
        ("84800", 250, "throttled"),
        ("89800", 125, "throttled"),
        ("94800", 62.5, "throttled"),
        ("-10000", 500, "optimal"),
    ],
)
def test_each_trip_point_halves_the_clock(tmp_path: Path, temp: str, mhz: float, state: str) -> None:
    kernel.apex(tmp_path, temp=temp)
    one = of(tmp_path)
    assert (thermal.CLOCKS[one.reached], thermal.state(one)) == (mhz, state)
    said = thermal.throttled([thermal.read(tmp_path)])
    assert bool(said) == (mhz < 500)
    assert f"{mhz:g} MHz" in said or not said


def test_words_are_the_same_for_the_same_cause(tmp_path: Path) -> None:
    kernel.apex(tmp_path, temp="86050")
    first = thermal.throttled([thermal.read(tmp_path)])
    kernel.apex(tmp_path, temp="87300")
    assert thermal.throttled([thermal.read(tmp_path)]) == first
    assert first == "apex_0 reached its trip point of 84.8 °C, from which on it has 250 MHz"


def test_a_bus_that_no_longer_answers_is_a_lost_sensor_and_not_cold(tmp_path: Path) -> None:
    kernel.apex(tmp_path, temp="-89700")
    one = of(tmp_path)
    assert (one.celsius, one.lost, thermal.state(one)) == (None, True, None)
    assert thermal.events([thermal.read(tmp_path)]) == ["apex_0 lost its temperature sensor (it reads below -40 °C)"]


def test_as_cold_as_a_lost_sensor_begins_is_cold(tmp_path: Path) -> None:
    kernel.apex(tmp_path, temp="-40000")
    assert (of(tmp_path).celsius, of(tmp_path).lost) == (-40, False)


def test_an_older_driver_without_a_temperature_is_read_all_the_same(tmp_path: Path) -> None:
    kernel.write(tmp_path / "sys/class/apex/apex_0", {"status": "ALIVE"})
    assert of(tmp_path) == Accelerator(name="apex_0", status="ALIVE")


def test_resets_and_a_lame_device_are_said(tmp_path: Path) -> None:
    looks = []
    for count, status in (("3", "ALIVE"), ("4", "LAMED"), ("5", "ALIVE")):
        kernel.apex(tmp_path, reset_count=count, status=status)
        looks.append(thermal.read(tmp_path))
    assert thermal.events(looks) == ["apex_0 was reset 2 times", "apex_0 was LAMED"]
    assert thermal.events(looks[:2]) == ["apex_0 was reset once", "apex_0 was LAMED"]
    assert thermal.events(looks[:1]) == []


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("0", ""),
        ("1", ""),
        ("2", "a capped clock"),
        ("5", "under-voltage and throttling"),
        ("8", "the soft temperature limit"),
        ("f000f", "under-voltage and a capped clock and throttling and the soft temperature limit"),
        ("50000", ""),
    ],
)
def test_flags_of_a_raspberry_pi(tmp_path: Path, flags: str, said: str) -> None:
    kernel.write(tmp_path, {kernel.PI: flags})
    assert thermal.throttled([thermal.read(tmp_path)]) == (f"the Raspberry Pi tells of {said}" if said else "")


def test_what_a_raspberry_pi_went_through_meanwhile_counts_and_what_was_before_does_not(tmp_path: Path) -> None:
    looks = []
    for flags in ("10000", "50000"):
        kernel.write(tmp_path, {kernel.PI: flags})
        looks.append(thermal.read(tmp_path))
    assert thermal.throttled(looks) == "the Raspberry Pi tells of throttling"
    assert thermal.throttled([looks[1], looks[1]]) == ""
    assert thermal.since_boot(looks[1]) == "under-voltage and throttling"


def test_a_newer_kernel_of_a_raspberry_pi_tells_under_voltage_alone(tmp_path: Path) -> None:
    kernel.write(tmp_path / "sys/class/hwmon/hwmon2", {"name": "rpi_volt", "in0_lcrit_alarm": "1"})
    assert thermal.read(tmp_path).pi == 1


def test_a_cpu_that_slows_itself_down_is_seen_by_its_count(tmp_path: Path) -> None:
    file = "sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count"
    looks = []
    for count in ("7", "7", "9"):
        kernel.write(tmp_path, {file: count})
        looks.append(thermal.read(tmp_path))
    assert thermal.throttled(looks[:2]) == ""
    assert thermal.throttled(looks) == "the CPU slowed itself down for heat"


def test_a_cooling_device_of_the_cpu_that_is_at_work_is_said(tmp_path: Path) -> None:
    cooling = tmp_path / "sys/class/thermal"
    kernel.write(cooling / "cooling_device0", {"type": "thermal-cpufreq-0", "cur_state": "0"})
    kernel.write(cooling / "cooling_device1", {"type": "pwm-fan", "cur_state": "3"})
    assert thermal.throttled([thermal.read(tmp_path)]) == ""
    assert thermal.state(thermal.read(tmp_path)) == "optimal"
    kernel.write(cooling / "cooling_device0", {"cur_state": "2"})
    assert "held the CPU back for heat (thermal-cpufreq-0)" in thermal.throttled([thermal.read(tmp_path)])
    assert thermal.state(thermal.read(tmp_path)) == "throttled"


def test_the_hosts_state_is_that_of_its_hottest_zone(tmp_path: Path) -> None:
    for celsius, state in ((50, "optimal"), (71, "warm"), (80, "throttled")):
        kernel.zone(tmp_path, celsius, passive=80)
        assert thermal.state(thermal.read(tmp_path)) == state


def test_a_limit_is_held_against_the_accelerator_and_without_one_against_the_host(tmp_path: Path) -> None:
    kernel.zone(tmp_path, 70)
    assert thermal.too_hot(thermal.read(tmp_path), 60) == "the host is at 70 °C"
    kernel.apex(tmp_path)
    assert thermal.too_hot(thermal.read(tmp_path), 60) == ""
    assert thermal.too_hot(thermal.read(tmp_path), 40) == "apex_0 is at 46 °C"


def test_without_a_limit_it_is_too_hot_until_five_degrees_below_the_first_trip_point(tmp_path: Path) -> None:
    for temp, said in (("79800", ""), ("80050", "apex_0 is at 80 °C"), ("91000", "apex_0 is at 91 °C")):
        kernel.apex(tmp_path, temp=temp)
        assert thermal.too_hot(thermal.read(tmp_path), None) == said


@given(st.binary(max_size=40))
def test_whatever_stands_in_the_files_is_read(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    root = tmp_path_factory.mktemp("root")
    for name in ("sys/class/apex/apex_0/temp", kernel.PI, "sys/class/thermal/thermal_zone0/temp"):
        (root / name).parent.mkdir(parents=True)
        (root / name).write_bytes(data)
    heat = thermal.read(root)
    assert thermal.throttled([heat, heat]) is not None
    assert thermal.state(heat) in (None, "optimal", "throttled")
