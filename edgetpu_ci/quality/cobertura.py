"""Cobertura XML, as coverage.py, gcovr, coverlet and others write it: lines and branches of each class's file."""

import re
from collections import defaultdict
from collections.abc import Iterable
from posixpath import join, normpath
from typing import Final

from edgetpu_ci.errors import DocumentError
from edgetpu_ci.quality import foreign
from edgetpu_ci.quality.line_hits import LineHits
from edgetpu_ci.quality.records import Counts, Coverage

_LONGEST_PATH: Final = 4096
_BRANCHES: Final = re.compile(r"\((\d+)/(\d+)\)")


def read(chunks: Iterable[bytes], source: str) -> Coverage:
    """The counts of each file from its lines; from the sums of the root where no lines are told."""
    report = _Report(source)
    foreign.xml(chunks, report, source)
    folder = report.folder
    found = {_below(folder, name): hits.counts() for name, hits in report.files.items()}
    return Coverage(sources=found or {"": report.sums()})


class _Report:
    """Takes the lines of classes. Those of methods are the same lines again."""

    def __init__(self, source: str) -> None:
        self.files: defaultdict[str, LineHits] = defaultdict(LineHits)
        self._source, self._file = source, ""
        self._methods = 0
        self._root: dict[str, str] | None = None
        self._folders: set[str] = set()
        self._said: str | None = None

    @property
    def folder(self) -> str:
        """From where all files are told; empty where nothing or several places are said."""
        return "".join(self._folders) if len(self._folders) == 1 else ""

    def start(self, tag: str, given: dict[str, str]) -> None:
        if self._root is None:
            self._begin(tag, given)
        elif tag == "class":
            self._file = given.get("filename", "")
        elif tag == "method":
            self._methods += 1
        elif tag == "source":
            self._said = ""
        elif tag == "line" and not self._methods:
            self._line(given)

    def end(self, tag: str) -> None:
        self._methods -= tag == "method"
        if tag == "source" and self._said is not None:
            self._folders.add(self._said.strip())
            self._said = None

    def text(self, text: str) -> None:
        if self._said is not None:
            self._said = (self._said + text)[:_LONGEST_PATH]

    def sums(self) -> Counts:
        lines, branches = (self._sum(of) for of in ("lines", "branches"))
        return Counts(lines=lines[0], lines_covered=lines[1], branches=branches[0], branches_covered=branches[1])

    def _begin(self, tag: str, given: dict[str, str]) -> None:
        if tag != "coverage":
            raise DocumentError(f"{self._source} is no Cobertura file: it begins with <{tag[:40]}>.")
        self._root = given

    def _line(self, given: dict[str, str]) -> None:
        number, hits = (
            foreign.count(given.get(name, ""), self._source, f"{name} of a line") for name in ("number", "hits")
        )
        self.files[self._file].line(number, hits > 0)
        if taken := _BRANCHES.search(given.get("condition-coverage", "")):
            covered, total = (foreign.count(text, self._source, "condition-coverage") for text in taken.groups())
            self.files[self._file].branch(number, covered, total)

    def _sum(self, of: str) -> tuple[int, int]:
        """How many there are and were covered, of the root's attributes."""
        root = self._root or {}
        valid, covered = (
            foreign.count(root.get(f"{of}-{what}", "0"), self._source, f"{of}-{what}") for what in ("valid", "covered")
        )
        return valid, foreign.part(covered, valid, self._source, of)


def _below(folder: str, file: str) -> str:
    """A file by its whole name: those of two folders may have the same, and other tools tell it from elsewhere."""
    return normpath(join(folder, file)) if folder and file else file
