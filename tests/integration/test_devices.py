"""`edgetpu-ci devices`: what it lists, for people and for programs."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from edgetpu_ci import devices
from edgetpu_ci.device import coral, lease, libedgetpu
from tests.fakes import corals, snapshots
from tests.fakes.program import edgetpu_ci
from tests.fakes.world import world

LIBRARY = "a build of our own"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    place = corals.host(tmp_path / "root")
    corals.write(place / "usr/lib" / libedgetpu.NAME, LIBRARY, end="")
    return place


def busy(root: Path) -> None:
    """Two on USB, one of them used by a container, and three on PCIe: one used, one lost its node, one its driver."""
    corals.usb(root, "2-1.3", device=7)
    corals.claim(root, "2-1.3")
    corals.usb(root, "1-2", bus=1, device=12, opened=False, speed="480")
    corals.pci(root, 0, owner=4711)
    corals.process(root, 4711, "/usr/bin/python3", "-m", "frigate::\x1b[2J")
    corals.pci(root, 1, told={"temp": "-87900"})
    (root / "dev/apex_1").unlink()
    corals.bus(root, "0000:05:00.0")


def test_the_table(root: Path) -> None:
    busy(root)
    (root / "proc/1").rename(root / "proc/gone")
    snapshots.check("devices.txt", devices.text(world(root.parent), as_json=False))


def test_no_device_says_what_to_do(root: Path) -> None:
    snapshots.check("devices-none.txt", devices.text(world(root.parent), as_json=False))


def test_a_job_that_has_a_device_is_named(root: Path) -> None:
    corals.usb(root)
    outside = world(root.parent)
    with lease.hold(coral.find(outside), 0, outside):
        assert f" of {root.parent} since 2026-03-04 05:06 UTC" in devices.text(outside, as_json=False)
    assert "nobody seen" in devices.text(outside, as_json=False)


def test_programs_get_every_fact(root: Path) -> None:
    busy(root)
    told = json.loads(devices.text(world(root.parent), as_json=True))
    assert (told["kernel"], told["library"]) == ("6.12", f"unknown build {sha256(LIBRARY.encode()).hexdigest()[:8]}")
    by_key = {device["key"]: device for device in told["devices"]}
    assert by_key["usb 5 Gbit/s at 2-1.3"]["held_by"] == "a process that cannot be seen from here"
    assert by_key["pci 5 GT/s x1 at 0000:01:00.0 · apex 1.2"]["coral"]["celsius"] == 46.3
    assert by_key["pci 5 GT/s x1 at 0000:05:00.0"]["note"].startswith("The Coral at 0000:05:00.0 has no driver")


def test_the_command_works_where_there_is_none_of_it(tmp_path: Path) -> None:
    done = edgetpu_ci(tmp_path, "devices", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert isinstance(json.loads(done.stdout)["devices"], list)
