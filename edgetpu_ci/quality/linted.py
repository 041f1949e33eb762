"""How clean the code is by its linters, from the reports of ruff and pylint."""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from edgetpu_ci.kpis import summary
from edgetpu_ci.model import REPOSITORY, Measurement
from edgetpu_ci.quality.records import Lint

_ERROR: Final = 5
"""What an error weighs against any other violation, as in Pylint's own score."""

_NO_SIZE: Final = "nothing says how much code there is; add a coverage report, or name `sources`"


class Size(Struct, frozen=True):
    """How much code there is, and how that was counted."""

    lines: int
    counted: str


def figures(reports: Sequence[tuple[str, Lint]], size: Size | str | None) -> Iterator[Measurement]:
    """Score and density of violations; unknown where the size of the code is."""
    if not reports:
        return
    errors = sum(report.errors for _, report in reports)
    others = sum(report.others for _, report in reports)
    details: summary.Details = (
        ("violations", summary.listed(((_one("errors", errors), errors), (_one("others", others), others)))),
        ("files", ", ".join(f"{name} ({report.tool})" for name, report in reports)),
    )
    if not isinstance(size, Size) or not size.lines:
        reason = size.rstrip(".") if isinstance(size, str) else _NO_SIZE
        for metric in ("linting_score", "lint_violations_per_kloc"):
            yield summary.unknown(REPOSITORY, metric, reason, details=details)
        return
    details = (*details, ("of", f"{size.lines:,} {size.counted}"))
    score = 100 * max(0.0, 1 - (_ERROR * errors + others) / size.lines)
    yield summary.plain(REPOSITORY, "linting_score", score, n=size.lines, details=details)
    density = 1000 * (errors + others) / size.lines
    yield summary.plain(REPOSITORY, "lint_violations_per_kloc", density, n=size.lines, details=details)


def _one(what: str, count: int) -> str:
    return what.removesuffix("s") if count == 1 else what
