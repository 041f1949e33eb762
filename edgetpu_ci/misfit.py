"""What of plain data does not fit a record, in the words of who wrote it: place first, then the fault, then a guess."""

import re
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import msgspec

from edgetpu_ci import spelling

_STEP: Final = re.compile(r"\.[^.\[\]]+|\[(?:\d+|\.\.\.)\]")
_FEW: Final = 6
_WORDS: Final = {
    "float": "a number",
    "int": "a whole number",
    "str": "text",
    "bool": "true or false",
    "null": "nothing",
    "array": "a list",
    "object": "keys with values",
    "date": "a date",
    "datetime": "a time",
}
VARIABLE: Final = r"^(?![A-Za-z0-9]{32}$)[A-Za-z_][A-Za-z0-9_]*$"
"""The name of an environment variable; PagerDuty's keys, of 32 letters and digits, are taken for none."""

NO_VARIABLE: Final = "expected the name of the environment variable that holds it, and not what it holds"
_DATES: Final = {"date": "2026-01-31", "datetime": "2026-01-31T12:00:00Z"}


def explain(message: str, value: object, into: type) -> str:
    """An error of msgspec on converting `value` to `into`."""
    fault, _, path = message.partition(" - at `")
    path = path.rstrip("`").removeprefix("key` in `").removeprefix("$")
    place, kinds = _follow(path, value, into)
    if unknown := re.fullmatch(r"Object contains unknown field `(.*)`", fault):
        return _unknown(unknown[1], place, kinds)
    said = _plainly(fault, kinds)
    return f"{place + ': ' if place else ''}{said}{'' if said.endswith('?') else '.'}"


def _follow(path: str, value: Any, into: object) -> tuple[str, list[object]]:  # noqa: ANN401 - data of any shape
    """The place with the names of its keys, and what may stand there."""
    place, kinds = "", list(_alternatives(into))
    for step in _STEP.findall(path):
        inner = [found for kind in kinds for found in _inside(kind, step.strip(".[]"))]
        name = step
        if step == "[...]":
            key = next((key for key, held in value.items() if not _fits(held, inner)), "...")
            name, value = f".{key}", value.get(key)
        else:
            value = value[int(step[1:-1])] if step.startswith("[") else value.get(step[1:])
        place, kinds = place + name, inner
    return place.removeprefix("."), kinds


def _fits(value: object, kinds: list[object]) -> bool:
    for kind in kinds:
        try:
            msgspec.convert(value, kind)
        except msgspec.ValidationError:
            continue
        return True
    return False


def _alternatives(kind: Any) -> Iterator[object]:  # noqa: ANN401 - walks any annotation
    """What a type allows, one without wrapping at a time."""
    if get_origin(kind) in {Union, UnionType}:
        for one in get_args(kind):
            yield from _alternatives(one)
    else:
        yield kind


def _inside(kind: Any, step: str) -> Iterator[object]:  # noqa: ANN401
    """What may stand at a key or a number of such a type."""
    kind = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    if _is_record(kind):
        for field in msgspec.structs.fields(kind):
            if field.encode_name == step:
                yield from _alternatives(field.type)
    elif get_origin(kind) is dict:
        yield from _alternatives(get_args(kind)[1])
    elif get_origin(kind) in {list, tuple, frozenset, set}:
        yield from _alternatives(get_args(kind)[0])


def _is_record(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _unknown(name: str, place: str, kinds: list[object]) -> str:
    records = [kind for kind in kinds if _is_record(kind)]
    known = [field.encode_name for record in records for field in msgspec.structs.fields(record)]  # type: ignore[arg-type]
    there = f"; there are: {', '.join(known)}." if 0 < len(known) <= _FEW else "."
    return f'unknown key "{f"{place}.{name}".strip(".")}"{spelling.meant(name, known) or there}'


def _plainly(fault: str, kinds: list[object]) -> str:
    if missing := re.fullmatch(r"Object missing required field `(.*)`", fault):
        return f"`{missing[1]}` is missing"
    if chosen := re.fullmatch(r"Invalid enum value (.*)", fault):
        allowed = [
            str(value) for kind in map(_of_keys, kinds) if get_origin(kind) is Literal for value in get_args(kind)
        ]
        name = chosen[1].strip("'")
        listed = ", ".join(value or '""' for value in allowed)
        return f'"{name}" is none of: {listed}{spelling.meant(name, allowed).rstrip(".")}'
    if dated := re.fullmatch(r"Invalid RFC3339 encoded (date|datetime)", fault):
        return f"is no {_WORDS[dated[1]].removeprefix('a ')}; write it as {_DATES[dated[1]]}"
    if fault.endswith(f"matching regex '{VARIABLE}'"):
        return NO_VARIABLE
    said = re.sub(r"`([^`]*)`", lambda found: _types(found[1]), fault).replace(" >= ", " of at least ")
    said = re.sub(r"(\d)\.0\b", r"\1", said.replace(" <= ", " of at most "))
    return f"{said[0].lower()}{said[1:]}"


def _of_keys(kind: object) -> object:
    """What the keys of a table may be; anything else as it is: only a key is found to be wrong at a table."""
    return get_args(kind)[0] if get_origin(kind) is dict else kind


def _types(named: str) -> str:
    """Types as people call them; what may be left out is not said."""
    names = named.split(" | ")
    return " or ".join(_WORDS.get(name, name) for name in names if name != "null" or names == ["null"])
