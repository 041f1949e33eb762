"""Which build of libedgetpu a host has, found where the dynamic loader looks."""

from hashlib import sha256
from pathlib import Path

import pytest

from edgetpu_ci.device import libedgetpu
from tests.fakes import corals
from tests.fakes.world import world


def put(folder: Path, place: str, text: str = "a library") -> None:
    corals.write(folder / "root" / place / libedgetpu.NAME, text, end="")


def test_there_may_be_none(tmp_path: Path) -> None:
    assert libedgetpu.build(libedgetpu.NAME, world(tmp_path)) == ""


def test_a_build_nobody_published_is_known_by_its_checksum(tmp_path: Path) -> None:
    put(tmp_path, "usr/lib")
    digest = sha256(b"a library").hexdigest()
    assert libedgetpu.build(libedgetpu.NAME, world(tmp_path)) == f"unknown build {digest[:8]}"


@pytest.mark.parametrize(
    ("checksum", "name"),
    [
        ("743bf688fdeda6f398bbad4abb4f9cffe45fe0ddeae34fc6380980134b9377a1", "16.0 max"),
        ("686c861ec1601a1dcb81bba698ec919f1ebe07720c189baf26a8f952aa261ced", "16.0 std"),
    ],
)
def test_the_two_clocks_of_16_0_are_told_apart(checksum: str, name: str) -> None:
    assert libedgetpu.name(checksum) == name


def test_the_loader_s_order_is_followed(tmp_path: Path) -> None:
    corals.write(tmp_path / "root/etc/ld.so.conf", "# local\ninclude /etc/ld.so.conf.d/*.conf\n/opt/first")
    corals.write(tmp_path / "root/etc/ld.so.conf.d/arm.conf", "# Multiarch\n/usr/lib/aarch64-linux-gnu")
    order = ["opt/env", "opt/first", "usr/lib/aarch64-linux-gnu", "lib64", "usr/lib64", "lib", "usr/lib"]
    for place in reversed(order):
        put(tmp_path, place)
        outside = world(tmp_path, env={"LD_LIBRARY_PATH": "/opt/none:/opt/env"})
        assert libedgetpu.locate(libedgetpu.NAME, outside) == tmp_path / "root" / place / libedgetpu.NAME


def test_a_path_is_taken_as_it_stands(tmp_path: Path) -> None:
    put(tmp_path, "usr/lib")
    corals.write(tmp_path / "lib/mine.so", "mine", end="")
    assert libedgetpu.locate("lib/mine.so", world(tmp_path)) == tmp_path / "lib/mine.so"
    assert libedgetpu.locate(f"{tmp_path}/lib/mine.so", world(tmp_path)) == tmp_path / "lib/mine.so"
    assert libedgetpu.locate("lib/other.so", world(tmp_path)) is None
