"""Documents on their way to a store: kept in a folder until they are there."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from edgetpu_ci.errors import DocumentError
from edgetpu_ci.store import layout
from edgetpu_ci.store.folder import Folder


@dataclass(frozen=True)
class Outbox:
    """What waits, by the path it goes to."""

    folder: Folder

    def put(self, kind: str, name: str, data: bytes) -> Path:
        """Keep a document; the file. StoreError when it cannot be written, or one of this name waits already."""
        return self.folder.append(kind, name, data)

    def waiting(self) -> dict[str, bytes]:
        """Paths on the branch, and documents."""
        found = {}
        for kind, name in self._names():
            # Another job with the same folder may have sent it just now.
            with suppress(DocumentError):
                found[layout.path(kind, name)] = self.folder.read(kind, name)
        return found

    def remove(self, path: str) -> None:
        """Forget a document: it is there, or never will be."""
        place = layout.place(path)
        if place:
            (self.folder.root / "documents" / place.kind / f"{place.name}.json").unlink(missing_ok=True)

    def _names(self) -> Iterator[tuple[str, str]]:
        kinds = (path.name for path in (self.folder.root / "documents").glob("*"))
        for kind in sorted(kind for kind in kinds if layout.NAME.fullmatch(kind)):
            for name in self.folder.names(kind):
                yield kind, name
