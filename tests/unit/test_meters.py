"""Which meter the options name, and what it says."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from edgetpu_ci.device import meters, power
from edgetpu_ci.errors import ConfigError, DocumentError
from edgetpu_ci.world import Ran
from tests.fakes import kernel
from tests.fakes import world as fake


def find(folder: Path, wanted: str, **parts: object) -> meters.Meter | str | None:
    return meters.find(wanted, "", 0, fake.world(folder, **parts))


def named(folder: Path, wanted: str) -> str:
    found = find(folder, wanted)
    assert found is not None
    return found if isinstance(found, str) else found.name


def test_none_is_asked_for_and_none_is_looked_for(tmp_path: Path) -> None:
    kernel.sensor(tmp_path / "root", 2)
    assert find(tmp_path, "") is None


@pytest.mark.parametrize("wanted", ["auto", "hwmon", "rapl"])
def test_a_meter_that_is_not_there_is_a_reason(tmp_path: Path, wanted: str) -> None:
    assert named(tmp_path, wanted).startswith("not available: ")


def test_a_sensor_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no power sensor ina999 that can be read; this host has none"):
        find(tmp_path, "hwmon:ina999")


def test_a_sensor_goes_before_the_cpus_counter(tmp_path: Path) -> None:
    kernel.rapl(tmp_path / "root", 5)
    assert named(tmp_path, "auto") == "RAPL package-0: the host's CPU package alone"
    kernel.sensor(tmp_path / "root", 2.5)
    found = find(tmp_path, "auto")
    assert isinstance(found, meters.Sensor)
    assert (found.name, found.sample(), found.of_device) == ("INA226 (hwmon1)", 2.5, True)


def test_of_several_sensors_one_must_be_named(tmp_path: Path) -> None:
    for watts, folder in ((1.0, "hwmon1"), (2.0, "hwmon2")):
        kernel.sensor(tmp_path / "root", watts, folder=folder)
    assert "there are several: INA226 (hwmon1), INA226 (hwmon2)" in named(tmp_path, "hwmon")
    assert named(tmp_path, "hwmon:hwmon2") == "INA226 (hwmon2)"


def test_a_graphics_cards_power_is_not_taken_for_the_devices(tmp_path: Path) -> None:
    kernel.sensor(tmp_path / "root", 90, kind="amdgpu")
    assert named(tmp_path, "auto").startswith("not available")
    assert named(tmp_path, "hwmon:amdgpu") == "AMDGPU (hwmon1)"


def test_a_counter_that_only_root_may_read_is_not_available(tmp_path: Path) -> None:
    kernel.write(tmp_path / "root/sys/class/powercap/intel-rapl:0", {"name": "package-0"})
    assert named(tmp_path, "rapl").startswith("not available")


def test_a_counter_is_read_over_its_wrap(tmp_path: Path) -> None:
    kernel.rapl(tmp_path / "root", 1, wraps_at=100)
    found = find(tmp_path, "rapl")
    assert isinstance(found, meters.Counter)
    assert found.sample() == 1
    assert found.recorded([(0, 99), (1, 4)], (0, 1)) == [(0.5, 5)]
    assert not found.of_device


def test_the_clock_of_a_file_is_moved(tmp_path: Path) -> None:
    (tmp_path / "power.csv").write_text("100,2\n101,2\n102,2\n103,2\n")
    found = meters.find("power.csv", "", 3600, fake.world(tmp_path))
    assert isinstance(found, meters.File)
    samples = found.recorded((), (3701, 3702))
    assert samples[0] == (3700.0, 2.0)
    assert power.watts(samples, (3700.5, 3703)) == pytest.approx(2)


@pytest.mark.parametrize(("text", "said"), [("", "cannot be read: No such file"), ("1,2\nx\n", "line 2")])
def test_a_file_that_cannot_be_read_at_the_end_is_said(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "power.csv").write_text(text)
    found = find(tmp_path, "power.csv")
    assert isinstance(found, meters.File)
    if not text:
        (tmp_path / "power.csv").unlink()
    with pytest.raises(DocumentError, match=said):
        found.recorded((), (1, 2))


@pytest.mark.parametrize(
    ("wanted", "command", "said"),
    [("hwmom", "", "There is no meter hwmom; name auto, hwmon"), ("auto", "plug", "are two meters; name one")],
)
def test_a_meter_that_is_misnamed_is_said_before_anything_is_measured(
    tmp_path: Path, wanted: str, command: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        meters.find(wanted, command, 0, fake.world(tmp_path))


def test_a_command_is_told_of_which_times_it_is_asked(tmp_path: Path) -> None:
    asked: list[Mapping[str, str]] = []

    def run(argv: Sequence[str], _stdin: bytes, _timeout: float, env: Mapping[str, str]) -> Ran:
        assert argv == ["bash", "-c", "plug-history"]
        asked.append(env)
        return Ran(status=0, stdout=b"5,2\n6,2\n", stderr=b"")

    found = meters.find("", "plug-history", 0, fake.world(tmp_path, run=run))
    assert isinstance(found, meters.Command)
    assert found.name == "meter_command: plug-history"
    assert found.recorded((), (5.25, 6)) == [(5, 2), (6, 2)]
    # Samples within the span alone would leave both of its ends unknown.
    assert asked == [{"EDGETPU_CI_FROM": "3.250", "EDGETPU_CI_UNTIL": "8.000"}]


def test_a_command_is_asked_by_the_clock_of_its_meter(tmp_path: Path) -> None:
    asked: list[Mapping[str, str]] = []

    def run(_argv: Sequence[str], _stdin: bytes, _timeout: float, env: Mapping[str, str]) -> Ran:
        asked.append(env)
        return Ran(status=0, stdout=b"95,2\n97,2\n", stderr=b"")

    found = meters.find("", "plug-history", 10, fake.world(tmp_path, run=run))
    assert isinstance(found, meters.Command)
    assert found.recorded((), (105, 107)) == [(105, 2), (107, 2)]
    assert asked == [{"EDGETPU_CI_FROM": "93.000", "EDGETPU_CI_UNTIL": "99.000"}]


@pytest.mark.parametrize(("status", "said"), [(1, "ended with status 1"), (None, "did not end within 60 s")])
def test_a_command_that_fails_is_said(tmp_path: Path, status: int | None, said: str) -> None:
    found = meters.find("", "x", 0, fake.world(tmp_path, run=lambda *_: Ran(status=status, stdout=b"", stderr=b"")))
    assert isinstance(found, meters.Command)
    with pytest.raises(DocumentError, match=said):
        found.recorded((), (5, 6))
