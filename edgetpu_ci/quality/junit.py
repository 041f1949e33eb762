"""JUnit XML, as pytest and many others write it: how each test ended. What suites say of themselves is not read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import fsum, isfinite
from typing import Final

from edgetpu_ci.errors import DocumentError
from edgetpu_ci.quality import foreign
from edgetpu_ci.quality.records import Outcome, Outcomes, Test

MOST_TESTS: Final = 1_000_000

_SUITES: Final = ("testsuites", "testsuite")
_NOT_RUN: Final = ("notrun", "disabled", "skipped", "suppressed")
_PASSED_AT_LAST: Final = frozenset({"flakyFailure", "flakyError"})
_LONGEST: Final = 1e8
"""Seconds; no case takes three years."""

_ORDER: Final[dict[Outcome, int]] = {"skipped": 0, "xfailed": 1, "passed": 2, "failed": 3, "error": 4}


def read(chunks: Iterable[bytes], source: str, most: int = MOST_TESTS) -> Outcomes:
    """How each test ended; DocumentError for more cases than `most`.

    A test that comes again in its suite was run again: its last end counts, and it is flaky when that is a pass. In
    another suite it is the same test somewhere else: it has failed when it failed in one of them.
    """
    report = _Report(source, most)
    foreign.xml(chunks, report, source)
    return Outcomes(
        ends=report.outcomes,
        flaky=frozenset(report.flaky),
        seconds=report.seconds,
        cases=report.cases,
        untimed=report.untimed,
    )


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """How a test ended that ended in several ways."""
    return max(outcomes, key=_ORDER.__getitem__)


@dataclass
class _Suite:
    """A suite that is open: how the tests directly in it ended, in the order they did."""

    name: str
    ends: dict[Test, list[Outcome]] = field(default_factory=dict)


class _Report:
    """Takes the cases as they come, at whatever depth of suites."""

    text = None

    def __init__(self, source: str, most: int) -> None:
        self.outcomes: dict[Test, Outcome] = {}
        self.flaky: set[Test] = set()
        self.seconds, self.cases, self.untimed = 0.0, 0, 0
        self._source, self._most = source, most
        self._suites: list[_Suite] = []
        self._case: dict[str, str] | None = None
        self._marks: dict[str, str] = {}

    def start(self, tag: str, given: dict[str, str]) -> None:
        if not self._suites and tag not in _SUITES:
            raise DocumentError(f"{self._source} is no JUnit file: it begins with <{tag[:40]}>.")
        if tag in _SUITES:
            self._suites.append(_Suite(given.get("name", "")))
        elif tag == "testcase":
            self._case, self._marks = given, {}
        elif self._case is not None:
            self._marks[tag] = given.get("type", "")

    def end(self, tag: str) -> None:
        if tag == "testcase" and self._case is not None:
            self._ended(self._case)
            self._case = None
        elif tag in _SUITES:
            self._close(self._suites.pop())

    def _ended(self, case: dict[str, str]) -> None:
        suite = self._suites[-1]
        test = (case.get("file", ""), case.get("classname") or suite.name, case.get("name", ""))
        suite.ends.setdefault(test, []).append(_outcome(case, self._marks))
        if not _PASSED_AT_LAST.isdisjoint(self._marks):
            self.flaky.add(test)
        self._took(case.get("time", ""))
        self.cases += 1
        if self.cases > self._most:
            raise DocumentError(f"{self._source} has more than {self._most:,} tests; report fewer in one file.")

    def _took(self, text: str) -> None:
        seconds = _seconds(text)
        self.untimed += seconds is None
        self.seconds += seconds or 0

    def _close(self, suite: _Suite) -> None:
        for test, ends in suite.ends.items():
            self.outcomes[test] = worst([ends[-1], self.outcomes.get(test, ends[-1])])
            if len(ends) > 1 and ends[-1] == "passed":
                self.flaky.add(test)


def _outcome(case: dict[str, str], marks: dict[str, str]) -> Outcome:
    if "error" in marks:
        return "error"
    if "failure" in marks:
        return "failed"
    if "skipped" in marks:
        return "xfailed" if marks["skipped"] == "pytest.xfail" else "skipped"
    # GoogleTest and CTest say so in an attribute.
    not_run = case.get("status") in _NOT_RUN or case.get("result") in _NOT_RUN
    return "skipped" if not_run else "passed"


def _seconds(text: str) -> float | None:
    """A time; Surefire writes thousands with a comma. None for what is none."""
    try:
        seconds = float(text.replace(",", ""))
    except ValueError:
        return None
    return seconds if isfinite(seconds) and 0 <= seconds < _LONGEST else None


def merged(reports: Sequence[Outcomes]) -> Outcomes:
    """Several files as one, in whichever order: a test has failed when it failed in one of them."""
    outcomes: dict[Test, Outcome] = {}
    for report in reports:
        for test, end in report.ends.items():
            outcomes[test] = worst([end, outcomes.get(test, end)])
    return Outcomes(
        ends=outcomes,
        flaky=frozenset().union(*(report.flaky for report in reports)),
        seconds=fsum(report.seconds for report in reports),
        cases=sum(report.cases for report in reports),
        untimed=sum(report.untimed for report in reports),
    )
