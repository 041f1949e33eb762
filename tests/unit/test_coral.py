"""Which Corals a host has, read from a /sys and a /dev of our own."""

import os
import tempfile
from pathlib import Path

import pytest

from edgetpu_ci.device import coral
from edgetpu_ci.errors import ConfigError, DeviceError
from tests.fakes import corals
from tests.fakes.users import needs_root, somebody
from tests.fakes.world import world


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return corals.host(tmp_path / "root")


def find(root: Path) -> tuple[coral.Coral, ...]:
    return coral.find(world(root.parent))


def test_a_usb_device_is_known_by_its_place_and_its_link(root: Path) -> None:
    corals.usb(root, "2-1.3", bus=2, device=7)
    (found,) = find(root)
    assert (found.name, found.address, found.path) == ("usb:0", "2-1.3", "/sys/bus/usb/devices/2-1.3")
    assert (found.node, found.ids, found.unready) == ("/dev/bus/usb/002/007", coral.USB_AFTER, False)
    assert found.key == "usb 5 Gbit/s at 2-1.3"


def test_a_usb_2_link_has_another_key(root: Path) -> None:
    corals.usb(root, speed="480")
    assert find(root)[0].key == "usb 480 Mbit/s at 2-1"


def test_the_first_open_changes_ids_and_node_but_not_the_key(root: Path) -> None:
    corals.usb(root, opened=False, device=3)
    (before,) = find(root)
    corals.usb(root, opened=True, device=4)
    after = coral.again(before, world(root.parent))
    assert after is not None
    assert (before.unready, before.ids, before.node) == (True, "1a6e:089a", "/dev/bus/usb/002/003")
    assert (after.unready, after.ids, after.node) == (False, "18d1:9302", "/dev/bus/usb/002/004")
    assert before.key == after.key


def test_a_device_that_is_unplugged_is_not_found_again(root: Path) -> None:
    corals.usb(root)
    (before,) = find(root)
    (root / "sys/bus/usb/devices/2-1").unlink()
    assert coral.again(before, world(root.parent)) is None


def test_usb_devices_that_nothing_opened_come_first_and_each_group_from_the_last_port(root: Path) -> None:
    for number, (address, opened) in enumerate([("1-1", True), ("1-2", False), ("1-3", True), ("1-4", False)]):
        corals.usb(root, address, bus=1, device=number, opened=opened)
    assert [(one.name, one.address) for one in find(root)] == [
        *[("usb:0", "1-4"), ("usb:1", "1-2"), ("usb:2", "1-3"), ("usb:3", "1-1")],
    ]


def test_other_usb_devices_and_hubs_are_none(root: Path) -> None:
    corals.write(root / "sys/bus/usb/devices/1-1/idVendor", "1d6b")
    corals.write(root / "sys/bus/usb/devices/usb1/idVendor", "1a6e")
    corals.claim(root)
    assert find(root) == ()


def test_a_pcie_device_is_known_by_its_address_and_its_driver(root: Path) -> None:
    corals.pci(root)
    (found,) = find(root)
    assert (found.name, found.path, found.celsius) == ("pci:0", "/dev/apex_0", 46.3)
    assert found.key == "pci 5 GT/s x1 at 0000:01:00.0 · apex 1.2"


def test_pcie_devices_are_numbered_in_the_order_of_their_folder(root: Path) -> None:
    for number in range(12):
        corals.pci(root, number)
    order = [f"/dev/{name}" for name in os.listdir(root / "sys/class/apex")]  # noqa: PTH208 - the order is what is asked
    assert [(one.number, one.path) for one in find(root)] == list(enumerate(order))


def test_what_libedgetpu_cannot_see_has_no_number_and_says_why(root: Path) -> None:
    corals.pci(root, 0)
    corals.pci(root, 1)
    (root / "dev/apex_0").unlink()
    seen, unseen = find(root)
    assert (seen.name, seen.path, unseen.name, unseen.path) == ("pci:0", "/dev/apex_1", "pci", "/dev/apex_0")
    assert unseen.unusable.startswith("/dev/apex_0 is not there: hand it into the container (`--device /dev/apex_0`)")


