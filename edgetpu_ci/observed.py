"""What happens in this process, for those who look at it from outside: events as they come, and spans of time."""

import threading
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

MOST_RECORDED: Final = 9_000
"""Of them, so that what was timed elsewhere, a span for each process, leaves room for spans around whole steps."""


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
    _open: dict[int, list[int]] = field(default_factory=dict)
    _first: int = field(default_factory=threading.get_ident)
    _one: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, level: Level, name: str, at: datetime, **fields: Value) -> None:
        """Hand an event on; a sink keeps its faults to itself."""
        for sink in self.sinks:
            sink(Event(at, level, name, fields))

    @contextmanager
    def span(self, name: str, **attributes: Value) -> Iterator[dict[str, Value]]:
        """A span around what is done inside, below the span that is open; one that breaks says with what.

        It gives its attributes, to which may be added what is known in the end.
        """
        start, fault = self.clock(), ""
        # Its place is taken before it ends, so that those inside know their parent.
        place = self._keep(Span(name, start, start, attributes, self.innermost), MOST_SPANS)
        ours = self._open.setdefault(threading.get_ident(), [])
        ours += [] if place is None else [place]
        try:
            yield attributes
        except BaseException as error:
            fault = type(error).__name__
            raise
        finally:
            if place is not None:
                ours.pop()
                self.spans[place] = self.spans[place]._replace(end=self.clock(), fault=fault)

    def record(self, span: Span) -> int | None:
        """Keep one of what was timed elsewhere, and is over: without a parent it is below the span that is open.

        Its place; None where there are too many.
        """
        return self._keep(span._replace(parent=self.innermost) if span.parent is None else span, MOST_RECORDED)

    @property
    def innermost(self) -> int | None:
        """The place of the span that is open in this thread; where none is, of the one open in the first thread."""
        ours = self._open.get(threading.get_ident()) or self._open.get(self._first)
        return ours[-1] if ours else None

    def _keep(self, span: Span, most: int) -> int | None:
        with self._one:
            if len(self.spans) >= most:
                self.dropped += 1
                return None
            self.spans.append(span)
            return len(self.spans) - 1
