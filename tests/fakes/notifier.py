"""A service that is told of incidents and remembers it, in a file where its process may be killed."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct, json

from edgetpu_ci.incidents.record import Acknowledged, Kind, Notice, Receipt
from edgetpu_ci.notify import Bound
from edgetpu_ci.world import World

AT = datetime(2026, 11, 25, 12, tzinfo=UTC)


class Heard(Struct, frozen=True):
    """What it was told: which intent, and whether it may have heard it before."""

    id: str
    key: str
    number: int
    kind: Kind
    target: str
    perhaps: bool
    change: int


def _nothing(_notice: Notice) -> None:
    """No fault."""


@dataclass
class Recording:
    """`before` and `after` are called around what it writes down, and may raise or kill."""

    use: str = "slack"
    file: Path | None = None
    before: Callable[[Notice], None] = _nothing
    after: Callable[[Notice], None] = _nothing
    told: list[Heard] = field(default_factory=list)
    answers: list[Acknowledged] = field(default_factory=list)

    def bound(self) -> Bound:
        """As one of `notify`."""
        return Bound(
            self.use,
            check=lambda _world: None,
            address=lambda _labels, channel: channel or "#all",
            tell=self.tell,
            answers=lambda _incidents, _world: tuple(self.answers),
        )

    def tell(self, notice: Notice, _world: World) -> Receipt:
        """Remember it."""
        self.before(notice)
        intent = notice.intent
        self._write(
            Heard(
                intent.id,
                intent.key,
                intent.number,
                intent.kind,
                intent.target,
                notice.perhaps,
                notice.incident.change,
            )
        )
        self.after(notice)
        return Receipt(ref=notice.earlier.ref if notice.earlier else intent.id, at=AT)

    @property
    def heard(self) -> list[Heard]:
        """All it was told, in order, whoever told it."""
        return list(self._read()) if self.file else self.told

    def _write(self, heard: Heard) -> None:
        self.told.append(heard)
        if self.file:
            # One write, as another process may do the same.
            with self.file.open("ab") as file:
                os.write(file.fileno(), json.encode(heard) + b"\n")

    def _read(self) -> Iterator[Heard]:
        if self.file and self.file.exists():
            for line in self.file.read_bytes().splitlines():
                yield json.decode(line, type=Heard)
