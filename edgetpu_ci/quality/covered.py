"""How much of the code tests ran, from the reports of coverage tools."""

from collections.abc import Collection, Iterator, Sequence

from edgetpu_ci.kpis import summary
from edgetpu_ci.model import REPOSITORY, Measurement
from edgetpu_ci.quality.records import Counts, Coverage
from edgetpu_ci.stats.shares import Share


def figures(reports: Sequence[tuple[str, Coverage]]) -> Iterator[Measurement]:
    """Coverage of lines and branches together and apart, by summed counts; `reports` come with their file's name."""
    if not reports:
        return
    sources, twice = _united(reports)
    lines, branches = _lines(sources.values()), _branches(sources.values())
    details = [("lines", _of(lines)), ("branches", _of(branches)), ("files", ", ".join(name for name, _ in reports))]
    if twice:
        said = (
            f"{twice:,} of the source files; of each the best counts, which is less than a combined report would have"
        )
        details.append(("in several reports", said))
    both = (lines[0] + branches[0], lines[1] + branches[1])
    yield _share("test_coverage", both, "no report has a line of code", tuple(details))
    yield _share("line_coverage", lines, "no report has a line of code", (details[0],))
    without = "no report has branches; coverage.py tells them after `coverage run --branch`"
    yield _share("branch_coverage", branches, without, (details[1],))


def below(folder: str, coverage: Coverage) -> Coverage:
    """The same, with files in `folder` told from there, as other tools tell them."""
    return Coverage(sources={name.removeprefix(f"{folder}/"): counts for name, counts in coverage.sources.items()})


def statements(reports: Sequence[tuple[str, Coverage]]) -> int:
    """How many lines of code the reports have."""
    return _lines(_united(reports)[0].values())[1]


def _united(reports: Sequence[tuple[str, Coverage]]) -> tuple[dict[str, Counts], int]:
    """Each source file once, and how many were in several reports: their lines must not be counted again."""
    found: dict[str, list[Counts]] = {}
    for report, coverage in reports:
        for name, counts in coverage.sources.items():
            found.setdefault(name or f"all of {report}", []).append(counts)
    best = {name: max(several, key=_order) for name, several in found.items()}
    return best, sum(len(several) > 1 for several in found.values())


def _order(counts: Counts) -> tuple[bool, float, int, int, int]:
    """A report that has branches says more than one that has none; then the one that covers more."""
    covered, all_ = counts.lines_covered + counts.branches_covered, counts.lines + counts.branches
    return counts.branches > 0, covered / all_ if all_ else 0, counts.lines, counts.branches, counts.lines_covered


def _lines(several: Collection[Counts]) -> Share:
    return sum(one.lines_covered for one in several), sum(one.lines for one in several)


def _branches(several: Collection[Counts]) -> Share:
    return sum(one.branches_covered for one in several), sum(one.branches for one in several)


def _of(part: Share) -> str:
    return f"{part[0]:,} of {part[1]:,}"


def _share(metric: str, part: Share, without: str, details: summary.Details) -> Measurement:
    """Not a sample but all of it: without an interval, and none of nothing."""
    covered, all_ = part
    if not all_:
        return summary.unknown(REPOSITORY, metric, without, details=details)
    return summary.plain(REPOSITORY, metric, 100 * covered / all_, n=all_, details=details)
