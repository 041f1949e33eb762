"""Rows on the shelf: in the store by the month they came to be, merged with what others put there meanwhile."""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from msgspec import Struct

from edgetpu_ci import memory

if TYPE_CHECKING:
    from edgetpu_ci.kpis.rows import Erased

R = TypeVar("R", bound=Struct)

_OPEN_AT_ONCE: Final = 2
_MONTH: Final = re.compile(r"github-([a-z]+)-(\d{4}-\d\d)")


def kind_of(name: str) -> str:
    """The name of the kind whose rows of a month a value has; empty where it is another value."""
    named = _MONTH.fullmatch(name)
    return named[1] if named else ""


def month_of(name: str) -> datetime:
    """When the month began whose rows a value has."""
    return datetime.strptime(name[-7:], "%Y-%m").replace(tzinfo=UTC)


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
    """The rows of a kind. What was added waits in memory until it is stored."""

    def __init__(self, kind: Kind[R], state: memory.State, cut: datetime) -> None:
        """Rows that nothing happened to since `cut` are not kept, nor are those that were `erased`."""
        self.kind = kind
        self.erased: Erased | None = None
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

    def kept(self, rows: Sequence[R]) -> list[R]:
        """Rows that were added, each made one with what the store has of it."""
        months = dict(self._months(sorted({self.month(self.kind.at(row)) for row in rows})))
        found = []
        for row in rows:
            name, key = self.month(self.kind.at(row)), self.kind.key(row)
            new, old = self._waiting.get(name, {}).get(key, row), months[name].get(key)
            found.append(new if old is None else self.kind.newer(old, new))
        return found

    def rows(self, names: Iterable[str]) -> Iterator[R]:
        """All rows of some months, as the store and those that wait make them."""
        for name, month in self._months(list(names)):
            yield from self._merged(month, self._waiting.get(name, {})).values()

    def changes(self, old: Mapping[str, bytes], names: Iterable[str]) -> dict[str, memory.Swap]:
        """What becomes of some months as the store has them: with the rows that wait, without those too old."""
        found = {}
        for name in sorted(names):
            merged = self._merged(self._unpacked(name, old.get(name)), self._waiting.get(name, {}))
            new = memory.pack([merged[key] for key in sorted(merged)]) if merged else None
            found[name] = (old.get(name), new)
        return found

    def stored(self) -> None:
        """What waited is in the store now."""
        self._waiting.clear()
        self._read.clear()

    def _merged(self, old: dict[str, R], new: dict[str, R]) -> dict[str, R]:
        both = {**old, **{key: self.kind.newer(old[key], row) if key in old else row for key, row in new.items()}}
        return {key: row for key, row in both.items() if self._is_kept(row)}

    def _is_kept(self, row: R) -> bool:
        """One to which something happened after it was erased has come to be known anew."""
        touched = self.kind.touched(row)
        is_erased = self.erased and self.kind.at(row) < self.erased.before and touched <= self.erased.last
        return touched >= self._cut and not is_erased

    def _months(self, names: Sequence[str]) -> Iterator[tuple[str, dict[str, R]]]:
        """Months as the store has them; the two that were asked for last are kept at hand."""
        # One that is at hand now may have been put away when its turn comes.
        data = {} if self._read.keys() >= set(names) else self._state.states(names)
        for name in names:
            if name not in self._read:
                self._read[name] = self._unpacked(name, data.get(name))
            self._read.move_to_end(name)
            yield name, self._read[name]
            while len(self._read) > _OPEN_AT_ONCE:
                self._read.popitem(last=False)

    def _unpacked(self, name: str, data: bytes | None) -> dict[str, R]:
        rows = memory.unpack(data, list[self.kind.row], name) if data else []  # type: ignore[name-defined]
        return {self.kind.key(row): row for row in rows}
