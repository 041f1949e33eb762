"""What the reports of other tools say of the code: coverage, tests, lint, types and weaknesses.

Each module reads the reports of one kind of tool into a small record, or computes figures of such records.
"""

import re
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import PurePath
from typing import IO, Final, Literal, NamedTuple

from edgetpu_ci.errors import DocumentError
from edgetpu_ci.quality import (
    bandit,
    cobertura,
    coverage_json,
    cyclonedx,
    foreign,
    junit,
    lcov,
    linters,
    pip_audit,
    sarif,
    spdx,
    type_checkers,
)
from edgetpu_ci.quality.records import Record

Name = Literal[
    "junit",
    "cobertura",
    "sarif",
    "cyclonedx",
    "spdx",
    "coverage-json",
    "pip-audit",
    "bandit",
    "pyright",
    "mypy",
    "mypy-linecount",
    "pylint",
    "pylint-json2",
    "ruff",
    "lcov",
]

Records = Record | tuple[Record, ...]


class Format(NamedTuple):
    """How one tool's report is read, which figures it is of, and patterns that its beginning has all of."""

    read: Callable[[Iterable[bytes], str], Records]
    metrics: tuple[str, ...]
    marks: tuple[bytes, ...]


def _whole(read: Callable[[bytes, str], Records]) -> Callable[[Iterable[bytes], str], Records]:
    return lambda chunks, source: read(foreign.whole(chunks, source), source)


def _streamed(read: Callable[[Iterable[bytes], str], Records]) -> Callable[[Iterable[bytes], str], Records]:
    return lambda chunks, source: read(foreign.capped(chunks, source, foreign.MOST_STREAMED_BYTES), source)


_COVERAGE: Final = ("test_coverage", "line_coverage", "branch_coverage")
_TESTS: Final = ("test_pass_rate", "flaky_tests", "test_execution_time_seconds", "tests")
_LINT: Final = ("linting_score", "lint_violations_per_kloc")

FORMATS: Final[dict[Name, Format]] = {
    "junit": Format(_streamed(junit.read), _TESTS, (rb"\A\s*<", rb"<(\w+:)?testsuites?[\s>/]")),
    "cobertura": Format(_streamed(cobertura.read), _COVERAGE, (rb"\A\s*<", rb"<coverage[\s>/]")),
    "sarif": Format(
        _whole(sarif.read), ("security_score",), (rb"\A\s*\{", rb'"\$schema"\s*:\s*"[^"]{0,300}sarif|"runs"\s*:\s*\[')
    ),
    "cyclonedx": Format(
        _whole(cyclonedx.read),
        ("security_score", "sbom_components"),
        (rb"\A\s*\{", rb'"bomFormat"|"bom-ref"'),
    ),
    "spdx": Format(_whole(spdx.read), ("sbom_components",), (rb'"(spdxVersion|SPDXID)"',)),
    "coverage-json": Format(
        _whole(coverage_json.read), _COVERAGE, (rb"\A\s*\{", rb'"(branch_coverage|show_contexts|executed_lines)"')
    ),
    "pip-audit": Format(_whole(pip_audit.read), ("security_score",), (rb'\A\s*\{\s*"dependencies"\s*:\s*\[',)),
    "bandit": Format(_whole(bandit.read), ("security_score",), (rb'"generated_at"', rb'"(errors|metrics|results)"')),
    "pyright": Format(_whole(type_checkers.pyright), ("type_errors",), (rb'"generalDiagnostics"',)),
    "mypy": Format(_whole(type_checkers.mypy), ("type_errors",), (rb'\A\s*\{"file": ?".*", ?"line": ?-?\d',)),
    "mypy-linecount": Format(_whole(type_checkers.linecount), ("type_coverage",), (rb"(?m)^ *(\d+ +){4}total\r?$",)),
    "pylint": Format(_whole(linters.pylint), _LINT, (rb"\A\s*\[", rb'"message-id"')),
    "pylint-json2": Format(_whole(linters.pylint2), _LINT, (rb'\A\s*\{\s*"messages"\s*:\s*\[',)),
    "ruff": Format(_whole(linters.ruff), _LINT, (rb"\A\s*\[", rb'"(noqa_row|fixable|filename)"')),
    "lcov": Format(_whole(lcov.read), _COVERAGE, (rb"(?m)^(TN|SF):",)),
}

_PIECE: Final = 1 << 16
_NOTHING: Final = re.compile(rb"\s*\[\s*\]\s*")
_USUAL: Final[dict[str, Name]] = {"coverage": "coverage-json", **{name: name for name in FORMATS}}


def usual(path: str) -> Name | None:
    """The format that the name of a file tells, such as that of reports/junit.xml; None where it tells none."""
    name = PurePath(path).name.lower()
    return _USUAL[max(found, key=len)] if (found := [part for part in _USUAL if part in name]) else None


def tell(beginning: bytes, source: str) -> Name:
    """Which format a report is of, by its first bytes; DocumentError when it is of none that is known here."""
    text = b"".join(foreign.utf8([beginning]))
    if not text.strip():
        raise DocumentError(f"{source} is empty; look at what the tool printed, or name its `format`.")
    if _NOTHING.fullmatch(text):
        return _of_nothing(source)
    for name, known in FORMATS.items():
        if all(re.search(mark, text) for mark in known.marks):
            return name
    raise DocumentError(f"{source} is of no format known here; name its `format`: {', '.join(FORMATS)}.")


def _of_nothing(source: str) -> Name:
    """Which linter found nothing: its list, which has no more in it, does not say so, but its file's name may."""
    if (name := usual(source)) in {"ruff", "pylint"}:
        return name
    raise DocumentError(
        f"{source} is an empty list, which says not of what; name its `format`, such as ruff or pylint."
    )


def read(stream: IO[bytes], source: str, name: Name) -> tuple[Record, ...]:
    """What a report of this format says; DocumentError when it is of another, cut off, or too large."""
    try:
        found = FORMATS[name].read(iter(partial(stream.read, _PIECE), b""), source)
    except DocumentError as error:
        raise DocumentError(f"{error} It was read as {name}: write it again, or name another `format`.") from error
    return found if isinstance(found, tuple) else (found,)
