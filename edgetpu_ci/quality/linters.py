"""Linters: ruff's and pylint's JSON, as counts of violations that break code and of all others."""

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from edgetpu_ci.quality import foreign
from edgetpu_ci.quality.foreign import Count
from edgetpu_ci.quality.records import Lint

_BREAKING: Final = ("F821", "F823", "PLE", "E9", "invalid-syntax")
"""Undefined names, locals used too early, pylint's errors, syntax errors by the names ruff has had for them."""


class _Violation(Struct):
    code: str | None
    count: Count = 1


class _Message(Struct):
    type: str


class _Messages(Struct):
    messages: list[_Message]


def ruff(data: bytes, source: str) -> Lint:
    """`--output-format json`, or `--statistics` of the same."""
    found = foreign.json(data, list[_Violation], source)
    return _lint("ruff", ((_breaks(one.code), one.count) for one in found))


def pylint(data: bytes, source: str) -> Lint:
    """`--output-format=json`; what is only information is no violation."""
    return _pylint(foreign.json(data, list[_Message], source))


def pylint2(data: bytes, source: str) -> Lint:
    """`--output-format=json2`."""
    return _pylint(foreign.json(data, _Messages, source).messages)


def _pylint(messages: Iterable[_Message]) -> Lint:
    kinds = (message.type for message in messages if message.type != "info")
    return _lint("pylint", ((kind in ("fatal", "error"), 1) for kind in kinds))


def _breaks(code: str | None) -> bool:
    return code is None or code.startswith(_BREAKING)


def _lint(tool: str, violations: Iterator[tuple[bool, int]]) -> Lint:
    errors = others = 0
    for breaks, count in violations:
        errors += count if breaks else 0
        others += 0 if breaks else count
    return Lint(tool=tool, errors=errors, others=others)
