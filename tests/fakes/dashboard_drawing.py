"""A dashboard as a picture: what Grafana would make of its JSON and of what a Prometheus answers, in matplotlib."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib.dates
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Wedge
from matplotlib.ticker import FuncFormatter, MaxNLocator

from tests.fakes import grafana, values
from tests.fakes.asking import Asking, Series

WIDTH, ROW = 15.0, 0.37
"""Inches: of the picture, and of a row of the grid."""

PAGE, CARD, LINE, WORDS, FAINT = "#111217", "#1b1d22", "#2c2f36", "#d5d6dd", "#8e919b"
COLOURS = {
    "dark-red": "#c4162a",
    "red": "#f2495c",
    "orange": "#ff9830",
    "yellow": "#fade2a",
    "green": "#73bf69",
    "blue": "#5794f2",
}
PALETTE = ("#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#5794f2", "#b877d9", "#fa6400", "#37872d", "#8f3bb8")
POINTS = 400
_UNITS = {"d": timedelta(days=1), "m": timedelta(minutes=1)}
COLUMN = 24

Drawing = Callable[[Axes, dict[str, Any], list[tuple[str, Series]]], None]


def draw(dashboard: dict[str, Any], asking: Asking, into: Path) -> None:
    """One file for the whole of it, now."""
    rows = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in dashboard["panels"])
    height = rows * ROW + 0.5
    figure = Figure(figsize=(WIDTH, height), facecolor=PAGE)
    figure.text(0.008, 1 - 0.3 / height, dashboard["title"], color=WORDS, fontsize=14, va="center")
    with rc_context({"text.parse_math": False}):
        for panel in dashboard["panels"]:
            _panel(figure, dashboard, panel, asking)
        figure.savefig(into, dpi=80, facecolor=PAGE)


def _panel(figure: Figure, dashboard: dict[str, Any], panel: dict[str, Any], asking: Asking) -> None:
    wide, high = figure.get_size_inches()
    place, unit = panel["gridPos"], wide / COLUMN
    left, bottom = place["x"] * unit, high - 0.5 - (place["y"] + place["h"]) * ROW
    size = (place["w"] * unit - 0.08, place["h"] * ROW - 0.08)
    card = FancyBboxPatch(
        ((left + 0.04) / wide, (bottom + 0.04) / high),
        size[0] / wide,
        size[1] / high,
        boxstyle="square,pad=0",
        facecolor=CARD,
        edgecolor=LINE,
        transform=figure.transFigure,
        zorder=-1,
    )
    figure.add_artist(card)
    top, right = (bottom + place["h"] * ROW - 0.2) / high, (left + place["w"] * unit - 0.14) / wide
    figure.text((left + 0.14) / wide, top, panel["title"], color=WORDS, fontsize=9.5, va="center", fontweight="bold")
    own = f"last {panel['timeFrom']}" if "timeFrom" in panel else ""
    figure.text(right, top, own, color=FAINT, fontsize=7.5, va="center", ha="right")
    inner = (left + 0.14, bottom + 0.14, size[0] - 0.2, size[1] - 0.45)
    axes = figure.add_axes((inner[0] / wide, inner[1] / high, inner[2] / wide, inner[3] / high), facecolor=CARD)
    span = _span(dashboard, panel)
    if found := _answers(panel, span, asking):
        _DRAWN[panel["type"]](axes, panel, found)
    else:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "No data", color=FAINT, fontsize=11, ha="center", va="center", transform=axes.transAxes)
    if panel["type"] in {"timeseries", "state-timeline"}:
        axes.set_xlim(*(_day(at.timestamp()) for at in span))
    if panel["type"] == "timeseries":
        _mark_commits(axes, dashboard, span, asking)


def _span(dashboard: dict[str, Any], panel: dict[str, Any]) -> tuple[datetime, datetime]:
    end = datetime.now(UTC)
    text = panel.get("timeFrom") or dashboard["time"]["from"].removeprefix("now-")
    return end - int(text[:-1]) * _UNITS[text[-1]], end


def _mark_commits(axes: Axes, dashboard: dict[str, Any], span: tuple[datetime, datetime], asking: Asking) -> None:
    for annotation in dashboard["annotations"]["list"]:
        step = (span[1] - span[0]).total_seconds() / POINTS
        expr = grafana.substituted(annotation["expr"], __interval=f"{step:.0f}s")
        for commit in asking.over_time(expr, *span, step):
            axes.axvline(_day(commit.points[0][0]), color=COLOURS["blue"], linewidth=0.7, alpha=0.35, linestyle=":")


def _day(seconds: float) -> float:
    return float(matplotlib.dates.date2num(datetime.fromtimestamp(seconds, UTC)))  # type: ignore[no-untyped-call]


def _answers(panel: dict[str, Any], span: tuple[datetime, datetime], asking: Asking) -> list[tuple[str, Series]]:
    """Each series with its name in the legend."""
    found = []
    for target in panel["targets"]:
        expr, step = grafana.substituted(target["expr"]), (span[1] - span[0]).total_seconds() / POINTS
        series = asking.over_time(expr, *span, step) if target["range"] else asking.series(expr)
        found += [(_named(target["legendFormat"], one), one) for one in series]
    return found


def _named(legend: str, series: Series) -> str:
    return re.sub(r"{{(\w+)}}", lambda found: series.labels.get(found[1], ""), legend)


def _lines(axes: Axes, panel: dict[str, Any], found: Sequence[tuple[str, Series]]) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    for place, (name, series) in enumerate(found):
        times = [_day(at) for at, _ in series.points]
        held = [value for _, value in series.points]
        axes.plot(times, held, color=PALETTE[place % len(PALETTE)], linewidth=1.3, drawstyle="steps-post", label=name)
    if defaults["custom"]["thresholdsStyle"]["mode"] == "line":
        for step in defaults["thresholds"]["steps"][1:]:
            axes.axhline(step["value"], color=COLOURS[step["color"]], linestyle="--", linewidth=1.2)
    low, high = axes.get_ylim()
    axes.set_ylim(defaults.get("min", low), defaults.get("max", high))
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=defaults.get("decimals") == 0))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: values.said(value, defaults)))
    _dated(axes)
    _legend(axes, len(found))


def _dated(axes: Axes) -> None:
    axes.xaxis.set_major_locator(matplotlib.dates.AutoDateLocator(maxticks=7))  # type: ignore[no-untyped-call]
    low, high = axes.get_xlim()
    axes.xaxis.set_major_formatter(matplotlib.dates.DateFormatter("%d %b" if high - low > 1 else "%H:%M"))  # type: ignore[no-untyped-call]
    axes.tick_params(colors=FAINT, labelsize=7, length=0)
    axes.grid(color=LINE, linewidth=0.6)
    for side in axes.spines.values():
        side.set_visible(False)


def _legend(axes: Axes, count: int) -> None:
    """Below the lines, as many columns as fit."""
    inches = axes.figure.get_size_inches()  # type: ignore[union-attr]
    box = axes.get_position()
    wide, high = box.width * inches[0], box.height * inches[1]
    columns = max(1, min(count, int(wide / 3.6)))
    shown = min(count, columns * 6)
    rows = -(-shown // columns)
    room = (0.2 + 0.15 * rows) / high
    axes.set_position(
        (box.x0 + 0.5 / inches[0], box.y0 + room * box.height, box.width - 0.6 / inches[0], box.height * (1 - room))
    )
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(
        handles[:shown], [label[:80] for label in labels[:shown]], loc="upper left",
        bbox_to_anchor=(-0.5 / (wide - 0.6), -0.2 / (high * (1 - room))), ncols=columns, fontsize=6.5, frameon=False,
        labelcolor=WORDS, handlelength=1.0, borderpad=0, labelspacing=0.25, columnspacing=1.0, borderaxespad=0,
    )  # fmt: skip


def _numbers(axes: Axes, panel: dict[str, Any], found: Sequence[tuple[str, Series]]) -> None:
    """Tiles, each with a number and the course it took, beside each other or, where they have no room, below."""
    defaults, size = panel["fieldConfig"]["defaults"], axes.get_window_extent()
    columns = max(1, min(len(found), int(size.width / 130)))
    rows = -(-len(found) // columns)
    axes.set(xlim=(0, columns), ylim=(rows, 0))
    axes.axis("off")
    for place, (name, series) in enumerate(found):
        x, y = place % columns, place // columns
        held = [value for _, value in series.points]
        text, colour = values.said(held[-1], defaults), _coloured(held[-1], defaults)
        low, span = min(held), (max(held) - min(held)) or 1
        across = [x + 0.04 + 0.92 * n / max(1, len(held) - 1) for n in range(len(held))]
        course = [y + 0.97 - 0.28 * (value - low) / span for value in held]
        axes.fill_between(across, course, y + 0.97, color=colour, alpha=0.25, linewidth=0)
        points = min(30.0, 0.34 * size.height / rows, 1.1 * size.width / columns / max(4, len(text)))
        axes.text(x + 0.5, y + 0.42, text, color=colour, fontsize=points, ha="center", va="center")
        shown = name[:34] if len(found) > 1 else ""
        axes.text(x + 0.5, y + 0.1, shown, color=FAINT, fontsize=7, ha="center", va="center")


def _coloured(value: float, defaults: dict[str, Any]) -> str:
    reached = [step for step in defaults["thresholds"]["steps"] if step["value"] is None or value >= step["value"]]
    return COLOURS[reached[-1]["color"]] if defaults["color"]["mode"] == "thresholds" else PALETTE[0]


def _gauge(axes: Axes, panel: dict[str, Any], found: Sequence[tuple[str, Series]]) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    low, high = defaults["min"], defaults["max"]
    value = found[0][1].points[-1][1]

    def angle(at: float) -> float:
        return 210 - 240 * float(min(max(at, low), high) - low) / float(high - low)

    axes.set(xlim=(-1.15, 1.15), ylim=(-0.75, 1.1), aspect="equal")
    axes.axis("off")
    axes.add_patch(Wedge((0, 0), 0.92, angle(high), angle(low), width=0.26, color=LINE))
    axes.add_patch(Wedge((0, 0), 0.92, angle(value), angle(low), width=0.26, color=_coloured(value, defaults)))
    steps = defaults["thresholds"]["steps"]
    edges = [low, *(step["value"] for step in steps[1:]), high]
    for step, start, end in zip(steps, edges, edges[1:], strict=False):
        axes.add_patch(Wedge((0, 0), 1.0, angle(end), angle(start), width=0.05, color=COLOURS[step["color"]]))
    axes.text(
        0, -0.02, values.said(value, defaults), color=_coloured(value, defaults), fontsize=22, ha="center", va="center"
    )


def _states(axes: Axes, panel: dict[str, Any], found: Sequence[tuple[str, Series]]) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    for place, (_, series) in enumerate(found):
        times = [_day(at) for at, _ in series.points]
        for (start, end), (_, value) in zip(pairwise(times), series.points, strict=False):
            axes.broken_barh([(start, (end - start) * 1.02)], (place - 0.36, 0.72), color=_coloured(value, defaults))
        axes.text(
            times[0], place, f" {values.said(series.points[0][1], defaults)}", color=PAGE, fontsize=7, va="center"
        )
    axes.xaxis_date()
    _dated(axes)
    axes.grid(visible=False)
    axes.set_yticks(range(len(found)), [name[:38] for name, _ in found])
    axes.set_ylim(len(found) - 0.4, -0.6)
    box, inches = axes.get_position(), axes.figure.get_size_inches()  # type: ignore[union-attr]
    axes.set_position(
        (box.x0 + 2.0 / inches[0], box.y0 + 0.2 / inches[1], box.width - 2.05 / inches[0], box.height - 0.2 / inches[1])
    )


def _table(axes: Axes, panel: dict[str, Any], found: Sequence[tuple[str, Series]]) -> None:
    options = {step["id"]: step["options"] for step in panel["transformations"]}
    named, called = options["filterFieldsByName"]["include"]["names"], options["organize"].get("renameByName", {})
    defaults = panel["fieldConfig"]["defaults"]
    rows = list(dict.fromkeys(tuple(_cell(name, series, defaults) for name in named) for _, series in found))
    inches = axes.get_position().height * axes.figure.get_size_inches()[1]  # type: ignore[union-attr]
    most = int(inches / 0.25)
    widths = [max(len(cell) for cell in (*column, " " * 8)) + 2 for column in zip(named, *rows, strict=True)]
    lefts = [sum(widths[:place]) / sum(widths) for place in range(len(widths))]
    axes.set(xlim=(0, 1), ylim=(most, 0))
    axes.axis("off")
    grave = {name: word["color"] for name, word in _severities(panel).items()}
    for x, name in zip(lefts, named, strict=True):
        title = called.get(name, name)
        axes.text(x, 0.5, title, color=COLOURS["blue"], fontsize=8, va="center", fontweight="bold")
    for y, row in enumerate(rows[: most - 1], start=1):
        axes.axhline(y, color=LINE, linewidth=0.7)
        for x, name, cell in zip(lefts, named, row, strict=True):
            colour = COLOURS[grave[cell]] if name == "severity" and cell in grave else WORDS
            axes.text(x, y + 0.5, cell, color=colour, fontsize=8, va="center")


def _severities(panel: dict[str, Any]) -> dict[str, Any]:
    for override in panel["fieldConfig"]["overrides"]:
        for given in override["properties"]:
            if given["id"] == "mappings":
                return dict(given["value"][0]["options"])
    return {}


def _cell(name: str, series: Series, defaults: dict[str, Any]) -> str:
    return values.said(series.points[-1][1], defaults) if name == "Value" else series.labels.get(name, "")


_DRAWN: dict[str, Drawing] = {
    "timeseries": _lines,
    "stat": _numbers,
    "gauge": _gauge,
    "state-timeline": _states,
    "table": _table,
}
