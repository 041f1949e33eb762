"""The course of one thing that is wrong, as a picture: its last values, its limit, and since when."""

from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from edgetpu_ci import metrics
from edgetpu_ci.model import REPOSITORY, Point
from edgetpu_ci.render import plot, words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HEIGHT, _WIDTH = 2.6, 7.0
_NAME: Final = 80
_FEWEST, _MOST = 2, 1e15


class Course(Struct, frozen=True, kw_only=True):
    """Values of a metric of a subject, oldest first, in its unit; `limit` in the same; `bad` is when it began."""

    metric: str
    subject: str
    points: tuple[Point, ...]
    bad: datetime
    limit: float | None = None


@lru_cache(maxsize=16)
def png(course: Course) -> bytes:
    """The picture, drawn once, wherever it is shown.

    Nothing where matplotlib is not installed, one value alone has no course, or one breaks arithmetic.
    """
    values = [*(point.value for point in course.points), course.limit or 0.0]
    if len(course.points) < _FEWEST or max(map(abs, values)) > _MOST:
        return b""
    try:
        return plot.image(lambda: figure(course), "png")
    except ModuleNotFoundError:
        return b""


def figure(course: Course) -> "Figure":
    """The picture, not yet in a file."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(_WIDTH, _HEIGHT), layout="constrained")
    axes = drawn.subplots()
    times, values = [point.at for point in course.points], [point.value for point in course.points]
    axes.plot(times, values, ".-", color=plot.HEAD, markersize=4, linewidth=1)  # type: ignore[arg-type]
    if times[0] < course.bad < times[-1]:
        axes.axvspan(course.bad, times[-1], color=plot.WORSE, alpha=0.15, lw=0)  # type: ignore[arg-type]
    if course.limit is not None:
        axes.axhline(course.limit, color=plot.WORSE, linewidth=1.2, linestyle="--")
    of = "" if course.subject == REPOSITORY else f" of {words.plain(course.subject)}"
    axes.set_title(words.cut(f"{words.label(course.metric)}{of}", _NAME), loc="left", fontsize=10, fontweight="bold")
    axes.set_xlabel(_said(course), fontsize=plot.SMALL, loc="left")
    places = AutoDateLocator()  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(places)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(places, show_offset=False))  # type: ignore[no-untyped-call]
    plot.measured(axes, metrics.find(course.metric).unit)
    plot.tidy(axes)
    return drawn


def _said(course: Course) -> str:
    limit = "" if course.limit is None else f" · limit {metrics.answer(course.limit, course.metric)} (dashed)"
    return f"{len(course.points):,} runs of main · bad since {course.bad:%Y-%m-%d %H:%M} UTC{limit}"
