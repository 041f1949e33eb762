"""Key figures as a picture: a small course for each, what is broken first, with its limit."""

import re
from collections.abc import Sequence
from datetime import datetime
from textwrap import fill
from typing import TYPE_CHECKING, Final, Literal

from edgetpu_ci.model import Report
from edgetpu_ci.render import key_figures, plot, words
from edgetpu_ci.render.key_figures import Figure, Standing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Picture

Side = Literal["left", "center", "right"]

MAX_FIGURES = 24
_COLUMNS = 4
_ROW_HEIGHT, _MARGINS = 1.9, 0.7
_LEAST_SPAN = 0.05
_NAME, _LINE, _DATE = 27, 38, 7
_MOST = 1e15
_COLOURS: Final[dict[Standing, str]] = {"failed": plot.WORSE, "warned": plot.CHANGED}
_BOUND: Final = re.compile(r"\b(min|target|max) (-?[0-9.]+(?:e[+-]?[0-9]+)?)")


def figure(report: Report) -> "Picture":
    """At most `MAX_FIGURES` of those with a value, headlines before others; not yet in a file."""
    from matplotlib.figure import Figure

    known = [f for f in key_figures.of(report) if not f.is_of_part and _can_be_drawn(f) and _has_something_to_see(f)]
    shown = sorted(known, key=lambda f: (not f.needs_attention, not f.is_headline))[:MAX_FIGURES]
    rows = max(1, -(-len(shown) // _COLUMNS))
    drawn = Figure(figsize=(plot.WIDTH, _MARGINS + _ROW_HEIGHT * rows), layout="constrained")
    drawn.suptitle(_title(report, len(known) - len(shown)), fontsize=11)
    places = drawn.subplots(rows, _COLUMNS, squeeze=False).flat
    for axes in places[len(shown) :]:
        axes.set_axis_off()
    for axes, one in zip(places, shown, strict=False):
        _draw(axes, one, report.run.at)
    if not shown:
        drawn.text(0.02, 0.4, _NOTHING, fontsize=9)
    return drawn


_NOTHING: Final = "No figure has a limit, or a course yet: that begins with the second run."


def _has_something_to_see(one: Figure) -> bool:
    """A dot alone tells nobody anything: there is a course, or a limit to lie within."""
    return len(one.course) > 1 or bool(_bounds(one))


def _can_be_drawn(one: Figure) -> bool:
    """Whether there is a value, and no number of a stranger that breaks arithmetic."""
    value = one.measurement.value
    return value is not None and all(abs(number) <= _MOST for number in (value, *one.course))


def _title(report: Report, hidden: int) -> str:
    counted = [f"{count:,} {outcome}" for outcome, count in key_figures.counts(key_figures.of(report)).items()]
    more = [f"{hidden} more are in the report"] if hidden else []
    return " · ".join(["KPIs", f"{report.run.at:%Y-%m-%d %H:%M} UTC", *counted[:2], *more])


def _draw(axes: "Axes", one: Figure, now: datetime) -> None:
    values = one.course or (one.measurement.value or 0.0,)
    colour = _COLOURS.get(one.standing, plot.HEAD)
    axes.plot(values, ".-", color=colour, markersize=3, linewidth=1)
    axes.plot([len(values) - 1], [values[-1]], "o", color=colour, markersize=5)
    bounds = _bounds(one)
    for name, bound in bounds:
        axes.axhline(bound, color=plot.BASE, linewidth=1, linestyle=":" if name == "target" else "--")
    _scale(axes, [*values, *(bound for _, bound in bounds)])
    axes.set_title(fill(words.label(one.measurement.metric), _NAME), loc="left", fontsize=9, fontweight="bold")
    axes.set_xlabel(fill(_said(one), _LINE), fontsize=plot.SMALL, color=colour, loc="left")
    plot.tidy(axes)
    _date(axes, one, now)


def _date(axes: "Axes", one: Figure, now: datetime) -> None:
    """When the first and the newest value were, below them."""
    last = max(0, len(one.course) - 1)
    ends = [(0, one.since)] if one.since and last else []
    ends.append((last, now))
    axes.set_xticks([place for place, _ in ends], [f"{at:%Y-%m-%d}" for _, at in ends], fontsize=_DATE)
    for label, side in zip(axes.get_xticklabels(), _SIDES[-len(ends) :] if last else _ALONE, strict=True):
        label.set_horizontalalignment(side)


_SIDES: Final[tuple[Side, ...]] = ("left", "right")
_ALONE: Final[tuple[Side, ...]] = ("center",)


def _bounds(one: Figure) -> list[tuple[str, float]]:
    """The limits that are demanded, as the verdicts name them."""
    return [(name, float(bound)) for v in one.verdicts for name, bound in _BOUND.findall(v.demand)]


def _scale(axes: "Axes", held: Sequence[float]) -> None:
    """Room around what is shown, no magnified noise, and nothing below 0 where nothing is."""
    low, high = min(held), max(held)
    spare = max(0.1 * (high - low), _LEAST_SPAN * max(abs(low), abs(high))) or 1.0
    top = high + spare
    axes.set_ylim(-_LEAST_SPAN * top if 0 <= low < spare else low - spare, top)


def _said(one: Figure) -> str:
    """The newest value, what became of it, and what is demanded."""
    change = key_figures.change(one.measurement)
    parts = [key_figures.value(one.measurement), change.partition(",")[0], key_figures.demanded(one)]
    return " · ".join(filter(None, parts))
