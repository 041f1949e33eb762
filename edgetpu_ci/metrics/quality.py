"""Code quality: what the reports of coverage, test, lint, type and security tools say."""

from typing import Final

from edgetpu_ci.metrics.kpi import Kpi, kpi

_COVERAGE: Final = "files coverage tools write: coverage.json, Cobertura XML, lcov"
_JUNIT: Final = "JUnit XML files test tools write"
_LINT: Final = "JSON of ruff and pylint; statements of coverage reports, else lines of `sources` that are not blank"

KPIS: Final[tuple[Kpi, ...]] = (
    kpi(
        "test_coverage",
        "%",
        "higher",
        "lines and branches that tests covered",
        "code_coverage",
        "test_coverage_percentage",
        group="code_quality",
        formula="100 · (lines covered + branches covered) / (lines + branches), as coverage.py counts, summed over the "
        "source files of all reports; of a source file in several reports the best counts",
        source=_COVERAGE,
    ),
    kpi(
        "line_coverage",
        "%",
        "higher",
        "lines that tests covered",
        group="code_quality",
        formula="100 · lines covered / lines, summed over the source files of all reports",
        source=_COVERAGE,
    ),
    kpi(
        "branch_coverage",
        "%",
        "higher",
        "branches that tests covered",
        group="code_quality",
        formula="100 · branches covered / branches, summed over the source files of all reports; unknown where no "
        "report has branches",
        source=_COVERAGE,
    ),
    kpi(
        "linting_score",
        "points",
        "higher",
        "how clean the code is by its linters, 100 without a violation",
        group="code_quality",
        formula="100 · max(0, 1 − (5 · errors + others) / statements), ten times Pylint's own; errors are syntax "
        "errors, F821, F823, PLE and Pylint's errors; what is only information is left out",
        source=_LINT,
    ),
    kpi(
        "lint_violations_per_kloc",
        "/kLOC",
        "lower",
        "violations in a thousand lines of code",
        group="code_quality",
        formula="1000 · violations / statements, each weighing the same",
        source=_LINT,
    ),
    kpi(
        "type_coverage",
        "%",
        "higher",
        "functions that have types",
        group="code_quality",
        formula="100 · functions with types / functions; not mypy's share of typed expressions, which leaves out what "
        "it did not look at",
        source="linecount.txt of `mypy --linecount-report`",
    ),
    kpi(
        "public_type_coverage",
        "%",
        "higher",
        "symbols of the package's interface whose type is known",
        group="code_quality",
        formula="100 · exported symbols with a known type / exported symbols; ambiguous types are not known",
        source="`pyright --verifytypes --outputjson`",
    ),
    kpi(
        "type_errors",
        "",
        "lower",
        "errors of type checkers",
        group="code_quality",
        formula="sum over all reports; notes and warnings are left out",
        source="`mypy --output json`, `pyright --outputjson`",
    ),
    kpi(
        "test_pass_rate",
        "%",
        "higher",
        "tests that passed of those that ran",
        group="reliability",
        formula="100 · passed / (passed + failed + errors), each test once: of a test that was run again its last end "
        "counts, and one that failed in any suite or file has failed; skipped and xfailed tests are left out",
        source=_JUNIT,
    ),
    kpi(
        "flaky_tests",
        "",
        "lower",
        "tests that passed only when they were run again",
        group="code_quality",
        formula="tests that come more than once in a suite and passed at last, or are marked flaky",
        source=_JUNIT,
    ),
    kpi(
        "test_execution_time_seconds",
        "s",
        "lower",
        "how long the tests took",
        "test_execution_time",
        group="code_quality",
        formula="sum of the times of all tests, with those that were run again; longer than one waits for tests that "
        "run side by side",
        source=_JUNIT,
    ),
    kpi(
        "tests",
        "",
        None,
        "how many tests there are",
        group="code_quality",
        formula="distinct tests by file, class and name, with those that were skipped",
        source=_JUNIT,
    ),
)
