"""A report as a picture: how each round went, and how latencies spread, one row for each model."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from edgetpu_ci.model import Comparison, Measurement, Report
from edgetpu_ci.render import lines, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_MODELS = 12

# Two colours that stay apart for every kind of colour vision, and as grey.
_HEAD, _BASE = "#0072b2", "#8a8a8a"
_WIDTH, _ROW_HEIGHT, _MARGINS = 10.0, 1.9, 1.3
_DPI = 130
_PERCENTILES: Final = ("latency_p50_ms", "latency_p90_ms", "latency_p95_ms", "latency_p99_ms")
_P10: Final = "latency_p10_ms"


class Panel(Struct, frozen=True):
    """What is drawn of one model, in milliseconds; `reason` says why there is nothing."""

    subject: str
    rounds: tuple[float, ...]
    percentiles: tuple[Measurement, ...]
    base: float | None
    against: str
    reason: str


def save(report: Report, path: Path) -> None:
    """Draw into a .png or .svg file. Raises ModuleNotFoundError where matplotlib is not installed."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    drawn = panels(report)
    shown = drawn[:MAX_MODELS]
    figure = Figure(figsize=(_WIDTH, _MARGINS + _ROW_HEIGHT * max(1, len(shown))), layout="constrained")
    # The same report gives the same file, and a model called $x$ is no formula.
    with rc_context({"svg.hashsalt": "edgetpu-ci", "text.parse_math": False, "axes.unicode_minus": True}):
        _draw(figure, report, shown, len(drawn) - len(shown))
        figure.savefig(path, dpi=_DPI, metadata={"Date": None} if path.suffix == ".svg" else {})


def panels(report: Report) -> list[Panel]:
    """Every model that has latencies, or should have."""
    compared = {comparison.key: comparison for comparison in report.comparisons}
    grouped = lines.by_subject(m for m in report.run.measurements if m.metric in {_P10, *_PERCENTILES})
    return [_panel(subject, measured, compared) for subject, measured in grouped.items()]


def _panel(subject: str, measured: Sequence[Measurement], compared: dict[str, Comparison]) -> Panel:
    level, against = _base(subject, compared)
    p10 = next((m for m in measured if m.metric == _P10), None)
    known = [m for m in measured if m.metric in _PERCENTILES and m.value is not None]
    return Panel(
        subject=words.plain(subject, 44),
        rounds=p10.slots if p10 else (),
        percentiles=tuple(sorted(known, key=lambda m: m.metric)),
        base=level,
        against=against,
        reason="" if known or (p10 and p10.slots) else words.plain(measured[0].reason, 90) or "not measured",
    )


def _base(subject: str, compared: dict[str, Comparison]) -> tuple[float | None, str]:
    """The 10th percentile there was before; sustained throughput is the same number turned round."""
    if latency := compared.get(f"{subject}/{_P10}"):
        return latency.base, latency.against
    throughput = compared.get(f"{subject}/throughput_sustained_fps")
    return (1000 / throughput.base, throughput.against) if throughput and throughput.base > 0 else (None, "")


def _draw(figure: "Figure", report: Report, shown: Sequence[Panel], more: int) -> None:
    run = report.run
    place = words.plain(run.machine.host or run.machine.key, 40)
    busy = " · the machine was busy" if run.contended else ""
    hidden = f" · {more} more models in the report" if more else ""
    figure.suptitle(f"Latency on {place} · {run.at:%Y-%m-%d %H:%M} UTC{busy}{hidden}", fontsize=11)
    axes = figure.subplots(max(1, len(shown)), 2, squeeze=False, width_ratios=(3, 2))
    for row, panel in zip(axes, shown, strict=False):
        row[0].set_title(panel.subject, loc="left", fontsize=10, fontweight="bold")
        if panel.reason:
            _say(row, panel.reason)
        else:
            _rounds(row[0], panel)
            _spread(row[1], panel)
    if not shown:
        _say(axes[0], "no latency was measured")
    elif not shown[-1].reason:
        axes[-1][0].set_xlabel("round: one fresh process each", fontsize=8)


def _say(row: Sequence["Axes"], sentence: str) -> None:
    for axes in row:
        axes.set_axis_off()
    row[0].text(0, 0.5, sentence, fontsize=9, transform=row[0].transAxes)


def _rounds(axes: "Axes", panel: Panel) -> None:
    numbers = range(1, len(panel.rounds) + 1)
    axes.plot(numbers, panel.rounds, "o", color=_HEAD, markersize=5, label="p10 of a round")
    if panel.rounds:
        level = sorted(panel.rounds)[len(panel.rounds) // 2]
        axes.axhline(level, color=_HEAD, linewidth=1, label=f"median {level:.4g} ms")
    if panel.base is not None:
        axes.axhline(
            panel.base, color=_BASE, linewidth=1.5, linestyle="--", label=f"{panel.against} {panel.base:.4g} ms"
        )
    _tidy(axes)
    axes.set_ylabel("ms", fontsize=8)
    axes.margins(y=0.25)
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)


def _spread(axes: "Axes", panel: Panel) -> None:
    """Percentiles as bars with their intervals."""
    values = [m.value or 0.0 for m in panel.percentiles]
    names = [words.label(m.metric).removeprefix("latency ") for m in panel.percentiles]
    errors = [
        [abs(v - m.interval[side]) if m.interval else 0.0 for v, m in zip(values, panel.percentiles, strict=True)]
        for side in (0, 1)
    ]
    axes.barh(names, values, xerr=errors, color=_HEAD, alpha=0.75, height=0.6, error_kw={"elinewidth": 1, "capsize": 2})
    for name, value in zip(names, values, strict=True):
        axes.text(0, name, f" {value:.4g} ms", va="center", fontsize=7, color="white")
    axes.invert_yaxis()
    _tidy(axes)
    axes.set_xlim(left=0)


def _tidy(axes: "Axes") -> None:
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
