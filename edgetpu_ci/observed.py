"""What happens in this process, for those who look at it from outside: events as they come, and spans of time."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, NamedTuple

Level = Literal["debug", "info", "warning", "error", "critical"]
Value = str | int | float | bool | None

MOST_SPANS: Final = 10_000
"""Kept in a process; how many more there were is counted."""


class Event(NamedTuple):
    """Something that happened, under a name that stays the same ("benchmark_completed"), and what is known of it."""

    at: datetime
    level: Level
    name: str
    fields: dict[str, Value]


class Span(NamedTuple):
    """A stretch of time, in nanoseconds since 1970. `parent` is the place of another in the list; None at the top."""

    name: str
    start: int
    end: int
    attributes: dict[str, Value]
    parent: int | None = None
    fault: str = ""


Sink = Callable[[Event], None]


@dataclass
class Observed:
    """Events go to every sink at once; spans are kept until somebody takes them. Without a sink an event is nothing."""

    sinks: list[Sink] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    dropped: int = 0
    clock: Callable[[], int] = time.time_ns
    _open: list[int] = field(default_factory=list)

    def tell(self, level: Level, name: str, at: datetime, **fields: Value) -> None:
        """Hand an event on; a sink keeps its faults to itself."""
        for sink in self.sinks:
            sink(Event(at, level, name, fields))

    @contextmanager
    def span(self, name: str, **attributes: Value) -> Iterator[None]:
        """A span around what is done inside, below the span that is open; one that breaks says with what."""
        start, place, fault = self.clock(), len(self.spans), ""
        # Its place is taken before it ends, so that those inside know their parent.
        self._keep(Span(name, start, start, attributes, self._parent))
        self._open.append(place)
        try:
            yield
        except BaseException as error:
            fault = type(error).__name__
            raise
        finally:
            self._open.pop()
            if place < len(self.spans):
                self.spans[place] = self.spans[place]._replace(end=self.clock(), fault=fault)

    def record(self, name: str, start: int, end: int, parent: int | None = None, **attributes: Value) -> int:
        """A span of what was timed elsewhere, and is over: below `parent`, or the span that is open; its place."""
        self._keep(Span(name, start, end, attributes, self._parent if parent is None else parent))
        return len(self.spans) - 1

    @property
    def _parent(self) -> int | None:
        return self._open[-1] if self._open else None

    def _keep(self, span: Span) -> None:
        if len(self.spans) < MOST_SPANS:
            self.spans.append(span)
        else:
            self.dropped += 1
