"""A report as a picture: rounds in pairs where there are any, else each model's rounds and how latencies spread."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from edgetpu_ci import metrics, stats
from edgetpu_ci.model import REPOSITORY, Comparison, Measurement, Report
from edgetpu_ci.render import ab_plot, kpi_plot, lines, plot, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_MODELS = 12

_ROW_HEIGHT, _MARGINS = 1.9, 0.9
_TITLE = 36
_SENTENCE = 0.3
_LEAST_SPAN = 0.03
_MOST_MS = 1e9
_P10: Final = "latency_p10_ms"
_ROUNDS: Final = (_P10, "time_ms")
"""What is measured once in each round: of a model, and of any other command."""
_PERCENTILES: Final = ("latency_p50_ms", "latency_p90_ms", "latency_p95_ms", "latency_p99_ms")


class Panel(Struct, frozen=True, kw_only=True):
    """What is drawn of one model, in milliseconds; `reason` says why there is nothing."""

    subject: str
    rounds: tuple[float, ...]
    percentiles: tuple[Measurement, ...]
    base: tuple[float, str] | None
    change: str
    reason: str


def image(report: Report, kind: str) -> bytes:
    """The picture as a file of one of `plot.KINDS`. Raises ModuleNotFoundError where matplotlib is not installed."""
    return plot.image(lambda: figure(report), kind)


def figure(report: Report) -> "Figure":
    """The picture, not yet in a file: of key figures, of rounds in pairs where there are any, else of each model."""
    if report.run.machine.key == REPOSITORY:
        return kpi_plot.figure(report)
    return ab_plot.figure(report) if ab_plot.shown(report) else _models(report)


def _models(report: Report) -> "Figure":
    from matplotlib.figure import Figure

    known = panels(report)
    shown = known[:MAX_MODELS]
    drawn = Figure(figsize=(plot.WIDTH, _MARGINS + _ROW_HEIGHT * sum(_heights(shown))), layout="constrained")
    _draw(drawn, _title(report, len(known) - len(shown)), shown)
    return drawn


def panels(report: Report) -> list[Panel]:
    """Every model that has latencies or should have, those that changed first."""
    compared = {comparison.key: comparison for comparison in report.comparisons}
    timed = lines.by_subject(m for m in report.run.measurements if m.metric in {*_ROUNDS, *_PERCENTILES})
    found = [_panel(subject, measured, compared) for subject, measured in timed.items()]
    return sorted(found, key=lambda panel: not (panel.change or panel.reason))


def _panel(subject: str, measured: Sequence[Measurement], compared: Mapping[str, Comparison]) -> Panel:
    found = [compared.get(f"{subject}/{metric}") for metric in (*_ROUNDS, "throughput_sustained_fps")]
    comparison = next(filter(None, found), None)
    rounds = tuple(slot for m in measured if m.metric in _ROUNDS for slot in m.slots if _is_time(slot))
    known = sorted((m for m in measured if m.metric != _P10 and m.value and _is_time(m.value)), key=_name)
    return Panel(
        subject=words.cut(words.plain(subject), _TITLE),
        rounds=rounds,
        percentiles=tuple(known),
        base=_base(comparison) if comparison else None,
        change=_change(comparison) if comparison and comparison.finding != "unchanged" else "",
        reason="" if known or rounds else words.plain(measured[0].reason, 110) or "not measured",
    )


def _is_time(value: float) -> bool:
    return 0 <= value <= _MOST_MS


def _name(measurement: Measurement) -> str:
    return words.label(measurement.metric).removeprefix("latency ")


def _change(comparison: Comparison) -> str:
    return f"{words.label(comparison.metric)}: {words.change(comparison)}"


def _base(comparison: Comparison) -> tuple[float, str] | None:
    """The 10th percentile there was before; sustained throughput is the same number turned round."""
    if comparison.base <= 0:
        return None
    level = comparison.base if comparison.metric in _ROUNDS else 1000 / comparison.base
    return (level, comparison.against) if _is_time(level) else None


def _title(report: Report, hidden: int) -> str:
    run = report.run
    parts = [
        f"Latency on {words.place(run, 40)}",
        f"{run.at:%Y-%m-%d %H:%M} UTC",
        "the machine was busy" if run.contended else "",
        f"{hidden} more models are in the report" if hidden else "",
    ]
    return " · ".join(filter(None, parts))


def _draw(figure: "Figure", title: str, shown: Sequence[Panel]) -> None:
    figure.suptitle(title, fontsize=11)
    heights = _heights(shown)
    axes = figure.subplots(len(heights), 2, squeeze=False, width_ratios=(3, 2), height_ratios=heights)
    for (left, right), panel in zip(axes, shown, strict=False):
        left.set_title(panel.subject, loc="left", fontsize=10, fontweight="bold")
        right.set_title(panel.change, loc="right", fontsize=plot.SMALL)
        if panel.reason:
            _say(left, right, panel.reason)
        else:
            _rounds(left, panel)
            _spread(right, panel)
    if not shown:
        _say(axes[0][0], axes[0][1], "no latency was measured")


def _heights(shown: Sequence[Panel]) -> list[float]:
    """Of each row, as a share: a sentence needs less room than a curve."""
    return [_SENTENCE if panel.reason else 1.0 for panel in shown] or [_SENTENCE]


def _say(left: "Axes", right: "Axes", sentence: str) -> None:
    for axes in (left, right):
        axes.set_axis_off()
    left.text(0, 0.5, sentence, fontsize=9, transform=left.transAxes)


def _rounds(axes: "Axes", panel: Panel) -> None:
    """A dot for each round; their median, how sure it is, and what was before."""
    from matplotlib.ticker import MaxNLocator

    axes.plot(range(1, len(panel.rounds) + 1), panel.rounds, "o", color=plot.HEAD, markersize=5, label="a round")
    if panel.rounds:
        _median(axes, sorted(panel.rounds))
    if panel.base:
        level, against = panel.base
        axes.axhline(level, color=plot.BASE, linewidth=1.5, linestyle="--", label=f"{against} {_ms(level)}")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("round: one fresh process each", fontsize=plot.SMALL)
    axes.set_ylabel("ms", fontsize=plot.SMALL)
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    plot.tidy(axes)


def _median(axes: "Axes", ordered: Sequence[float]) -> None:
    level = stats.percentile(ordered, 0.5)
    axes.axhline(level, color=plot.HEAD, linewidth=1, label=f"median {_ms(level)}")
    if interval := stats.percentile_interval(ordered, 0.5):
        axes.axhspan(*interval, color=plot.HEAD, alpha=0.15, linewidth=0, label="its 95 % interval")
    # Without this the noise of a steady model would fill the picture, and look like news.
    axes.axhspan(level * (1 - _LEAST_SPAN), level * (1 + _LEAST_SPAN), alpha=0)


def _spread(axes: "Axes", panel: Panel) -> None:
    """Percentiles of all samples as bars with their 95 % intervals."""
    for measurement in panel.percentiles:
        value = measurement.value or 0.0
        edges = measurement.interval or (value, value)
        errors = [[abs(edge - value) if _is_time(edge) else 0.0] for edge in edges]
        axes.barh(f"{_name(measurement)}  {_ms(value)}", value, xerr=errors, color=plot.HEAD, height=0.6, capsize=2)
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.set_xlabel("ms, all samples", fontsize=plot.SMALL)
    plot.tidy(axes)


def _ms(value: float) -> str:
    return metrics.amount(value, metrics.find(_P10))