def test_a_pcie_device_without_its_driver_says_what_to_install_for_which_kernel(root: Path) -> None:
    corals.bus(root, "0000:03:00.0")
    with pytest.raises(DeviceError, match=r"0000:03:00\.0 has no driver: .*gasket-dkms.* \(6\.12\.34\+rpt-rpi-v8\)\."):
        coral.choose("", find(root))


def test_a_device_that_its_driver_gave_up_is_not_chosen(root: Path) -> None:
    corals.pci(root, told={"status": "LAMED"})
    with pytest.raises(DeviceError, match="The driver says that /dev/apex_0 is LAMED: switch the host off and on"):
        coral.choose("pci", find(root))


@pytest.mark.parametrize("temp", ["-87900", "", "Invalid argument"])
def test_a_lost_sensor_tells_no_temperature(root: Path, temp: str) -> None:
    corals.pci(root, told={"temp": temp})
    assert find(root)[0].celsius is None


def test_as_cold_as_a_lost_sensor_begins_is_cold(root: Path) -> None:
    corals.pci(root, told={"temp": "-40000"})
    assert find(root)[0].celsius == -40


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        *[("", "pci:0"), ("usb", "usb:0"), ("usb:1", "usb:1"), ("pci", "pci:0"), ("pci:0", "pci:0")],
        *[("2-1", "usb:1"), ("0000:01:00.0", "pci:0")],
    ],
)
def test_one_is_chosen_as_libedgetpu_would_or_by_its_place(root: Path, wanted: str, name: str) -> None:
    corals.pci(root)
    corals.usb(root, "2-1")
    corals.usb(root, "2-2", device=4)
    assert coral.choose(wanted, find(root)).name == name


def test_a_number_alone_counts_where_there_is_one_kind(root: Path) -> None:
    corals.usb(root, "2-1")
    corals.usb(root, "2-2", device=4)
    assert coral.choose(":1", find(root)).name == "usb:1"


def test_a_number_alone_is_refused_where_its_order_is_not_known(root: Path) -> None:
    corals.pci(root)
    corals.usb(root)
    with pytest.raises(ConfigError, match=r"only libedgetpu knows; name one of pci:0 at 0000:01:00\.0, usb:0"):
        coral.choose(":1", find(root))


@pytest.mark.parametrize("wanted", ["usb:", "usb:-1", "USB", "tpu", "usb:0 ", "pci:1:2", "usb:٣", ":"])
def test_what_libedgetpu_would_not_take_is_a_fault_of_the_configuration(wanted: str) -> None:
    with pytest.raises(ConfigError, match="names no Coral; it may be"):
        coral.choose(wanted, ())


def test_none_at_all_is_said_with_the_next_step() -> None:
    with pytest.raises(DeviceError, match=r"^There is no Coral on this host: plug one in, .*1a6e:089a.*lspci -n"):
        coral.choose("", ())


def test_none_such_names_those_there_are(root: Path) -> None:
    corals.usb(root)
    for wanted in ("pci", "usb:1", ":1", "2-2", "0000:01:00.0"):
        with pytest.raises(
            DeviceError, match=f"There is no Coral `{wanted}` on this host, only usb:0 at 2-1: name one"
        ):
            coral.choose(wanted, find(root))


@needs_root
@pytest.mark.parametrize(
    ("group", "sentence"),
    [
        (4711, r"may be opened by group 4711 only: `sudo usermod -aG 4711 \$USER`"),
        (0, "may be opened by root only: install Google's udev rule"),
    ],
)
def test_a_device_that_is_not_for_us_says_for_whom_it_is(group: int, sentence: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        root = corals.host(Path(folder, "root"))
        node = root / corals.usb(root)[1:]
        node.chmod(0o640)
        os.chown(node, 0, group)
        assert find(root)[0].unusable == ""
        with somebody(), pytest.raises(DeviceError, match=f"^/dev/bus/usb/002/003 {sentence}"):
            coral.choose("usb", find(root))


def test_of_the_kernel_what_a_driver_depends_on(root: Path) -> None:
    assert coral.kernel(world(root.parent)) == "6.12"
