"""How tests ended and how long they took, from JUnit files."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from edgetpu_ci.formats import subjects
from edgetpu_ci.kpis import summary
from edgetpu_ci.model import REPOSITORY, Measurement
from edgetpu_ci.quality import junit
from edgetpu_ci.quality.records import Outcome, Outcomes, Test

_MOST_NAMED: Final = 10
_LEFT_OUT: Final[tuple[Outcome, ...]] = ("skipped", "xfailed")
_WORDS: Final[dict[Outcome, str]] = {
    "passed": "passed",
    "failed": "failed",
    "error": "errors",
    "skipped": "skipped",
    "xfailed": "failed as expected",
}


def figures(reports: Sequence[tuple[str, Outcomes]]) -> Iterator[Measurement]:
    """Pass rate, flaky tests, time and number of the tests of all files together."""
    if not reports:
        return
    tests = junit.merged([report for _, report in reports])
    ends = Counter(tests.ends.values())
    passed, ran = ends["passed"], ends["passed"] + ends["failed"] + ends["error"]
    told = summary.listed((word, ends[end]) for end, word in _WORDS.items())
    details = (("excluded", summary.listed((_WORDS[end], ends[end]) for end in _LEFT_OUT)), *_files(reports))
    yield summary.share(REPOSITORY, "test_pass_rate", (passed, ran), of="tests that ran", details=details)
    yield summary.plain(REPOSITORY, "flaky_tests", len(tests.flaky), n=ran, details=_named(tests.flaky))
    yield _time(tests)
    yield summary.plain(REPOSITORY, "tests", len(tests.ends), details=(("ended", told),))


def _time(tests: Outcomes) -> Measurement:
    metric = "test_execution_time_seconds"
    if tests.untimed == tests.cases:
        return summary.unknown(REPOSITORY, metric, "no test says how long it took")
    details = (("without a time", f"{tests.untimed:,} of {tests.cases:,}"),) if tests.untimed else ()
    return summary.plain(REPOSITORY, metric, tests.seconds, n=tests.cases - tests.untimed, details=details)


def _named(flaky: frozenset[Test]) -> summary.Details:
    names = sorted(subjects.short(".".join(filter(None, test[1:]))) for test in flaky)
    more = [("more", f"… and {len(names) - _MOST_NAMED:,} more")] if len(names) > _MOST_NAMED else []
    return (*(("flaky", name) for name in names[:_MOST_NAMED]), *more)


def _files(reports: Sequence[tuple[str, Outcomes]]) -> summary.Details:
    return (("files", ", ".join(name for name, _ in reports)),)
