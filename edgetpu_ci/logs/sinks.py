"""Where entries go: each place on its own, so that what fails in one costs neither the others nor the program."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from edgetpu_ci.errors import EdgeTpuCiError
from edgetpu_ci.telemetry.entry import Entry

MOST: Final = 1_000
"""Entries that are sent in one go."""

T = TypeVar("T")

Send = Callable[[Sequence[Entry]], None]
"""Sends entries somewhere; DeliveryError where they did not arrive."""


@dataclass
class Guarded(Generic[T]):
    """A place events, or entries made of them, are written to. What fails is said once, and at the end how many."""

    name: str
    to: Callable[[T], None]
    say: Callable[[str], None]
    lost: int = 0

    def write(self, one: T) -> None:
        """Write one, or count it as lost."""
        try:
            self.to(one)
        except Exception as error:  # noqa: BLE001 - whatever breaks here, the program goes on
            self.lose(1, error)

    def lose(self, count: int, error: Exception) -> None:
        """Count what did not arrive, and say so where it is the first time."""
        is_new, self.lost = not self.lost, self.lost + count
        if is_new:
            self._said(f"warning: Events do not reach {self.name}: {_why(error)}")

    def end(self) -> None:
        """Say how much was lost, where that is more than was said."""
        if self.lost > 1:
            self._said(f"warning: {self.lost:,} events did not reach {self.name}.")

    def _said(self, sentence: str) -> None:
        # On a full disk it may be nowhere that this can be said either.
        with suppress(EdgeTpuCiError):
            self.say(sentence)


@dataclass
class Batched:
    """Gathers entries and sends them many at once: by the thousand, and at the end.

    Once that failed nothing is tried again before the end: who does not answer must not hold up every thousand.
    """

    send: Send
    waiting: list[Entry] = field(default_factory=list)
    fault: Exception | None = None
    guard: Guarded[Entry] = field(init=False)

    def guarded(self, name: str, say: Callable[[str], None]) -> Guarded[Entry]:
        """The place to write to."""
        self.guard = Guarded(name, self._add, say)
        return self.guard

    def flush(self) -> None:
        """Send what waits; what does not arrive is lost here, and said."""
        sent, self.waiting = self.waiting, []
        try:
            if sent:
                self.send(sent)
        except Exception as error:  # noqa: BLE001 - as of any place
            self.fault = error
            self.guard.lose(len(sent), error)

    def _add(self, entry: Entry) -> None:
        if self.fault and len(self.waiting) == MOST:
            self.guard.lose(1, self.fault)
            return
        self.waiting.append(entry)
        if not self.fault and len(self.waiting) == MOST:
            self.flush()


def _why(error: Exception) -> str:
    """Of what we do not expect only the kind: its text may hold anything."""
    if isinstance(error, EdgeTpuCiError):
        return str(error)
    return f"{os.strerror(error.errno or 0).lower()}." if isinstance(error, OSError) else f"{type(error).__name__}."
