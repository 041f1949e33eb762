"""Times as people write them: "15 min", "< 1 hour", "30_min", "3 runs"."""

import re
from datetime import timedelta
from typing import Final

from edgetpu_ci.errors import ConfigError

IMMEDIATE: Final = "immediate"
_UNITS: Final = {"s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "m": 60, "h": 3600, "hour": 3600}
_UNITS_OF_DAYS: Final = {"d": 86_400, "day": 86_400, "w": 604_800, "week": 604_800}
_SECONDS: Final = _UNITS | _UNITS_OF_DAYS
_MOST: Final = timedelta(days=366)


def time(text: str, place: str) -> timedelta:
    """A length of time; "immediate" and nothing are zero. ConfigError names `place` and says how to write it."""
    return _read(text, place, '"15 min", "4 hours" or "2 days"')


def lasting(text: str, place: str) -> timedelta:
    """The same where so many runs in a row will do as well, which are no time."""
    return timedelta(0) if runs(text) is not None else _read(text, place, '"15 min", "2 days" or "3 runs"')


def _read(text: str, place: str, such_as: str) -> timedelta:
    if text.strip() in ("", IMMEDIATE):
        return timedelta(0)
    found = re.fullmatch(r"\s*<?\s*(\d+(?:\.\d+)?)[ _]*([a-z]+?)s?\s*", text.lower())
    seconds = _SECONDS.get(found[2]) if found else None
    if found is None or seconds is None or (length := _length(float(found[1]) * seconds)) > _MOST:
        raise ConfigError(f'{place}: "{text}" is no length of time; write it as {such_as}.')
    return length


def _length(seconds: float) -> timedelta:
    return timedelta(seconds=min(seconds, _MOST.total_seconds() + 1))


def runs(text: str) -> int | None:
    """How many runs in a row "3 runs" says; None where it is a time."""
    found = re.fullmatch(r"\s*(\d{1,4})[ _]*runs?\s*", text.lower())
    return int(found[1]) if found else None


def words(length: timedelta) -> str:
    """A length of time as people say it, in whole minutes: "15 min", "1 h 5 min", "2 days"."""
    minutes = round(length.total_seconds() / 60)
    days, hours, left = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = ((days, "day" if days == 1 else "days"), (hours, "h"), (left, "min"))
    said = [f"{number} {unit}" for number, unit in parts if number]
    return " ".join(said[:2]) or "0 min"
