"""What `edgetpu-ci detect` reads and prints: series, one a line, and their changes."""

import json
from collections.abc import Iterable, Iterator
from math import isfinite
from typing import Literal

from msgspec import Struct

from edgetpu_ci import codec
from edgetpu_ci.errors import DocumentError
from edgetpu_ci.model import Change
from edgetpu_ci.render import words
from edgetpu_ci.stats import changes


class Given(Struct, frozen=True, kw_only=True):
    """One line of the input: a series, oldest value first, and which direction is better."""

    id: str | int
    values: tuple[float | None, ...]
    better: Literal["lower", "higher", "either"] = "either"


def answers(lines: Iterable[bytes], source: str, *, online: bool, as_json: bool) -> Iterator[str]:
    """The answer to each line that is not blank; DocumentError names the first that cannot be judged."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        place = f"{source} line {number}"
        given = codec.decode_foreign_json(line, Given, place)
        values = _numbers(given, place)
        found = changes.watch(values) if online else changes.find(values)
        yield _record(given, found, online=online) if as_json else _prose(given, found)


def _numbers(given: Given, place: str) -> list[float]:
    numbers = [value for value in given.values if value is not None and isfinite(value)]
    if len(numbers) == len(given.values):
        return numbers
    at = next(at for at, value in enumerate(given.values) if value is None or not isfinite(value))
    raise DocumentError(
        f'{place}: the series "{given.id}" has no finite number at index {at}; leave out what was not measured.'
    )


def _record(given: Given, found: Iterable[Change], *, online: bool) -> str:
    return json.dumps({"id": given.id, "changes": [_fields(given, change, online=online) for change in found]})


def _fields(given: Given, change: Change, *, online: bool) -> dict[str, object]:
    said = {
        "suspected_at": change.suspected_at,
        "confirmed_at": change.confirmed_at,
        "withdrawn_at": change.withdrawn_at,
    }
    return {
        "index": change.index,
        "tier": change.tier,
        "before": change.before,
        "after": change.after,
        "finding": _finding(given, change),
        **(said if online else {}),
    }


def _finding(given: Given, change: Change) -> str:
    if given.better == "either" or change.after == change.before:
        return "changed"
    return "improved" if (change.after < change.before) == (given.better == "lower") else "regressed"


def _prose(given: Given, found: Iterable[Change]) -> str:
    lines = [_sentence(given, change) for change in found]
    return "\n".join([f"{words.plain(str(given.id))}: {_counted(len(lines))}", *lines])


def _counted(count: int) -> str:
    return "no change" if count == 0 else f"{count:,} change{'s' if count > 1 else ''}"


def _sentence(given: Given, change: Change) -> str:
    percent = f" ({100 * (change.after / change.before - 1):+.1f} %)" if change.before > 0 and change.after > 0 else ""
    said = {
        "suspected": change.suspected_at,
        "confirmed": change.confirmed_at,
        "withdrawn": change.withdrawn_at,
    }
    when = ", ".join(f"{what} at {at}" for what, at in said.items() if at is not None) or change.tier
    return f"  {change.index}  {change.before:.6g} → {change.after:.6g}{percent}  {_finding(given, change)}, {when}"
