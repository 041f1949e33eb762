"""A store in a folder: one file per document and per named value, each written whole or not at all."""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct

from edgetpu_ci.errors import DocumentError, StoreError
from edgetpu_ci.files import locked, write_new, write_whole
from edgetpu_ci.memory import Swap
from edgetpu_ci.store.layout import NAME, Document, safe
from edgetpu_ci.world import World


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`path`: the folder, relative to where the command runs."""

    path: str = ".edgetpu-ci"


def open_store(options: Options, world: World) -> "Folder":
    """The store at `options.path`; nothing is created before the first write."""
    return Folder(world.cwd / options.path)


@dataclass(frozen=True)
class Folder:
    """`documents/KIND/NAME.json`, never changed, and `state/NAME`, compared before it is swapped."""

    root: Path

    def append(self, kind: str, name: str, data: bytes) -> Path:
        """Write a new document; StoreError when it cannot be written or the name is taken."""
        path = self._document(kind, name)
        write_new(path, data)
        return path

    def extend(self, kind: str, documents: Iterable[Document]) -> None:
        """Write new documents, one after the other."""
        for name, data in documents:
            self.append(kind, name, data)

    def names(self, kind: str) -> list[str]:
        """Names of the documents of a kind, oldest first; a file that no `append` could have named is none."""
        stems = (path.stem for path in (self.root / "documents" / safe(kind)).glob("*.json"))
        return sorted(stem for stem in stems if NAME.fullmatch(stem))

    def read(self, kind: str, name: str) -> bytes:
        """A document as it was written."""
        path = self._document(kind, name)
        try:
            return path.read_bytes()
        except OSError as error:
            raise DocumentError(f"{path} cannot be read: {os.strerror(error.errno or 0)}.") from error

    def state(self, name: str) -> bytes | None:
        """A named value, None when it was never set."""
        path = self._value(name)
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            why = "it is a folder; move it away" if path.is_dir() else os.strerror(error.errno or 0).lower()
            raise StoreError(f"{path} cannot be read: {why}.") from error

    def swap(self, name: str, old: bytes | None, new: bytes | None) -> bool:
        """Set a named value if it is still `old`; None removes it."""
        return self.swap_all({name: (old, new)})

    def states(self, names: Iterable[str]) -> dict[str, bytes]:
        """Several named values."""
        found = {name: self.state(name) for name in names}
        return {name: data for name, data in found.items() if data is not None}

    def swap_all(self, changes: Mapping[str, Swap]) -> bool:
        """Set several named values if each is still its old one."""
        with locked(self.root / "state" / ".lock"):
            if any(self.state(name) != old for name, (old, _) in changes.items()):
                return False
            for name, (_, new) in changes.items():
                if new is None:
                    self._value(name).unlink(missing_ok=True)
                else:
                    write_whole(self._value(name), new)
            return True

    def values(self) -> list[str]:
        """The names of all values that are set."""
        return sorted(path.name for path in (self.root / "state").glob("*") if NAME.fullmatch(path.name))

    def drop(self, kind: str, names: Iterable[str]) -> int:
        """Remove documents; how many there were."""
        there = [path for name in names if (path := self._document(kind, name)).exists()]
        for path in there:
            path.unlink(missing_ok=True)
        return len(there)

    def forget(self) -> str:
        """Nothing: a folder has no earlier versions."""
        return ""

    def fold(self, month: str) -> int:  # noqa: ARG002 - a folder needs none
        """Nothing: a folder has room for its files."""
        return 0

    def snapshot(self) -> "Folder":
        """Itself: looking at a folder costs nothing."""
        return self

    def check(self) -> str:
        """Whether it can be written, tried with a file that goes again."""
        existed = self.root.exists()
        trial = self.root / ".trial"
        write_whole(trial, b"")
        trial.unlink(missing_ok=True)  # another run may be trying too
        if not existed:
            with suppress(OSError):  # that run may have filled it meanwhile
                self.root.rmdir()
        return "can be written."

    def _document(self, kind: str, name: str) -> Path:
        return self.root / "documents" / safe(kind) / f"{safe(name)}.json"

    def _value(self, name: str) -> Path:
        return self.root / "state" / safe(name)
