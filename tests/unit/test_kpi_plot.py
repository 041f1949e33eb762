"""The picture of key figures: a small course for each, what is broken first."""

import numpy as np
import pytest
from msgspec.structs import replace

pytest.importorskip("matplotlib", reason='drawing needs the extra "chart"')

from edgetpu_ci.render import chart, plot
from tests.fakes import kpi_reports
from tests.fakes.kpi_reports import figure


def titles(report: object) -> list[str]:
    return [axes.get_title(loc="left") for axes in chart.figure(report).axes if axes.axison]  # type: ignore[arg-type]


def test_what_is_broken_comes_first_in_its_colour_with_its_limits() -> None:
    drawn = chart.figure(kpi_reports.kpis_two_breaches())
    assert drawn.get_suptitle() == "KPIs · 2026-03-04 05:06 UTC · 2 below their limit · 3 as they should be"
    first, second, third = drawn.axes[:3]
    assert [first.get_title(loc="left"), second.get_title(loc="left")] == ["test coverage", "build success rate"]
    assert first.lines[0].get_color() == plot.WORSE != third.lines[0].get_color()
    assert [np.asarray(line.get_ydata())[0] for line in first.lines[2:]] == [80, 90]
    assert second.get_xlabel() == "84.33 % · ▼ worse · min 90, target 98"


def test_limits_lie_within_the_picture() -> None:
    for axes in chart.figure(kpi_reports.kpis_two_breaches()).axes:
        low, high = axes.get_ylim()
        drawn = np.concatenate([np.asarray(line.get_ydata(), dtype=float) for line in axes.lines] or [np.array([low])])
        assert low <= drawn.min() <= drawn.max() <= high


def test_of_many_the_headlines_are_drawn_and_the_rest_counted() -> None:
    drawn = chart.figure(kpi_reports.kpis_many())
    assert len(titles(kpi_reports.kpis_many())) == 24
    assert "8 more are in the report" in drawn.get_suptitle()
    assert titles(kpi_reports.kpis_many())[:2] == ["test coverage", "test execution time"]


def test_what_is_not_known_and_parts_are_not_drawn() -> None:
    report = kpi_reports.report(
        [figure("tests", 4), figure("tests", 9, "a.yml"), figure("flaky_tests", reason="none")], ()
    )
    assert titles(report) == ["tests"]


def test_nothing_known_is_a_picture_all_the_same() -> None:
    assert titles(kpi_reports.report((), ())) == []


def test_of_a_first_run_only_what_has_a_limit_is_drawn() -> None:
    first = replace(kpi_reports.kpis_all_well(), trend=())
    assert set(titles(first)) == {"test coverage", "test execution time", "security score", "build success rate",
                                  "build time"}  # fmt: skip
    free = replace(kpi_reports.report(kpi_reports.well(), ()), trend=())
    assert titles(free) == []
    assert [text.get_text() for text in chart.figure(free).texts if "second run" in text.get_text()]


def test_the_days_of_the_first_and_the_newest_value_stand_below() -> None:
    axes = chart.figure(kpi_reports.kpis_two_breaches()).axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["2026-02-24", "2026-03-04"]
    assert list(axes.get_xticks()) == [0, 8]


def test_no_title_is_cut() -> None:
    long = figure("failed_deployment_recovery_time_hours", 4)
    (title,) = titles(kpi_reports.report([long], ()))
    assert title.split() == ["failed", "deployment", "recovery", "time"]


def test_the_same_report_gives_the_same_file() -> None:
    report = kpi_reports.kpis_hostile()
    assert chart.image(report, "svg") == chart.image(report, "svg")
