"""What a kernel would tell of accelerators, heat and power, written below a folder that stands for `/`."""

from collections.abc import Mapping
from pathlib import Path

APEX = {
    "status": "ALIVE",
    "reset_count": "0",
    "temp": "46300",
    "trip_point0_temp": "84800",
    "trip_point1_temp": "89800",
    "trip_point2_temp": "94800",
    "hw_temp_warn1": "99800",
    "hw_temp_warn1_en": "0",
    "hw_temp_warn2": "99800",
    "hw_temp_warn2_en": "1",
}
"""As gasket-driver 1.0 tells it with its own settings: what was set as 85 °C reads back as 84.8 °C."""

PI = "sys/devices/platform/soc/soc:firmware/get_throttled"


def write(root: Path, files: Mapping[str, str]) -> None:
    """Write each file with a line end, as the kernel does."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"{text}\n")


def apex(root: Path, name: str = "apex_0", **facts: str) -> None:
    """A PCIe accelerator, with these of its facts otherwise."""
    write(root / "sys/class/apex" / name, APEX | facts)


def zone(root: Path, celsius: float, passive: float | None = None) -> None:
    """A thermal zone of the host, with the temperature at which it slows down."""
    facts = {"temp": f"{celsius * 1000:.0f}", "type": "cpu-thermal"}
    if passive is not None:
        facts |= {"trip_point_0_type": "passive", "trip_point_0_temp": f"{passive * 1000:.0f}"}
    write(root / "sys/class/thermal/thermal_zone0", facts)


def sensor(root: Path, watts: float, kind: str = "ina226", folder: str = "hwmon1") -> None:
    """A power sensor in the line that feeds a device."""
    write(root / "sys/class/hwmon" / folder, {"name": kind, "power1_input": f"{watts * 1e6:.0f}"})


def rapl(root: Path, joules: float, wraps_at: float = 262_143.0) -> None:
    """The energy counter of a CPU package, and one of a part of it."""
    facts = {"name": "package-0", "energy_uj": f"{joules * 1e6:.0f}", "max_energy_range_uj": f"{wraps_at * 1e6:.0f}"}
    write(root / "sys/class/powercap/intel-rapl:0", facts)
    write(root / "sys/class/powercap/intel-rapl:0:0", facts | {"name": "core"})
