"""The record of a runner: its newest self-tests, kept in the store's named state."""

import re
from hashlib import sha256
from typing import Final

from msgspec import Struct

from edgetpu_ci import codec
from edgetpu_ci.errors import DocumentError, StoreError
from edgetpu_ci.model import Machine
from edgetpu_ci.noise import SelfTest
from edgetpu_ci.store import Store
from edgetpu_ci.world import World

FORMAT: Final = "edgetpu-ci self-tests"
SCHEMA: Final = 1
KEPT: Final = 20
"""Self-tests of a runner: what it was like longer ago says little of it now."""

_TRIES: Final = 20


class _Head(Struct):
    """What every record begins with, whatever else it holds."""

    format: str = ""
    schema: int = 0


class _Record(Struct, frozen=True, kw_only=True):
    """The document: self-tests, oldest first."""

    format: str = FORMAT
    schema: int = SCHEMA
    tests: tuple[SelfTest, ...]


def name(machine: Machine) -> str:
    """What the state of a runner is called: it is known by its kind of machine and its host name."""
    who = f"{machine.key}-{machine.host}"
    digest = sha256(who.encode(errors="surrogateescape")).hexdigest()[:8]
    return f"selftest-{re.sub(r'[^A-Za-z0-9._-]+', '-', who)[:120]}-{digest}"


def recall(store: Store, machine: Machine, world: World) -> tuple[SelfTest, ...]:
    """The self-tests of a runner, oldest first; none, which is said, when they cannot be read.

    DocumentError when a newer version wrote them.
    """
    return _decode(store.state(name(machine)), machine, world)


def remember(store: Store, machine: Machine, test: SelfTest, world: World) -> tuple[SelfTest, ...]:
    """Add a self-test, whoever else adds one meanwhile; the record with it. StoreError when that fails."""
    for _ in range(_TRIES):
        old = store.state(name(machine))
        tests = (*_decode(old, machine, world), test)[-KEPT:]
        if store.swap(name(machine), old, codec.encode_json(_Record(tests=tests))):
            return tests
    raise StoreError(f"The record of {machine.host or machine.key} is written by others all the time; run it again.")


def _decode(data: bytes | None, machine: Machine, world: World) -> tuple[SelfTest, ...]:
    if data is None:
        return ()
    source = f"The record of self-tests of {machine.host or machine.key}"
    try:
        head = codec.decode_json(data, _Head, source)
        tests = codec.decode_json(data, _Record, source).tests if _is_ours(head) else None
    except DocumentError as error:
        world.warn(f"warning: {error} It begins anew with the next self-test.")
        return ()
    if tests is None:
        raise DocumentError(f"{source} was written by another version (schema {head.schema}); update edgetpu-ci.")
    return tests


def _is_ours(head: _Head) -> bool:
    return (head.format, head.schema) == (FORMAT, SCHEMA)
