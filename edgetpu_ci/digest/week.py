"""A week of ISO 8601, from Monday to Sunday in UTC."""

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct

from edgetpu_ci.errors import ConfigError

_NAME: Final = re.compile(r"(2\d{3})-W(\d\d)", re.ASCII)
_WEEK: Final = timedelta(days=7)


class Week(Struct, frozen=True):
    """A week by its first moment, Monday 00:00 UTC."""

    start: datetime

    @property
    def end(self) -> datetime:
        """The first moment of the next."""
        return self.start + _WEEK

    @property
    def name(self) -> str:
        """As ISO 8601 writes it: 2026-W47."""
        year, number, _ = self.start.isocalendar()
        return f"{year}-W{number:02}"

    @property
    def number(self) -> int:
        """Which of its year it is."""
        return self.start.isocalendar().week

    @property
    def before(self) -> "Week":
        """The one before."""
        return Week(self.start - _WEEK)


def of(at: datetime) -> Week:
    """The week of a moment."""
    day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return Week(day - timedelta(days=day.weekday()))


def lately(now: datetime) -> Week:
    """The week of the day before: on a Monday the one that is over, else the one that runs."""
    return of(now - timedelta(days=1))


def parse(name: str) -> Week:
    """A week by its name; ConfigError where there is none."""
    if found := _NAME.fullmatch(name):
        with suppress(ValueError):
            return Week(datetime.fromisocalendar(int(found[1]), int(found[2]), 1).replace(tzinfo=UTC))
    raise ConfigError(f"There is no week {name}; write the year and the number of ISO 8601, such as 2026-W47.")
