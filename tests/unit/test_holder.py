"""Who uses a device: by the driver's word, by open files, by the kernel's claim; and what cannot be seen."""

import tempfile
from pathlib import Path

import pytest

from edgetpu_ci.device import coral, holder
from edgetpu_ci.device.coral import Coral
from edgetpu_ci.device.holder import Holder
from tests.fakes import corals
from tests.fakes.users import needs_root, somebody
from tests.fakes.world import world


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return corals.host(tmp_path / "root")


def only(root: Path) -> Coral:
    (device,) = coral.find(world(root.parent))
    return device


def held_by(root: Path) -> Holder | None:
    return holder.held_by(only(root), world(root.parent))


def test_a_device_that_nobody_uses_is_free_and_nothing_is_left_open(root: Path) -> None:
    corals.usb(root)
    corals.process(root, 77, "cat", opened=("/dev/bus/usb/002/004",))
    assert held_by(root) is None
    assert holder.unseen(only(root), world(root.parent)) == ""


def test_the_owner_of_a_pcie_device_is_the_one_its_driver_names(root: Path) -> None:
    corals.pci(root, owner=4711)
    corals.process(root, 4711, "/usr/bin/python3", "-m", "frigate")
    assert held_by(root) == Holder(pid=4711, command="python3 -m frigate")
    assert holder.unseen(only(root), world(root.parent)) == ""


def test_an_owner_in_another_container_is_named_as_far_as_it_is_known(root: Path) -> None:
    corals.pci(root, owner=4711)
    assert str(held_by(root)) == "process 4711 (not to be seen from here)"


@pytest.mark.parametrize("told", [{"device_owner": "0"}, {"device_owner": ""}, {"is_device_owned": "0"}])
def test_a_driver_that_tells_half_is_believed_that_it_is_used(root: Path, told: dict[str, str]) -> None:
    corals.pci(root, owner=4711, told=told)
    assert held_by(root)


def test_a_device_without_a_node_is_open_to_nobody(root: Path) -> None:
    corals.bus(root, "0000:03:00.0")
    corals.process(root, 80, "detector")
    corals.write(root / "proc/80/fd/9", "a link that went while we looked")
    assert held_by(root) is None


@pytest.mark.parametrize("kind", ["usb", "pci"])
def test_whoever_has_the_node_open_uses_it(root: Path, kind: str) -> None:
    node = corals.usb(root) if kind == "usb" else corals.pci(root)
    corals.process(root, 80, "/opt/detector", "--rtsp=rtsp://user:secret@camera", opened=(node,))
    assert str(held_by(root)) == "process 80 (detector)"


def test_a_claim_on_usb_tells_of_processes_that_cannot_be_seen(root: Path) -> None:
    corals.usb(root)
    corals.claim(root)
    assert str(held_by(root)) == "a process that cannot be seen from here"


def test_a_driver_of_the_kernel_is_no_claim(root: Path) -> None:
    corals.usb(root)
    corals.claim(root, driver="usb-storage")
    corals.usb(root, "2-1.1", device=9)
    first = coral.choose("usb:1", coral.find(world(root.parent)))
    corals.claim(root, "2-1.1")
    assert first.address == "2-1"
    assert holder.held_by(first, world(root.parent)) is None


def test_it_is_looked_for_at_its_node_of_now(root: Path) -> None:
    corals.usb(root, opened=False, device=3)
    before = only(root)
    corals.process(root, 80, "detector", opened=(corals.usb(root, opened=True, device=4),))
    assert holder.held_by(before, world(root.parent)) == Holder(pid=80, command="detector")


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (["/usr/bin/python3", "-m", "frigate", "more"], "python3 -m frigate"),
        (["detect", "--token", "hunter2"], "detect"),
        (["detect", "TOKEN=hunter2"], "detect"),
        (["detect", "https://me:hunter2@host"], "detect"),
        (["d" * 200], "d" * 60),
        ([""], "not to be seen from here"),
    ],
)
def test_of_a_command_line_only_the_beginning_is_shown(root: Path, command: list[str], shown: str) -> None:
    corals.process(root, 80, *command, opened=(corals.usb(root),))
    assert str(held_by(root)) == f"process 80 ({shown})"


def test_in_a_container_it_is_said_that_the_host_cannot_be_seen(root: Path) -> None:
    corals.usb(root)
    (root / "proc/self/ns/pid").unlink()
    corals.link(root / "proc/self/ns/pid", "pid:[4026532001]")
    assert holder.unseen(only(root), world(root.parent)) == (
        "Whether processes outside this container have usb:0 open cannot be seen (the kernel knows of no claim); "
        "as root on the host it can."
    )


def test_where_proc_hides_others_that_is_said(root: Path) -> None:
    corals.usb(root)
    (root / "proc/1").rename(root / "proc/gone")
    assert "Whether processes of other users have usb:0 open" in holder.unseen(only(root), world(root.parent))


@needs_root
def test_open_files_that_may_not_be_read_are_counted_and_not_taken_for_none() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        root = corals.host(Path(folder, "root"))
        corals.process(root, 80, "detector", opened=(corals.usb(root),))
        for number in (1, 80):
            (root / f"proc/{number}/fd").chmod(0o500)
        with somebody():
            assert held_by(root) is None
            note = holder.unseen(only(root), world(root.parent))
    assert note.startswith("Whether 2 processes of other users have usb:0 open cannot be seen")
