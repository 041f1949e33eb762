"""Type checkers: mypy's JSON lines and its `linecount.txt`, pyright's JSON with and without `--verifytypes`."""

import io
import re
from typing import Final

from msgspec import Struct

from edgetpu_ci.errors import DocumentError
from edgetpu_ci.quality import foreign
from edgetpu_ci.quality.foreign import Count
from edgetpu_ci.quality.records import Typing

_TOTAL: Final = re.compile(rb"(?m)^ *\d{1,12} +\d{1,12} +(\d{1,12}) +(\d{1,12}) +total\r?$")


class _Complaint(Struct):
    file: str
    severity: str


class _Summary(Struct, rename="camel"):
    error_count: Count


class _Symbols(Struct, rename="camel"):
    with_known_type: Count
    with_ambiguous_type: Count
    with_unknown_type: Count


class _Completeness(Struct, rename="camel"):
    exported_symbol_counts: _Symbols


class _Pyright(Struct, rename="camel"):
    summary: _Summary
    type_completeness: _Completeness | None = None


def mypy(data: bytes, source: str) -> Typing:
    """`mypy --output json`: an object a line, none where nothing is wrong. Notes are no errors."""
    lines = ((number, line) for number, line in enumerate(io.BytesIO(data), 1) if line.strip())
    found = (foreign.json(line, _Complaint, f"{source} line {number:,}") for number, line in lines)
    return Typing(tool="mypy", errors=sum(one.severity == "error" for one in found))


def linecount(data: bytes, source: str) -> Typing:
    """`mypy --linecount-report`: lines with types, lines, functions with types, functions; a line for all together."""
    if not (totals := _TOTAL.findall(data)):
        raise DocumentError(f'{source} has no line "total"; mypy writes it at the top of linecount.txt.')
    typed, functions = int(totals[0][0]), int(totals[0][1])
    if typed > functions:
        raise DocumentError(f"{source} says that {typed:,} of {functions:,} functions have types.")
    return Typing(tool="mypy", functions=(typed, functions))


def pyright(data: bytes, source: str) -> Typing:
    """`--outputjson`; with `--verifytypes`, whose complaints are of the interface and no errors of types."""
    report = foreign.json(data, _Pyright, source)
    if report.type_completeness is None:
        return Typing(tool="pyright", errors=report.summary.error_count)
    symbols = report.type_completeness.exported_symbol_counts
    known = symbols.with_known_type
    return Typing(tool="pyright", public=(known, known + symbols.with_ambiguous_type + symbols.with_unknown_type))
