"""A dead man's switch: what nothing is heard of any more is an alert, whatever reports say."""

from datetime import datetime, timedelta

import pytest

from edgetpu_ci.alerting.looking import Looking, News
from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.incidents import backtest
from edgetpu_ci.incidents.record import Book
from edgetpu_ci.model import Report
from edgetpu_ci.render import backtest as rendered
from tests.fakes.alerting import START, at, report, value

RULE = AlertRule(
    name="benchmarks_silent",
    match="*/throughput_sustained_fps",
    silent_above_hours=48,
    severity="critical",
    summary="Nobody measures",
)
DAY = 24 * 60


def run(days: float, fps: float | None = 100.0) -> Report:
    return report(value("throughput_sustained_fps", fps, "mobilenet"), minutes=days * DAY, machine="pi-4")


def look(book: Book, *reports: Report, days: float) -> Book:
    """A job that looks so many days after the first run, with what is new to it."""
    looking = Looking(rules=(RULE,), group_by=("alertname", "repo", "branch"), repository="acme/detector")
    names = {"reports": [one.run.id for one in reports]}
    return looking.at(book, News(names=names, reports=reports), at(days * DAY))


def open_since(book: Book) -> list[datetime]:
    return [one.alerts[0].bad.at for one in book.incidents if one.is_open]


def test_silence_is_noticed_by_whoever_looks_and_began_when_the_time_was_over() -> None:
    book = look(Book(), run(0), days=0)
    assert open_since(look(book, days=1.99)) == []
    assert open_since(look(book, days=2)) == [], "two days are not more than two days"
    book = look(book, days=3)
    assert open_since(book) == [START + timedelta(days=2)]
    alert = book.incidents[0].alerts[0]
    assert alert.because == (
        "Nobody measures: nothing was heard of throughput_sustained_fps of mobilenet for 2 days, last on "
        "2026-11-25 12:00 UTC"
    )
    assert alert.labels["machine"] == "pi-4"


def test_looking_again_changes_nothing() -> None:
    book = look(look(Book(), run(0), days=0), days=3)
    assert look(book, days=3) == book
    assert look(book, days=4) == book


def test_the_first_news_ends_it() -> None:
    book = look(look(Book(), run(0), days=0), days=3)
    assert open_since(look(book, run(4), days=4)) == []


def test_news_from_before_it_was_noticed_end_it_too() -> None:
    """A runner that measured in time, and whose report reached the store late."""
    book = look(look(Book(), run(0), days=0), days=3)
    assert open_since(look(book, run(2.5), days=4)) == []


def test_a_run_without_a_value_is_no_news() -> None:
    book = look(look(Book(), run(0), days=0), run(1.5, fps=None), days=1.5)
    assert open_since(look(book, days=2.5)) == [START + timedelta(days=2)]


def test_it_falls_silent_again() -> None:
    book = look(look(look(Book(), run(0), days=0), days=3), run(4), days=4)
    assert open_since(look(book, days=7)) == [START + timedelta(days=6)]


def test_what_was_never_heard_of_is_not_silent() -> None:
    assert look(Book(), days=30).incidents == ()


@pytest.mark.parametrize(("hours", "pages"), [(48, 1), (12, 3), (100, 0)])
def test_a_backtest_finds_the_gaps_of_the_past(hours: float, pages: int) -> None:
    rule = backtest.with_threshold(RULE, "silent_above_hours", hours)
    found = backtest.replay(rule, [run(0), run(1), run(4), run(5)])
    assert found is not None
    assert len(found.pages) == pages
    assert rendered.demanded(rule) == f"silent for more than {hours} hours"
