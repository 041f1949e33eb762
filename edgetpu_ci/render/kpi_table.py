"""Key figures on a terminal: every group, why some are not known, what needs attention, and the verdict last."""

from collections.abc import Iterator, Sequence
from typing import Final

from edgetpu_ci.judging import judge
from edgetpu_ci.model import Report
from edgetpu_ci.render import definitions, dependencies, key_figures, unknowns, words
from edgetpu_ci.render.key_figures import Figure, Standing
from edgetpu_ci.render.terminal import Colour, Page

_MARK: Final[dict[Standing, tuple[str, Colour | None]]] = {
    "failed": ("✗", "red"),
    "unknown": ("?", "yellow"),
    "warned": ("!", "yellow"),
    "passed": ("✓", "green"),
    "shown": (" ", None),
    "missing": ("?", "dim"),
}
_LABEL = 44
_MOST_PARTS = 10


def lines(report: Report, page: Page) -> Iterator[str]:
    """All of them, a line each where the page is wide enough."""
    figures = key_figures.of(report)
    groups = key_figures.by_group(figures)
    rows = [_cells(figure) for members in groups.values() for figure in _shown(members)]
    widths = _widths(rows, page.width)
    yield from page.paragraph(" · ".join(key_figures.occasion(report, figures)).replace("`", ""), "dim")
    yield ""
    for group, members in groups.items():
        yield page.line(definitions.GROUPS[group], "bold")
        for figure in _shown(members):
            yield from _row(figure, widths, page)
        if (rest := len(members) - len(_shown(members))) > 0:
            yield page.line(f"  … and {rest:,} more of parts: `edgetpu-ci table` has all", "dim")
        yield ""
    yield from (page.line(line) for line in dependencies.lines(report.run.dependencies))
    yield from _said(report, figures, page)


def _shown(members: Sequence[Figure]) -> list[Figure]:
    """All of the whole, and of its parts the worst."""
    of_parts = [figure for figure in members if figure.is_of_part]
    return [*(figure for figure in members if not figure.is_of_part), *of_parts[:_MOST_PARTS]]


def _cells(figure: Figure) -> list[str]:
    """What stands in the columns; of what is not known the name alone, since the reason takes the line."""
    name = words.cut(key_figures.name(figure), _LABEL)
    if figure.measurement.value is None:
        return [name, "", "", "", ""]
    told = (key_figures.value(figure.measurement), key_figures.change(figure.measurement))
    return [name, *told, key_figures.demanded(figure), key_figures.spark(figure)]


def _widths(rows: Sequence[Sequence[str]], room: int) -> list[int]:
    """Of each column; 0 for the last ones where the page has no room for them."""
    widths = [max(map(words.columns, column)) for column in zip(*rows, strict=True)]
    while sum(width + 2 for width in widths if width) > room and any(widths[2:]):
        widths[max(place for place, width in enumerate(widths) if width)] = 0
    return widths


def _row(figure: Figure, widths: Sequence[int], page: Page) -> Iterator[str]:
    mark, colour = _MARK[figure.standing]
    name, value, *rest = _cells(figure)
    if not value:
        yield from page.paragraph(f"{mark} {name}: {unknowns.short(figure)}", colour)
        return
    cells = [_padded(cell, width) for cell, width in zip([name, value, *rest], widths, strict=True) if width]
    cells[1] = f"{value:>{widths[1]}}"
    yield page.line(f"{mark} {'  '.join(cells)}".rstrip(), colour)


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - words.columns(cell))


def _said(report: Report, figures: Sequence[Figure], page: Page) -> Iterator[str]:
    shown = [figure for members in key_figures.by_group(figures).values() for figure in _shown(members)]
    for untold in unknowns.told_below(shown):
        yield from page.paragraph(f"? {untold.sentence}", "dim")
    for figure in figures:
        if figure.needs_attention:
            yield from page.paragraph(_sentence(figure), _MARK[figure.standing][1])
    for what in report.run.incomplete:
        yield from page.paragraph(f"! incomplete: {words.plain(what, words.SENTENCE)}", "yellow")
    for note in report.run.notes:
        yield from page.paragraph(f"note: {words.plain(note, words.SENTENCE)}")
    said, standing = _verdict(report, figures)
    yield from page.paragraph(f"{_MARK[standing][0]} {said}".lstrip(), _MARK[standing][1])


def _sentence(figure: Figure) -> str:
    mark, name = _MARK[figure.standing][0], key_figures.name(figure)
    if figure.measurement.value is None:
        return f"{mark} {name}: {unknowns.short(figure)} ({words.plain(key_figures.demanded(figure))})"
    return f"{mark} {name}: {words.plain(key_figures.because(figure), words.SENTENCE)}"


def _verdict(report: Report, figures: Sequence[Figure]) -> tuple[str, Standing]:
    """The last line, and how it stands: what is incomplete has not passed."""
    missing = ["incomplete"] if report.run.incomplete else []
    if judge.nothing_measured(report.run.measurements):
        return ", ".join(["KPIs: nothing could be collected", *missing]), "unknown"
    status = judge.overall(report.verdicts)
    counted = ", ".join(f"{count:,} {outcome}" for outcome, count in key_figures.counts(figures).items()) or "none"
    if missing and status == "passed":
        return f"KPIs incomplete: {counted}", "unknown"
    if not report.verdicts:
        return f"KPIs: {counted}; nothing is demanded of them", "shown"
    return f"KPIs {', '.join([status, *missing])}: {counted}", status
