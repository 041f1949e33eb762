"""How much of the code has types, and what type checkers say of them."""

from collections.abc import Iterator, Sequence

from edgetpu_ci.kpis import summary
from edgetpu_ci.model import REPOSITORY, Measurement
from edgetpu_ci.quality.records import Typing
from edgetpu_ci.stats.shares import Share


def figures(reports: Sequence[tuple[str, Typing]]) -> Iterator[Measurement]:
    """Each figure that at least one report has; several reports are added up."""
    if functions := [report.functions for _, report in reports if report.functions is not None]:
        yield _share("type_coverage", functions, "functions with types", "mypy counted no function")
    if public := [report.public for _, report in reports if report.public is not None]:
        without = "pyright found no public symbol; the package needs a py.typed file and must be installed"
        yield _share("public_type_coverage", public, "public symbols", without)
    if errors := [(name, report) for name, report in reports if report.errors is not None]:
        details = tuple((report.tool, f"{report.errors:,} in {name}") for name, report in errors)
        total = sum(report.errors or 0 for _, report in errors)
        yield summary.plain(REPOSITORY, "type_errors", total, details=details)


def _share(metric: str, parts: Sequence[Share], what: str, without: str) -> Measurement:
    typed, all_ = (sum(part[place] for part in parts) for place in (0, 1))
    if not all_:
        return summary.unknown(REPOSITORY, metric, without)
    return summary.plain(REPOSITORY, metric, 100 * typed / all_, n=all_, details=((what, f"{typed:,} of {all_:,}"),))
