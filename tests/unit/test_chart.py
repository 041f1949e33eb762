"""The picture: what is drawn, and that nothing lies on anything else."""

from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from edgetpu_ci import report_folder
from edgetpu_ci.errors import ConfigError, StoreError
from edgetpu_ci.model import Measurement, Report, Rule
from edgetpu_ci.render import chart, plot
from tests.fakes import reports

pytest.importorskip("matplotlib", reason='drawing needs the extra "chart"')


if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text


def long_names() -> Report:
    """Names longer than a picture is wide, some in letters the font may lack."""
    names = ("w" * 200, "人物検出" * 20)
    now = [m for name in names for m in reports.model(name, 2.9, seed=2)]
    return reports.report(now, [m for name in names for m in reports.model(name, 2.6)])


def one_model() -> Report:
    return reports.report(reports.model("mobilenet_v2", 2.62))


def extreme() -> Report:
    """Numbers that no clock gives."""
    return reports.report([m for ms in (1e-5, 1e30) for m in reports.model(f"m{ms}", ms)], rules=())


def hostile_pairs() -> Report:
    """Rounds in pairs of things with hostile and of long names."""
    report = reports.in_pairs()
    names = (reports.HOSTILE, "w" * 200, "人物検出" * 20, "$x$")
    named = zip(report.comparisons, names, strict=True)
    return replace(report, comparisons=tuple(replace(c, subject=name, metric=name) for c, name in named))


EVERY = (
    reports.regressed,
    reports.crashed,
    reports.nothing_measured,
    reports.hostile,
    reports.many,
    long_names,
    one_model,
    extreme,
    reports.in_pairs,
    hostile_pairs,
)


def drawn_ticks(axes: "Axes") -> list["Text"]:
    """Those within the view: matplotlib keeps a few beyond it."""
    low, high = sorted(axes.get_ylim())
    return [text for text in axes.get_yticklabels() if low <= text.get_position()[1] <= high]


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("make", EVERY)
def test_no_text_lies_on_another(make: Callable[[], Report]) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = chart.figure(make())
    FigureCanvasAgg(figure).draw()  # type: ignore[no-untyped-call]
    texts = [text for axes in figure.axes for text in (axes.title, axes._left_title, axes._right_title)]  # type: ignore[attr-defined]
    texts += [text for axes in figure.axes for text in (axes.xaxis.label, axes.yaxis.label)]
    texts += [text for axes in figure.axes[1::2] if axes.axison for text in drawn_ticks(axes)]
    legends = [axes.get_legend() for axes in figure.axes]
    placed = [item.get_window_extent() for item in (*figure.texts, *texts, *filter(None, legends))]
    boxes = [box for box in placed if box.width > 1]
    assert len(boxes) >= 2
    assert not [pair for pair in combinations(boxes, 2) if pair[0].padded(-1).overlaps(pair[1].padded(-1))]


def test_each_suffix_gives_its_format(tmp_path: Path) -> None:
    for name in ("c.png", "c.PNG", "c.svg"):
        assert report_folder.draw(tmp_path / name, one_model()) == tmp_path / name
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "c.PNG").read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in (tmp_path / "c.svg").read_bytes()


@pytest.mark.parametrize("name", ["c.foo", "c", "c.pdf"])
def test_another_suffix_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=rf"{name} cannot be drawn; name a file that ends in \.png or \.svg"):
        report_folder.draw(tmp_path / name, one_model())
    assert list(tmp_path.iterdir()) == []


def test_the_same_report_gives_the_same_file() -> None:
    for kind in plot.KINDS:
        assert chart.image(reports.regressed(), kind) == chart.image(reports.regressed(), kind)


def test_letters_the_font_lacks_are_no_failure() -> None:
    assert len(chart.image(long_names(), "png")) > 10_000


def test_a_chart_that_cannot_be_written_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "chart.png").mkdir()
    with pytest.raises(StoreError, match=r"chart\.png could not be written: is a directory"):
        report_folder.draw(tmp_path / "chart.png", one_model())


def test_a_base_is_drawn_from_what_was_compared() -> None:
    drawn = {panel.subject: panel for panel in chart.panels(reports.regressed())}
    level, against = drawn["mobilenet_v2"].base or (0.0, "")
    assert level == pytest.approx(2.629, abs=0.001)
    assert against == "baseline"
    assert drawn["mobilenet_v2"].change.startswith("throughput sustained: ▼ 11 % slower")
    assert drawn["yolo_nano"].change == ""


def test_a_base_of_the_latency_itself_is_taken_as_it_is() -> None:
    rules = [Rule(match="*/latency_p10_ms", worse_by_percent=5)]
    said = reports.report(reports.model("m", 2.9, seed=2), reports.model("m", 2.6), rules=rules)
    (panel,) = chart.panels(said)
    assert panel.base
    assert panel.base[0] == pytest.approx(2.608, abs=0.001)
    assert panel.change.startswith("latency p10: ▲ 12 % slower")


def test_a_report_without_latencies_says_so() -> None:
    facts = [m for m in reports.model("m", 2.6) if not m.device]
    figure = chart.figure(reports.report(facts, rules=()))
    assert [text.get_text() for text in figure.axes[0].texts] == ["no latency was measured"]


def test_without_a_base_none_is_drawn() -> None:
    assert [panel.base for panel in chart.panels(one_model())] == [None]


def test_a_crash_is_drawn_as_its_reason_and_comes_first() -> None:
    first = chart.panels(reports.crashed())[0]
    assert (first.subject, first.reason) == ("yolo_nano", reports.CRASH)


def test_of_many_models_those_that_changed_are_drawn() -> None:
    figure = chart.figure(reports.many())
    assert len(figure.axes) == 2 * chart.MAX_MODELS
    assert "28 more models are in the report" in figure.get_suptitle()
    assert all(panel.change for panel in chart.panels(reports.many())[:10])


def test_any_other_command_has_its_rounds_drawn() -> None:
    timed = Measurement(subject="search", metric="time_ms", value=12.0, slots=(11.0, 12.0, 13.0))
    (panel,) = chart.panels(reports.report([timed]))
    assert (panel.subject, panel.rounds, panel.reason) == ("search", (11.0, 12.0, 13.0), "")


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
def test_whatever_numbers_a_report_holds_there_is_a_picture(seed: int) -> None:
    assert b"<svg" in chart.image(reports.with_numbers(Random(seed)), "svg")  # noqa: S311 - no secret
