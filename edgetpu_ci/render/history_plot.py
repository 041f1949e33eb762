"""Histories as a picture: the runs, their levels, and the commits between which a level changed."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from edgetpu_ci import metrics
from edgetpu_ci.model import Change, Series
from edgetpu_ci.render import plot, words
from edgetpu_ci.render.page import data

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_SERIES = 12
_ROW_HEIGHT, _MARGINS = 2.6, 0.6
_NAME = 90
_SHORT = 10
_DATES = 8
_LEAST_SPAN = 0.02
_ROWS, _ROW, _WORDS_WIDTH = 2, 0.2, 0.22
_COLOURS: Final[dict[data.Kind, str]] = {"worse": plot.WORSE, "better": plot.BETTER, "changed": plot.CHANGED}
_BETTER: Final = {"lower": "lower is better ↓", "higher": "higher is better ↑"}


def figure(series: Sequence[Series]) -> "Figure":
    """A row for each of at most `MAX_SERIES`, the newest change first; not yet in a file."""
    from matplotlib.figure import Figure

    known = data.ordered(series)
    rows = known[:MAX_SERIES]
    drawn = Figure(figsize=(plot.WIDTH, _MARGINS + _ROW_HEIGHT * max(1, len(rows))), layout="constrained")
    drawn.suptitle(_title(len(rows), len(known)), fontsize=11)
    for axes, one in zip(drawn.subplots(len(rows), 1, squeeze=False)[:, 0] if rows else (), rows, strict=True):
        _draw(axes, one)
    return drawn


def _title(shown: int, known: int) -> str:
    return f"History of {shown} of {known} series, the newest change first" if known else "There is no series yet"


def _draw(axes: "Axes", series: Series) -> None:
    values = [point.value for point in series.points]
    changes = data.standing(series)
    name = f"{words.plain(series.subject)} · {words.label(series.metric)} · {words.plain(series.device)}"
    axes.set_title(words.cut(name, _NAME), loc="left", fontsize=10, fontweight="bold")
    axes.plot(values, ".-", color=plot.HEAD, markersize=3, linewidth=0.6, alpha=0.8)
    for (start, end), level, change in _levels(len(values), changes):
        style = "--" if change and change.tier == "suspected" else "-"
        axes.hlines(level, start - 0.5, end - 0.5, color="black", linewidth=1.6, linestyle=style, zorder=3)
    _scale(axes, series, changes)
    for change in changes:
        _line(axes, series, change)
    for change, row in _with_room(changes, len(series.points)):
        _say(axes, series, change, row)
    _label(axes, series)


def _levels(total: int, changes: Sequence[Change]) -> list[tuple[tuple[int, int], float, Change | None]]:
    """Each stretch between changes with its level, and the change that began it."""
    if not changes:
        return []
    stretches = pairwise([0, *(change.index for change in changes), total])
    levels = [(changes[0].before, None), *((change.after, change) for change in changes)]
    return [(stretch, level, change) for stretch, (level, change) in zip(stretches, levels, strict=True)]


def _scale(axes: "Axes", series: Series, changes: Sequence[Change]) -> None:
    """Room for the words above, and no magnified noise."""
    held = [point.value for point in series.points]
    held += [level for change in changes for level in (change.before, change.after)]
    low, high = min(held), max(held)
    spare = max(0.05 * (high - low), _LEAST_SPAN * max(abs(low), abs(high)), 1e-12)
    low, high = low - spare, high + spare
    axes.set_ylim(low, high + (_ROWS * _ROW * (high - low) if changes else 0))
    axes.set_xlim(-0.5, len(series.points) - 0.5)


def _colour(series: Series, change: Change) -> str:
    return _COLOURS[data.kind(series.metric, change)]


def _line(axes: "Axes", series: Series, change: Change) -> None:
    """Before the first run of the new level."""
    style = "--" if change.tier == "suspected" else "-"
    axes.axvline(change.index - 0.5, color=_colour(series, change), linewidth=1.2, linestyle=style)


def _with_room(changes: Sequence[Change], total: int) -> list[tuple[Change, int]]:
    """The changes that can be said in words without lying on each other, each in the first row that is free."""
    ends = [-1.0] * _ROWS
    placed = []
    for change in changes:
        start = change.index / total - (_WORDS_WIDTH if _is_late(change, total) else 0)
        free = [row for row, end in enumerate(ends) if end <= start]
        if free:
            ends[free[0]] = start + _WORDS_WIDTH
            placed.append((change, free[0]))
    return placed


def _is_late(change: Change, total: int) -> bool:
    return change.index > total / 2


def _say(axes: "Axes", series: Series, change: Change, row: int) -> None:
    """What changed, and between which commits."""
    good, bad = (words.plain(series.points[index].commit[:_SHORT]) for index in (change.index - 1, change.index))
    suspected = " (suspected)" if change.tier == "suspected" else ""
    commits = f"\n{good} … {bad}" if good and bad else ""
    late = _is_late(change, len(series.points))
    axes.annotate(
        f"{data.sentence(series.metric, change)}{suspected}{commits}",
        (change.index - 0.5, 1 - row * _ROW),
        xycoords=("data", "axes fraction"),
        xytext=(-4 if late else 4, -2),
        textcoords="offset points",
        ha="right" if late else "left",
        va="top",
        fontsize=plot.SMALL,
        color=_colour(series, change),
    )


def _label(axes: "Axes", series: Series) -> None:
    metric = metrics.find(series.metric)
    step = max(1, -(-len(series.points) // _DATES))
    places = range(0, len(series.points), step)
    axes.set_xticks(places, [f"{series.points[place].at:%Y-%m-%d}" for place in places])
    plot.measured(axes, metric.unit)
    axes.set_xlabel(f"runs, the newest last · {_BETTER.get(metric.better or '', 'a fact')}", fontsize=plot.SMALL)
    plot.tidy(axes)
