"""What a collector remembers from one run to the next: named values of the store, compared before they are swapped."""

import gzip
import zlib
from collections.abc import Iterable, Mapping
from typing import Final, Protocol, TypeVar

from msgspec import Struct, field

from edgetpu_ci import codec
from edgetpu_ci.errors import DocumentError

T = TypeVar("T")

Swap = tuple[bytes | None, bytes | None]
"""What a value is taken to be, and what it is to be; None: not set."""

_STEP: Final = "restore an earlier version of it there, or remove it"

MOST_BYTES: Final = 256 << 20
"""A packed value may not become larger than this when it is unpacked."""


class State(Protocol):
    """What a collector has of a store: named values to keep things in, and documents to read."""

    def state(self, name: str) -> bytes | None:
        """A named value, None when it was never set."""

    def swap(self, name: str, old: bytes | None, new: bytes | None) -> bool:
        """Set a named value if it is still `old`, None: remove it; False, and nothing changed, when it is not."""

    def states(self, names: Iterable[str]) -> dict[str, bytes]:
        """Several named values as they are together; one that was never set is left out."""

    def swap_all(self, changes: Mapping[str, Swap]) -> bool:
        """Set several if each is still its old value; False, and nothing changed, when one is not.

        Who is killed meanwhile may leave the first of them set, never a later one alone.
        """

    def values(self) -> list[str]:
        """The names of all values that are set."""

    def names(self, kind: str) -> list[str]:
        """Names of the documents of a kind, oldest first."""

    def read(self, kind: str, name: str) -> bytes:
        """A document as it was written; DocumentError when there is none."""


class Forgetful(Struct):
    """A state that ends with this process."""

    kept: dict[str, bytes] = field(default_factory=dict)

    def state(self, name: str) -> bytes | None:
        """As of a store."""
        return self.kept.get(name)

    def swap(self, name: str, old: bytes | None, new: bytes | None) -> bool:
        """As of a store."""
        return self.swap_all({name: (old, new)})

    def states(self, names: Iterable[str]) -> dict[str, bytes]:
        """As of a store."""
        return {name: self.kept[name] for name in names if name in self.kept}

    def swap_all(self, changes: Mapping[str, Swap]) -> bool:
        """As of a store."""
        if any(self.kept.get(name) != old for name, (old, _) in changes.items()):
            return False
        for name, (_, new) in changes.items():
            if new is None:
                self.kept.pop(name, None)
            else:
                self.kept[name] = new
        return True

    def values(self) -> list[str]:
        """As of a store."""
        return sorted(self.kept)

    def names(self, kind: str) -> list[str]:  # noqa: ARG002 - as of a store
        """No documents."""
        return []

    def read(self, kind: str, name: str) -> bytes:
        """As of a store that has none."""
        raise DocumentError(f"There is no {kind} {name}.")


def pack(value: object) -> bytes:
    """A record as compressed JSON: the same bytes for the same record."""
    return gzip.compress(codec.encode_json_line(value), mtime=0)


def unpack(data: bytes, into: type[T], name: str) -> T:
    """A record that was packed; DocumentError when it is corrupt, or too large."""
    inflating = zlib.decompressobj(wbits=31)
    try:
        plain = inflating.decompress(data, MOST_BYTES)
    except zlib.error as error:
        raise DocumentError(f"{name} in the store cannot be read ({error}); {_STEP}.") from error
    if not inflating.eof:
        raise DocumentError(f"{name} in the store ends too early, or is too large; {_STEP}.")
    try:
        return codec.decode_json(plain, into, f"{name} in the store", MOST_BYTES)
    except DocumentError as error:
        raise DocumentError(f"{str(error).rstrip('.')}; {_STEP}.") from error
