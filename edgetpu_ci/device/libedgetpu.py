"""Which build of libedgetpu a host has: its version text does not tell the standard clock from the maximum one."""

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

from edgetpu_ci.world import World

NAME: Final = "libedgetpu.so.1"

_MOST_BYTES: Final = 64 << 20
_BUILDS: Final = {
    # sha256 of `libedgetpu_bin/{direct,throttled}/*/libedgetpu.so.1.0` in google-coral/pycoral 9972f8e.
    "743bf688fdeda6f398bbad4abb4f9cffe45fe0ddeae34fc6380980134b9377a1": "16.0 max",  # x86-64
    "d35192f5541d68688f4c050d634b2a5619680d42b3d9362adfedd5a1b54d3888": "16.0 max",  # aarch64
    "8017839d87ac0dd3f03c14b6fc2ea9615c0c24e882d689354f7eeb6dc47a0ad3": "16.0 max",  # 32-bit Arm
    "686c861ec1601a1dcb81bba698ec919f1ebe07720c189baf26a8f952aa261ced": "16.0 std",
    "f6b4ff1ed566249b1b72ac3efc2cc2063b9a056d7c5018f92b823cebea81d08c": "16.0 std",
    "88da1356a499e27857c50c297dc914dd7b446bcb31acbd08f00e1b16a7e4b8f8": "16.0 std",
}


def build(library: str, world: World) -> str:
    """`16.0 std`, `16.0 max`, or `unknown build 1a2b3c4d` by the file's checksum; empty when there is no such file."""
    place = locate(library, world)
    if place is None:
        return ""
    try:
        with place.open("rb") as file:
            return name(sha256(file.read(_MOST_BYTES)).hexdigest())
    except OSError:
        return ""


def name(checksum: str) -> str:
    """What a build is called whose file has this sha256."""
    return _BUILDS.get(checksum) or f"unknown build {checksum[:8]}"


def locate(library: str, world: World) -> Path | None:
    """The file that loading `library` takes: a path as it stands, a name where the dynamic loader looks for it."""
    folders = [world.cwd] if "/" in library else _folders(world)
    places = (folder / library for folder in folders)
    return next((place for place in places if place.is_file()), None)


def _folders(world: World) -> Iterator[Path]:
    """Where the dynamic loader looks, in its order (ld.so(8)); what ld.so.conf names, it has in its cache."""
    for folder in filter(None, world.env.get("LD_LIBRARY_PATH", "").split(":")):
        yield world.root / folder.lstrip("/") if folder.startswith("/") else world.cwd / folder
    parts = sorted(file.name for file in (world.root / "etc/ld.so.conf.d").glob("*.conf"))
    for file in ("ld.so.conf", *(f"ld.so.conf.d/{part}" for part in parts)):
        for line in re.findall(r"^/\S+", world.text(f"etc/{file}"), re.MULTILINE):
            yield world.root / line.lstrip("/")
    yield from (world.root / folder for folder in ("lib64", "usr/lib64", "lib", "usr/lib"))
