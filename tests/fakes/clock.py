"""A clock that only sleeping moves."""

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.fakes.world import AT


@dataclass
class Clock:
    """`slept` are the waits in order; `at` is seconds since it was wound up."""

    at: float = 0.0
    slept: list[float] = field(default_factory=list)
    _one: threading.Lock = field(default_factory=threading.Lock)

    def sleep(self, seconds: float) -> None:
        """Wait without waiting."""
        with self._one:
            self.slept.append(seconds)
            self.at += seconds

    def monotonic(self) -> float:
        """Seconds."""
        return self.at

    def now(self) -> datetime:
        """The time of day."""
        return AT + timedelta(seconds=self.at)
