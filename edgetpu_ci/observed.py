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

LOUD: Final = frozenset({"warning", "error", "critical"})
"""Levels of what somebody may have to be told of."""


class Event(NamedTuple):
    """Something that happened, under a name that stays the same ("benchmark_completed"), and what is known of it.

    `error` is what broke, where something did; `span` the place of the span that was open.
    """

    at: datetime
    level: Level
    name: str
    fields: dict[str, Value]
    error: BaseException | None = None
    span: int | None = None


class Tally(NamedTuple):
    """How many events of a level and name there were, and the last of them."""

    times: int
    last: Event


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
    """Events go to every sink at once; spans are kept until somebody takes them.

    Of events only those are counted, in `loud`, that somebody may have to be told of. Who traces sets `identify`, which
    gives the ids of the trace and of the span at a place, in hexadecimal.
    """

    sinks: list[Sink] = field(default_factory=list)
    loud: dict[tuple[Level, str], Tally] = field(default_factory=dict)
    spans: list[Span] = field(default_factory=list)
    dropped: int = 0
    clock: Callable[[], int] = time.time_ns
    identify: Callable[[int | None], tuple[str, str]] | None = None
    _open: dict[int, list[int]] = field(default_factory=dict)
    _first: int = field(default_factory=threading.get_ident)
    _one: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, level: Level, name: str, at: datetime, **fields: Value) -> None:
        """Hand an event on; a sink keeps its faults to itself."""
        if self.sinks or level in LOUD:
            self._hand_on(Event(at, level, name, fields, span=self.innermost))

    def broke(self, name: str, at: datetime, error: BaseException) -> None:
        """Hand on that something broke, and how."""
        self._hand_on(Event(at, "critical", name, {}, error, self.innermost))

    def _hand_on(self, event: Event) -> None:
        if event.level in LOUD:
            self._count(event)
        for sink in self.sinks:
            sink(event)

    def _count(self, event: Event) -> None:
        with self._one:
            known = self.loud.get((event.level, event.name))
            self.loud[event.level, event.name] = Tally(known.times + 1 if known else 1, event)

    def take_loud(self) -> dict[tuple[Level, str], Tally]:
        """What was counted since this was asked last."""
        with self._one:
            taken, self.loud = self.loud, {}
        return taken

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
