"""Stores: append-only documents, and named state that is compared before it is swapped."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from edgetpu_ci import plugins
from edgetpu_ci.config import Step
from edgetpu_ci.memory import Swap
from edgetpu_ci.store import branch, folder
from edgetpu_ci.world import World


class Store(Protocol):
    """What every store can do. Kinds and names are short words; documents are never changed."""

    def append(self, kind: str, name: str, data: bytes) -> Path:
        """Write a new document atomically; its place. StoreError when that fails or it exists.

        UndeliveredError when it is kept for later: nothing is lost, and the next `append` takes it along.
        """

    def extend(self, kind: str, documents: Iterable[tuple[str, bytes]]) -> None:
        """The same for many documents, names and bytes, in as few steps as it can."""

    def names(self, kind: str) -> list[str]:
        """Names of the documents of a kind, oldest first."""

    def read(self, kind: str, name: str) -> bytes:
        """A document as it was written; DocumentError when there is none."""

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

    def drop(self, kind: str, names: Iterable[str]) -> int:
        """Remove documents, which only erasing does; how many there were."""

    def forget(self) -> str:
        """Drop earlier versions of what it holds; in a sentence, where they may still lie (empty: nowhere)."""

    def fold(self, month: str) -> int:
        """Pack the documents of the months before `month` (2026-05) where that saves room; how many."""

    def snapshot(self) -> "Store":
        """What it holds now, for reading several things of it with one look; a folder is its own."""

    def check(self) -> str:
        """What it holds, in a sentence, leaving it as it was; StoreError when it cannot be read or written."""


class StorePlugin(plugins.Plugin, Protocol):
    """A module with `Options` and `open_store`."""

    def open_store(self, options: Any, world: World) -> Store: ...  # noqa: ANN401 - each has its own record


STORES: Final[dict[str, StorePlugin]] = {"folder": folder, "branch": branch}


def open_store(step: Step, world: World) -> Store:
    """Open the store a step names."""
    plugin, options = plugins.find(step, STORES, "store", "store")
    return plugin.open_store(options, world)
