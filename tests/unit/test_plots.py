"""The plots of rounds in pairs and of histories: what is drawn, in which order, and that it can be read."""

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pytest
from msgspec.structs import replace

from edgetpu_ci.model import Change, Series
from edgetpu_ci.render import ab_plot, chart, history_plot, plot
from tests.fakes import histories, reports

pytest.importorskip("matplotlib", reason='drawing needs the extra "chart"')

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SLOWER = next(one for one in histories.few() if one.subject == "mobilenet_v2" and one.changes)


def labels(axes: "Axes") -> list[str]:
    legend = axes.get_legend()
    return [text.get_text() for text in legend.get_texts()] if legend else []


def test_a_report_with_rounds_in_pairs_is_drawn_as_these() -> None:
    figure = chart.figure(reports.in_pairs())
    assert "in the same rounds" in figure.get_suptitle()
    titles = [axes.get_title(loc="left") for axes in figure.axes[::2]]
    assert titles == ["mobilenet_v2", "efficientdet0", "deeplab_v3", "yolo_nano"]
    assert {axes.get_ylabel() for axes in figure.axes[::2]} == {"latency p10, ms"}


def test_the_finding_is_said_in_words_with_what_would_decide_it() -> None:
    said = [axes.get_title(loc="right") for axes in chart.figure(reports.in_pairs()).axes[1::2]]
    assert said == [
        "▲ 3.2 % slower (+2.8 … +3.6 %) · p 0.0004",
        "▼ 4.9 % faster (−5.3 … −4.5 %) · p 0.0004",
        "inconclusive (−0.7 … +3.3 %) · 64 rounds would decide",
        "no change shown (−0.3 … +0.5 %) · p 0.31",
    ]


def test_each_round_is_a_pair_and_a_ratio() -> None:
    report = reports.in_pairs()
    left, right = ab_plot.figure(report).axes[:2]
    base, head = (np.asarray(line.get_ydata()).tolist() for line in left.get_lines())
    pairs = report.comparisons[0].pairs
    assert list(zip(base, head, strict=True)) == list(pairs)
    percents = right.get_lines()[-1].get_ydata()
    assert percents == pytest.approx([100 * (after / before - 1) for before, after in pairs])
    assert labels(left) == ["base", "head"]
    assert labels(right) == ["min effect ±1 %", "99 % interval", "estimate +3.2 %"]


def test_rounds_that_were_too_disturbed_are_said() -> None:
    figure = ab_plot.figure(reports.in_pairs())
    assert figure.axes[2].get_xlabel() == "round, 2 more were too disturbed"


def test_of_many_comparisons_the_greatest_changes_are_drawn() -> None:
    report = reports.in_pairs()
    many = replace(report, comparisons=tuple(replace(c, subject=f"{n}") for n in range(10) for c in report.comparisons))
    figure = ab_plot.figure(many)
    assert len(figure.axes) == 2 * ab_plot.MAX_COMPARISONS
    assert "28 more are in the report" in figure.get_suptitle()
    assert all("slower" in axes.get_title(loc="right") for axes in figure.axes[1:20:2])


@pytest.mark.parametrize("value", [0.0, -1.0, 1e300, float("inf"), float("nan")])
def test_rounds_no_clock_gives_are_left_to_the_report(value: float) -> None:
    report = reports.in_pairs()
    broken = tuple(replace(c, pairs=((value, 1.0), *c.pairs)) for c in report.comparisons)
    assert ab_plot.shown(replace(report, comparisons=broken)) == []


def test_a_history_marks_each_change_with_its_commits() -> None:
    (axes,) = history_plot.figure([SLOWER]).axes
    said = [text.get_text() for text in axes.texts]
    commits = [
        f"{SLOWER.points[c.index - 1].commit[:10]} … {SLOWER.points[c.index].commit[:10]}" for c in SLOWER.changes
    ]
    assert said == [f"▼ 7 % faster\n{commits[0]}", f"▲ 11 % slower\n{commits[1]}"]
    assert "lower is better" in axes.get_xlabel()


def test_what_is_only_suspected_is_said_so() -> None:
    suspected = replace(SLOWER, changes=(replace(SLOWER.changes[1], tier="suspected"),))
    (axes,) = history_plot.figure([suspected]).axes
    assert axes.texts[0].get_text().startswith("▲ 11 % slower (suspected)")
    assert [line.get_linestyle() for line in axes.get_lines()[1:]] == ["--"]


def crowded() -> Series:
    changes = tuple(Change(index=index, tier="confirmed", before=1.0, after=2.0) for index in range(4, 230, 7))
    return replace(SLOWER, changes=changes)


def hostile() -> Series:
    points = tuple(replace(p, commit=reports.HOSTILE) for p in SLOWER.points)
    return replace(SLOWER, subject=reports.HOSTILE * 3, device="$x$ 人物", metric=reports.HOSTILE, points=points)


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("series", [SLOWER, crowded(), hostile(), replace(SLOWER, points=SLOWER.points[:1])])
def test_no_words_of_a_history_lie_on_others(series: Series) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = history_plot.figure([series])
    FigureCanvasAgg(figure).draw()  # type: ignore[no-untyped-call]
    (axes,) = figure.axes
    titles = [axes._left_title, axes.xaxis.label, axes.yaxis.label]  # type: ignore[attr-defined]
    boxes = [text.get_window_extent() for text in (*figure.texts, *titles, *axes.texts, *axes.get_xticklabels())]
    boxes = [box for box in boxes if box.width > 1]
    assert len(boxes) > 3
    assert not [pair for pair in combinations(boxes, 2) if pair[0].padded(-1).overlaps(pair[1].padded(-1))]


def test_of_many_series_those_that_changed_last_are_drawn() -> None:
    figure = history_plot.figure(histories.few(60))
    assert len(figure.axes) == history_plot.MAX_SERIES
    assert figure.get_suptitle() == "History of 12 of 40 series, the newest change first"
    assert figure.axes[0].get_title(loc="left").startswith("efficientdet0 · latency p99")


def test_no_series_is_said() -> None:
    assert history_plot.figure([]).get_suptitle() == "There is no series yet"


def test_the_same_series_give_the_same_file() -> None:
    for kind in plot.KINDS:
        first, second = (plot.image(lambda: history_plot.figure([SLOWER]), kind) for _ in range(2))
        assert first == second
        assert chart.image(reports.in_pairs(), kind) == chart.image(reports.in_pairs(), kind)


def test_a_name_that_looks_like_a_formula_is_a_name() -> None:
    named = replace(SLOWER, subject="$\\frac$")
    assert plot.image(lambda: history_plot.figure([named]), "svg").startswith(b"<?xml")
