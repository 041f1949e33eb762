"""The time that key figures are of: what ended in it counts, and the equal time before is what it is compared with."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Final, TypeVar

from msgspec import Struct

T = TypeVar("T")

WEEK: Final = timedelta(weeks=1)


class Window(Struct, frozen=True):
    """From `start` to just before `end`, both UTC."""

    start: datetime
    end: datetime

    @property
    def days(self) -> float:
        """How long it is."""
        return (self.end - self.start) / timedelta(days=1)

    @property
    def before(self) -> "Window":
        """The time of equal length just before."""
        return Window(self.start - (self.end - self.start), self.start)

    def has(self, at: datetime | None) -> bool:
        """Whether this was in it; what never was, was not."""
        return at is not None and self.start <= at < self.end

    def ended(self, rows: Iterable[T], end: Callable[[T], datetime | None]) -> list[T]:
        """The rows whose end lies in it."""
        return [row for row in rows if self.has(end(row))]

    def weeks(self) -> "Window":
        """The whole ISO weeks in it; the running one is none."""
        start = monday(self.start)
        return Window(start if start == self.start else start + WEEK, monday(self.end))

    def each_week(self) -> list["Window"]:
        """Its parts of a week each, oldest first."""
        count = max(0, (self.end - self.start) // WEEK)
        return [Window(self.start + WEEK * place, self.start + WEEK * (place + 1)) for place in range(count)]

    def __str__(self) -> str:
        """As details name it."""
        return f"{self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M} UTC, {self.days:g} days"


def last(days: float, as_of: datetime) -> Window:
    """The newest `days` days."""
    return Window(as_of - timedelta(days=days), as_of)


def monday(at: datetime) -> datetime:
    """When the ISO week began, in UTC."""
    day = at.astimezone(UTC).date()
    return datetime.combine(day - timedelta(days=day.weekday()), time(), UTC)


def week(at: datetime) -> str:
    """Its ISO week: "2026-W48"."""
    year, number, _ = at.astimezone(UTC).isocalendar()
    return f"{year}-W{number:02}"


def hours(start: datetime, end: datetime) -> float:
    """From one to the other, in hours."""
    return (end - start) / timedelta(hours=1)


def days(start: datetime, end: datetime) -> float:
    """From one to the other, in days."""
    return (end - start) / timedelta(days=1)
