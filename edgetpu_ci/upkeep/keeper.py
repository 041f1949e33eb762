"""What looking after the store needs of it, whichever it is."""

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from edgetpu_ci import memory


class Keeper(memory.State, Protocol):
    """A store: named values, documents that are only added, and forgetting what was."""

    def names(self, kind: str) -> list[str]:
        """Names of the documents of a kind."""

    def drop(self, kind: str, names: Iterable[str]) -> int:
        """Remove documents; how many there were."""

    def append(self, kind: str, name: str, data: bytes) -> Path:
        """Write a new document."""

    def forget(self) -> str:
        """Drop earlier versions of what it holds; in a sentence, where they may still lie (empty: nowhere)."""
