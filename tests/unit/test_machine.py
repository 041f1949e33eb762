"""Which machine this is, read from a /proc of our own."""

from pathlib import Path

from edgetpu_ci import machine
from tests.fakes.world import world

PI = """processor\t: 0
BogoMIPS\t: 108.00
processor\t: 1
"""
EPYC = "processor\t: 0\nmodel name\t: AMD EPYC 7B13\nflags\t\t: fpu hypervisor sse\n"


def host(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / "root" / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_a_virtual_server(tmp_path: Path) -> None:
    host(tmp_path, proc__cpuinfo=EPYC, proc__meminfo="MemTotal:  4096000 kB\n", proc__loadavg="0.50 0.40 0.30 1/99 7\n")
    found = machine.identify(world(tmp_path))
    assert (found.cpu, found.cores, found.memory_mb, found.load) == ("AMD EPYC 7B13", 1, 4000, 0.5)
    assert found.hypervisor == "yes"
    assert found.key.startswith("amd-epyc-7b13-1x-")


def test_a_board_without_a_model_name_is_called_as_its_device_tree_says(tmp_path: Path) -> None:
    host(tmp_path, proc__cpuinfo=PI)
    (tmp_path / "root/proc/device-tree").mkdir()
    (tmp_path / "root/proc/device-tree/model").write_bytes(b"Raspberry Pi 5 Model B Rev 1.0\0")
    found = machine.identify(world(tmp_path))
    assert (found.cpu, found.cores) == ("Raspberry Pi 5 Model B Rev 1.0", 2)


def test_what_the_kernel_does_not_say_stays_empty(tmp_path: Path) -> None:
    found = machine.identify(world(tmp_path))
    assert (found.cpu, found.cores, found.governor, found.memory_mb, found.load) == ("", 0, "", 0, None)


def test_other_hardware_has_another_key_and_another_host_name_has_not(tmp_path: Path) -> None:
    one = machine.identify(world(host(tmp_path / "a", proc__cpuinfo=EPYC, proc__loadavg="1 1 1")))
    same = machine.identify(world(host(tmp_path / "b", proc__cpuinfo=EPYC, proc__loadavg="9 9 9")))
    other = machine.identify(world(host(tmp_path / "c", proc__cpuinfo=EPYC.replace("7B13", "7B12"))))
    assert one.key == same.key != other.key
