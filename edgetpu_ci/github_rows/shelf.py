"""Rows on the shelf: in the store by the month they came to be, merged with what others put there meanwhile."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct

from edgetpu_ci import memory
from edgetpu_ci.errors import StoreError

R = TypeVar("R", bound=Struct)

TRIES: Final = 20
"""So often a value is read again after another job was faster."""

_OPEN_AT_ONCE: Final = 2


class Kind(Struct, Generic[R], frozen=True):
    """Rows of one kind: `name` is theirs in the store, `key` tells one from another, `at` when it came to be.

    `touched` is when something last happened to a row, from which its retention counts; `newer` makes one of two rows
    of the same key, the one that is kept and the one that comes.
    """

    name: str
    row: Any
    key: Callable[[R], str]
    at: Callable[[R], datetime]
    touched: Callable[[R], datetime]
    newer: Callable[[R, R], R]


class Shelf(Generic[R]):
    """The rows of a kind. What was added waits in memory until `flush`."""

    def __init__(self, kind: Kind[R], state: memory.State, cut: datetime) -> None:
        """Rows that nothing happened to since `cut` are not kept."""
        self.kind = kind
        self._state = state
        self._cut = cut
        self._waiting: dict[str, dict[str, R]] = {}
        self._read: OrderedDict[str, dict[str, R]] = OrderedDict()

    @property
    def waiting(self) -> int:
        """How many rows are not in the store yet."""
        return sum(len(rows) for rows in self._waiting.values())

    @property
    def waiting_months(self) -> frozenset[str]:
        """The names of the values they go to."""
        return frozenset(self._waiting)

    @property
    def prefix(self) -> str:
        """How the names of its values begin."""
        return f"github-{self.kind.name}-"

    def month(self, at: datetime) -> str:
        """The name of the value that has the rows of a month."""
        return f"{self.prefix}{at:%Y-%m}"

    def add(self, rows: Iterable[R]) -> None:
        """Take rows in."""
        for row in rows:
            waiting = self._waiting.setdefault(self.month(self.kind.at(row)), {})
            key = self.kind.key(row)
            waiting[key] = self.kind.newer(waiting[key], row) if key in waiting else row

    def kept(self, rows: Iterable[R]) -> list[R]:
        """Rows that were added, each made one with what the store has of it."""
        found = []
        for row in rows:
            name, key = self.month(self.kind.at(row)), self.kind.key(row)
            new, old = self._waiting.get(name, {}).get(key, row), self._month(name).get(key)
            found.append(new if old is None else self.kind.newer(old, new))
        return found

    def rows(self, names: Iterable[str]) -> Iterator[R]:
        """All rows of some months, as the store and those that wait make them."""
        for name in names:
            yield from self._merged(self._month(name), self._waiting.get(name, {})).values()

    def flush(self) -> None:
        """Put into the store what waits."""
        for name in sorted(self._waiting):
            self._put(name, self._waiting[name])
            del self._waiting[name]

    def prune(self, names: Iterable[str]) -> None:
        """Take out of some months what is older than may be kept."""
        for name in names:
            self._put(name, {})

    def _put(self, name: str, rows: dict[str, R]) -> None:
        """Write a month, or remove it when nothing is left. StoreError when others are always faster."""
        self._read.pop(name, None)
        for _ in range(TRIES):
            old = self._state.state(name)
            merged = self._merged(self._unpacked(name, old), rows)
            new = memory.pack([merged[key] for key in sorted(merged)]) if merged else None
            if new == old or self._state.swap(name, old, new):
                return
        raise StoreError(f"{name} could not be written: other jobs were faster {TRIES} times; try again later.")

    def _merged(self, old: dict[str, R], new: dict[str, R]) -> dict[str, R]:
        both = {**old, **{key: self.kind.newer(old[key], row) if key in old else row for key, row in new.items()}}
        return {key: row for key, row in both.items() if self.kind.touched(row) >= self._cut}

    def _month(self, name: str) -> dict[str, R]:
        """A month as the store has it; the two that were asked for last are kept at hand."""
        if name not in self._read:
            self._read[name] = self._unpacked(name, self._state.state(name))
        self._read.move_to_end(name)
        while len(self._read) > _OPEN_AT_ONCE:
            self._read.popitem(last=False)
        return self._read[name]

    def _unpacked(self, name: str, data: bytes | None) -> dict[str, R]:
        rows = memory.unpack(data, list[self.kind.row], name) if data else []  # type: ignore[name-defined]
        return {self.kind.key(row): row for row in rows}
