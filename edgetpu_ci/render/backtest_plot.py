"""What an alert would have done over the past, as a picture: values, threshold, incidents, and what is not known."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from math import nan
from statistics import median
from typing import TYPE_CHECKING, Final

from edgetpu_ci import metrics
from edgetpu_ci.incidents.backtest import Backtest, Line, Seen, threshold
from edgetpu_ci.render import backtest, plot, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_LINES: Final = 8
_HEIGHT: Final = 3.6
_GAP: Final = 4
"""So many times the usual time between two runs without a value is a gap, over which no line is drawn."""

_PENDING, _UNKNOWN = "#e6b800", "#d8d8d8"
_COLOURS: Final = ("#0072b2", "#6b4fa0", "#00704f", "#8a5a00", "#56b4e9", "#555555", "#a0527a", "#3b7d9c")


def figure(found: Backtest) -> "Figure":
    """The alerts with the worst values in one picture; not yet in a file."""
    from matplotlib.figure import Figure

    lines = _chosen(found)
    drawn = Figure(figsize=(plot.WIDTH, _HEIGHT), layout="constrained")
    axes = drawn.subplots()
    axes.set_title(words.cut(backtest.title(found), 110), loc="left", fontsize=10, fontweight="bold")
    span = f"{found.first:%Y-%m-%d} to {found.last:%Y-%m-%d}"
    axes.set_xlabel(f"{span}: {backtest.sentence(found)}", fontsize=plot.SMALL)
    _shade(axes, found)
    for line, colour in zip(lines, _COLOURS, strict=False):
        _draw(axes, line, colour)
    _limit(axes, found)
    _label(axes, found, lines)
    return drawn


def _chosen(found: Backtest) -> list[Line]:
    """Those that fired, then those that had values."""

    def order(line: Line) -> tuple[bool, bool]:
        fired = any(point.state == "firing" for point in line.points)
        return (not fired, all(point.value is None for point in line.points))

    return sorted(found.lines, key=order)[:MOST_LINES]


def _draw(axes: "Axes", line: Line, colour: str) -> None:
    """Values joined where one run followed the other; a run without one leaves a gap."""
    times: list[datetime] = []
    values: list[float] = []
    usual = _usual(line.points)
    for before, point in pairwise([line.points[0], *line.points]):
        if (point.at - before.at).total_seconds() > _GAP * usual:
            times, values = [*times, before.at], [*values, nan]
        times, values = [*times, point.at], [*values, nan if point.value is None else point.value]
    name = words.plain(line.labels.get("subject", ""), 40)
    axes.plot(times, values, ".-", color=colour, markersize=3.5, linewidth=0.8, label=name, zorder=3)  # type: ignore[arg-type]


def _usual(points: Sequence[Seen]) -> float:
    """The middle time between two runs, in seconds."""
    return median([(after.at - before.at).total_seconds() for before, after in pairwise(points)] or [0.0])


def _shade(axes: "Axes", found: Backtest) -> None:
    """Incidents dark, what was pending before them lighter, and grey where runs knew nothing."""
    for number, page in enumerate(found.pages):
        label = "an incident" if number == 0 else None
        axes.axvspan(page.began, page.ended or found.last, color=plot.WORSE, alpha=0.22, lw=0, label=label)  # type: ignore[arg-type]
    for name, colour, spans in (("pending", _PENDING, _pending(found)), ("not known", _UNKNOWN, _unknown(found))):
        for number, (start, end) in enumerate(spans):
            axes.axvspan(start, end, color=colour, alpha=0.3, lw=0, label=None if number else name)  # type: ignore[arg-type]


def _pending(found: Backtest) -> Iterator[tuple[datetime, datetime]]:
    for line in found.lines:
        yield from ((one.at, after.at) for one, after in pairwise(line.points) if one.state == "pending")


def _unknown(found: Backtest) -> Iterator[tuple[datetime, datetime]]:
    if len(found.lines) == 1:
        points = found.lines[0].points
        yield from ((one.at, after.at) for one, after in pairwise(points) if one.standing == "unknown")


def _limit(axes: "Axes", found: Backtest) -> None:
    name, value = threshold(found.rule)
    if name in {"above", "below"}:
        label = f"{name} {backtest.amount(found.rule, value)}"
        axes.axhline(value, color=plot.WORSE, linewidth=1.2, linestyle="--", label=label)


def _label(axes: "Axes", found: Backtest, lines: Sequence[Line]) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    places = AutoDateLocator()  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(places)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(places, show_offset=False))  # type: ignore[no-untyped-call]
    if found.first < found.last:
        axes.set_xlim(found.first, found.last)  # type: ignore[arg-type]
    left = len(found.lines) - len(lines)
    more = f"{left:,} more are not drawn" if left else None
    axes.legend(
        loc="upper left", bbox_to_anchor=(1, 1), fontsize=plot.SMALL, frameon=False, title=more, title_fontsize=7
    )
    plot.measured(axes, metrics.find(found.rule.match.rpartition("/")[2]).unit)
    plot.tidy(axes)
