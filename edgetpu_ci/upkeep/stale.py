"""What the store holds that it should not: what is not registered, and rows past their days."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import msgspec

from edgetpu_ci import memory
from edgetpu_ci.errors import DocumentError
from edgetpu_ci.github_rows import cursors
from edgetpu_ci.upkeep import register
from edgetpu_ci.upkeep.register import Kept

OTHERS: Final = re.compile(r"(series|selftest)-.+")
"""Values of figures over time and of machines, which are not of people."""

GRACE: Final = timedelta(days=8)
"""Rows are looked through for what is too old once a week."""

_Time = Annotated[datetime, msgspec.Meta(tz=True)]

_NOTHING: Final = memory.pack(None)

Row = dict[str, Any]


def unregistered(state: memory.State, names: Sequence[str]) -> list[str]:
    """Values that are not registered, and fields that are not, of the newest value of each kind."""
    found: list[str] = []
    newest: dict[str, tuple[str, Kept]] = {}
    for name in sorted(names):
        if OTHERS.fullmatch(name):
            continue
        if kept := register.find("state", name):
            newest[kept.names] = (name, kept)
        else:
            found.append(name)
    for name, kept in newest.values():
        fields = register.unregistered(memory.unpack(state.state(name) or _NOTHING, Any, name), kept.fields)
        found += [f"{field} in {name}" for field in dict.fromkeys(fields)]
    return found


def past(state: memory.State, names: Sequence[str], now: datetime) -> list[str]:
    """Which values hold rows that are past their days, and how many: by `retention_days`, else by the register."""
    configured = cursors.load(state).days
    return [
        f"rows of more than {days} days in {name}: {count:,}"
        for name, kept in rows_named(names)
        if (limit := now - timedelta(days=(days := configured or kept.days)) - GRACE) > month(name)
        if (count := sum(time(row, kept.touched, name) < limit for row in rows(state.state(name), name)))
    ]


def rows_named(names: Sequence[str]) -> Iterator[tuple[str, Kept]]:
    """The values that are lists of rows of a month, and what they are registered as."""
    for name in names:
        kept = register.find("state", name)
        if kept is not None and kept.is_rows:
            yield name, kept


def rows(data: bytes | None, name: str) -> list[Row]:
    """The rows of a value, as they lie there."""
    return memory.unpack(data, list[Row], name) if data else []


def month(name: str) -> datetime:
    """When the month began whose rows a value has."""
    return datetime.strptime(name[-7:], "%Y-%m").replace(tzinfo=UTC)


def time(row: Row, field: str, name: str) -> datetime:
    """A time of a row of the value `name`; DocumentError when it is none."""
    try:
        return msgspec.convert(row.get(field), _Time)
    except msgspec.ValidationError as error:
        raise DocumentError(
            f"{name} in the store has a row whose `{field}` is no time; restore the value there, or erase all."
        ) from error
