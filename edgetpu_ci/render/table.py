"""A report on a terminal: a block for each model, then what is said of it."""

from collections.abc import Iterator, Sequence
from typing import Final

from edgetpu_ci.judging import judge
from edgetpu_ci.model import REPOSITORY, Measurement, Report
from edgetpu_ci.render import dependencies, kpi_table, lines, selftest, words
from edgetpu_ci.render.lines import Line, Standing
from edgetpu_ci.render.terminal import Colour, Page

LEAST_WIDTH = 60

_MARK: Final[dict[Standing, tuple[str, Colour]]] = {
    "failed": ("✗", "red"),
    "unknown": ("?", "yellow"),
    "warned": ("!", "yellow"),
    "improved": ("✓", "green"),
    "changed": ("·", "dim"),
    "passed": ("✓", "green"),
}
_LABEL, _VALUE, _INTERVAL = 22, 14, 24
_LEAST_POINTS, _MOST_POINTS = 2, 24


def text(report: Report, width: int, *, colour: bool) -> str:
    """The whole report, no line wider than `width` columns."""
    page = Page(max(width, LEAST_WIDTH), colour=colour)
    if report.run.machine.key == REPOSITORY:
        return "\n".join(kpi_table.lines(report, page))
    listed = map(page.line, dependencies.lines(report.run.dependencies))
    return "\n".join([*_models(report, page), *listed, *_said(report, page)])


def _models(report: Report, page: Page) -> Iterator[str]:
    changes = {comparison.key: words.change(comparison) for comparison in report.comparisons}
    courses = {trend.subject: trend for trend in report.trend if len(trend.values) >= _LEAST_POINTS}
    for subject, measured in lines.by_subject(report.run.measurements).items():
        devices = dict.fromkeys(words.plain(m.device) for m in measured if m.device)
        yield page.line(" · ".join([words.plain(subject), *devices]), "bold")
        yield from (page.line(_row(m, changes.get(m.key, ""))) for m in measured if m.value is not None)
        for reason, names in lines.missing(measured).items():
            yield from page.paragraph(f"? {words.names(names, 'metrics')}: {reason}", "yellow")
        if trend := courses.get(subject):
            yield page.line(
                f"  {'trend':<{_LABEL}} {words.sparkline(trend.values[-_MOST_POINTS:])}  {words.course(trend)}"
            )
        yield ""


def _row(measurement: Measurement, change: str) -> str:
    label, value = words.label(measurement.metric), words.value(measurement)
    interval = words.interval(measurement)
    return f"  {label:<{_LABEL}} {value:>{_VALUE}}  {interval:<{_INTERVAL}} {change}".rstrip()


def _said(report: Report, page: Page) -> Iterator[str]:
    run = report.run
    found = lines.of(report)
    for line in found:
        if line.standing != "passed":
            yield from page.paragraph(_sentence(line), _MARK[line.standing][1])
    for base in report.bases:
        yield from page.paragraph(f"base: {words.plain(base, words.SENTENCE)}")
    if run.contended:
        yield from page.paragraph(f"! the machine was busy: {words.plain(run.contended, words.SENTENCE)}", "yellow")
    if report.runner and (out := selftest.out_of_gating(report.runner)):
        yield from page.paragraph(f"! {out}", "yellow")
    elif report.runner:
        yield from page.paragraph(f"noise floor: {selftest.of_runner(report.runner)}")
    for what in run.incomplete:
        yield from page.paragraph(f"! incomplete: {words.plain(what, words.SENTENCE)}", "yellow")
    for note in run.notes:
        yield from page.paragraph(f"note: {words.plain(note, words.SENTENCE)}")
    yield from page.paragraph(_verdict(report, found), _MARK[judge.overall(report.verdicts)][1])


def _sentence(line: Line) -> str:
    mark, _ = _MARK[line.standing]
    subject, metric = words.names(line.subjects, "models"), words.names(map(words.label, line.metrics), "metrics")
    change = words.change(line.comparison) if line.comparison else line.outcome
    because = words.plain(line.because, words.SENTENCE) or change
    return f"{mark} {subject} · {metric}: {because}"


def _verdict(report: Report, found: Sequence[Line]) -> str:
    place = words.place(report.run)
    if judge.nothing_measured(report.run.measurements):
        return f"? nothing could be measured on {place}"
    status = judge.overall(report.verdicts)
    counted = [f"{count:,} {outcome}" for outcome, count in lines.counts(found).items()]
    return f"{_MARK[status][0]} {status} on {place}: {', '.join(counted) or 'nothing is demanded'}"
