"""Base and head in the same rounds as a picture: each pair, and the ratio of each round with what it shows."""

from typing import TYPE_CHECKING, Final

from edgetpu_ci import metrics, stats
from edgetpu_ci.model import Comparison, Report
from edgetpu_ci.render import plot, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_COMPARISONS = 12
_ROW_HEIGHT, _MARGINS = 2.3, 0.6
_NAME, _METRIC = 36, 20
_LEAST, _MOST = 1e-9, 1e9
_FIRST: Final = ("regressed", "improved", "inconclusive", "unchanged")
_COLOURS: Final = {"regressed": plot.WORSE, "improved": plot.BETTER, "inconclusive": plot.CHANGED}
_LEAST_PERCENT = 2.0
_INTERVAL: Final = f"{100 * stats.CONFIDENCE:g} % interval"


def shown(report: Report) -> list[Comparison]:
    """The comparisons that have rounds in pairs and can be drawn, what changed most first."""
    paired = [c for c in report.comparisons if c.pairs and _is_drawable(c)]
    return sorted(paired, key=lambda c: (_FIRST.index(c.finding), -abs((c.ratio or 1) - 1)))


def _is_drawable(comparison: Comparison) -> bool:
    known = [value for pair in comparison.pairs for value in pair]
    ratios = [comparison.ratio, *(comparison.interval or ()), comparison.min_effect]
    # Not a number is on neither side of a limit.
    return all(_LEAST < value < _MOST for value in known) and all(abs(r) < _MOST for r in ratios if r is not None)


def figure(report: Report) -> "Figure":
    """A row for each comparison in pairs, at most `MAX_COMPARISONS`; not yet in a file."""
    from matplotlib.figure import Figure

    paired = shown(report)
    rows = paired[:MAX_COMPARISONS]
    drawn = Figure(figsize=(plot.WIDTH, _MARGINS + _ROW_HEIGHT * len(rows)), layout="constrained")
    drawn.suptitle(_title(report, len(paired) - len(rows)), fontsize=11)
    for (left, right), comparison in zip(drawn.subplots(len(rows), 2, squeeze=False), rows, strict=True):
        _name(left, right, comparison)
        _pairs(left, comparison)
        _ratios(right, comparison)
    return drawn


def _title(report: Report, hidden: int) -> str:
    run = report.run
    parts = [
        f"Base and head on {words.place(run, 40)}, in the same rounds",
        f"{run.at:%Y-%m-%d %H:%M} UTC",
        f"{hidden} more are in the report" if hidden else "",
    ]
    return " · ".join(filter(None, parts))


def _name(left: "Axes", right: "Axes", comparison: Comparison) -> None:
    left.set_title(words.cut(words.plain(comparison.subject), _NAME), loc="left", fontsize=10, fontweight="bold")
    colour = _COLOURS.get(comparison.finding, "black")
    right.set_title(_finding(comparison), loc="right", fontsize=9, fontweight="bold", color=colour)


def _finding(comparison: Comparison) -> str:
    p = words.p_value(comparison)
    adjusted = f" · p {p}" if p else ""
    needed = f" · {comparison.rounds_needed} rounds would decide" if comparison.rounds_needed else ""
    return f"{words.change(comparison)}{needed or adjusted}"


def _pairs(axes: "Axes", comparison: Comparison) -> None:
    """Base and head of each round, joined: what moves both is the host's doing."""
    numbers = range(1, len(comparison.pairs) + 1)
    base, head = zip(*comparison.pairs, strict=True)
    axes.vlines(numbers, base, head, color=plot.BASE, linewidth=1, alpha=0.6)
    axes.plot(numbers, base, "o", color=plot.BASE, markersize=4.5, markerfacecolor="white", label="base")
    axes.plot(numbers, head, "o", color=plot.HEAD, markersize=4.5, label="head")
    metric = metrics.find(comparison.metric)
    label = words.cut(words.label(comparison.metric), _METRIC)
    plot.measured(axes, f"{label}, {metric.unit}" if metric.unit else label)
    _finish(axes, comparison)


def _ratios(axes: "Axes", comparison: Comparison) -> None:
    """Head against base in percent: each round, the estimate with its interval, and the band that does not matter."""
    percents = [100 * (head / base - 1) for base, head in comparison.pairs]
    if comparison.min_effect is not None:
        least = 100 * comparison.min_effect
        axes.axhspan(-least, least, color=plot.BASE, alpha=0.18, linewidth=0, label=f"min effect ±{least:.2g} %")
    axes.axhline(0, color="black", linewidth=0.8)
    if comparison.interval:
        low, high = (100 * (ratio - 1) for ratio in comparison.interval)
        axes.axhspan(low, high, color=plot.HEAD, alpha=0.22, linewidth=0, label=_INTERVAL)
    if comparison.ratio is not None:
        estimate = 100 * (comparison.ratio - 1)
        axes.axhline(estimate, color=plot.HEAD, linewidth=1.5, label=f"estimate {_signed(estimate)}")
    axes.plot(range(1, len(percents) + 1), percents, "o", color=plot.HEAD, markersize=4)
    # Without this the noise of a steady model would fill the picture, and look like news.
    axes.axhspan(-_LEAST_PERCENT, _LEAST_PERCENT, alpha=0)
    plot.measured(axes, "head against base, %")
    _finish(axes, comparison)


def _signed(percent: float) -> str:
    return f"{percent:+.1f} %".replace("-", "−")


def _finish(axes: "Axes", comparison: Comparison) -> None:
    from matplotlib.ticker import MaxNLocator

    dropped = f", {comparison.dropped} more were too disturbed" if comparison.dropped else ""
    axes.set_xlim(0.5, len(comparison.pairs) + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel(f"round{dropped}", fontsize=plot.SMALL)
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    plot.tidy(axes)
