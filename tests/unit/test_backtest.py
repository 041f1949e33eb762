"""What an alert would have done: the same as it does, over reports of the past."""

import json
import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from edgetpu_ci import codec
from edgetpu_ci.alerting import backtesting
from edgetpu_ci.config import Config
from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.incidents import backtest, evaluate, machine
from edgetpu_ci.incidents.record import Book
from edgetpu_ci.model import Measurement, Report, Run
from edgetpu_ci.render import backtest as said
from edgetpu_ci.render import backtest_plot, plot
from edgetpu_ci.store import open_store
from edgetpu_ci.world import World
from tests.fakes import snapshots
from tests.fakes.reports import HOSTILE, MACHINE
from tests.fakes.world import AT, Said, world

RULE = AlertRule(name="high_error_rate", match="*/error_rate_percent", above=5)


def report(number: int, values: dict[str, float | None], *, every: timedelta = timedelta(hours=6)) -> Report:
    """One run of main; a value that is None was not measured."""
    at = AT - timedelta(days=80) + number * every
    measured = tuple(
        Measurement(subject=name, metric=RULE.match[2:], value=value, reason="crashed" if value is None else "")
        for name, value in values.items()
    )
    commit = f"{number:07x}"
    run = Run(id=f"{at:%Y%m%dT%H%M%SZ}-{number:08x}", at=at, machine=MACHINE, measurements=measured, commit=commit)
    return Report(run=replace(run, branch="main"))


def history(values: Iterable[float | None]) -> list[Report]:
    return [report(number, {"yolo_nano": value}) for number, value in enumerate(values)]


STORY: Sequence[float | None] = (
    *(0.1, 0.2, 7.5, 8.25, 0.1, 0.3, 0.2),  # one page, over with the second good run
    *(6.0, None, None, 0.1, None, 0.2, 0.1),  # unknown ends nothing
    *(0.4, 9.0),  # still open
)


def replayed(values: Iterable[float | None], rule: AlertRule = RULE) -> backtest.Backtest:
    found = backtest.replay(rule, history(values))
    assert found is not None
    return found


def test_each_incident_has_its_begin_its_end_its_commits_and_its_worst_value() -> None:
    found = replayed(STORY)
    reports = history(STORY)
    assert [(page.began, page.ended, page.good, page.bad, page.worst) for page in found.pages] == [
        (reports[2].run.at, reports[5].run.at, "0000001", "0000002", 8.25),
        (reports[7].run.at, reports[12].run.at, "0000006", "0000007", 6.0),
        (reports[15].run.at, None, "000000e", "000000f", 9.0),
    ]
    assert [point.state for point in found.lines[0].points][:4] == [None, None, "firing", "firing"]


def test_it_does_what_the_alert_itself_does() -> None:
    book = Book()
    for one in history(STORY):
        seen = evaluate.observe((RULE,), one, {"repo": "octo/models", "branch": "main"}, book.watched)
        book = machine.advance(book, seen, (RULE,), one.run.at)
    assert book.opened == len(replayed(STORY).pages)


def test_what_is_pending_is_no_page() -> None:
    found = replayed(STORY, replace(RULE, for_="2 runs"))
    assert [page.bad for page in found.pages] == ["0000002"]
    assert [point.state for point in found.lines[0].points][1:4] == [None, "pending", "firing"]


def test_the_worst_of_what_must_not_fall_is_the_lowest() -> None:
    rule = AlertRule(name="low", match="*/error_rate_percent", below=3)
    assert [page.worst for page in replayed((5, 2, 1, 4, 6), rule).pages] == [1]


def test_incidents_stay_known_however_long_ago_they_were() -> None:
    found = replayed([9, 0, 0, *[0] * 200, 9, 0, 0])
    assert len(found.pages) == 2


def test_other_thresholds_lie_where_the_values_are() -> None:
    reports = history([0.1234, 0.2, 0.3, 6, 0.2, 0.1, 2.5, 0.1, 0.1, 2.6, 0.1, 0.1])
    others = backtest.compare(replayed([one.run.measurements[0].value for one in reports]), reports)
    assert [(one.threshold, one.pages) for one in others if one.threshold >= 2] == [(2.5, 2), (2.6, 1), (5, 1), (6, 0)]
    missing = replace(RULE, above=None, missing_above=1)
    tried = backtest.compare(replayed(STORY, missing), history(STORY))
    assert [(one.threshold, one.pages) for one in tried] == [(0, 1), (1, 1), (2, 0), (3, 0), (5, 0)]


def test_a_report_is_kept_without_what_the_rule_does_not_read() -> None:
    whole = report(1, {"yolo_nano": 7.0, "other": 1.0})
    narrow = replace(RULE, match="yolo_nano/error_rate_percent")
    kept = backtest.about(narrow, whole)
    assert [one.subject for one in kept.run.measurements] == ["yolo_nano"]
    assert evaluate.observe((narrow,), kept, {}) == evaluate.observe((narrow,), whole, {})


def test_the_text_says_it_in_a_sentence_and_in_tables() -> None:
    found = replayed(STORY)
    snapshots.check("backtest.txt", said.text(found, backtest.compare(found, history(STORY))))


@pytest.mark.parametrize(
    ("values", "start"),
    [
        ((0.1, 0.2), "no page in 6 h; 2 reports."),
        ((None, None), "nothing can be said, no run could tell: "),
        ((9,), "1 page in 0 min, longest 0 min, 1 still open; 1 report."),
    ],
)
def test_what_never_happened_or_never_was_known_is_said(values: Sequence[float | None], start: str) -> None:
    found = replayed(values)
    assert said.text(found, ()).startswith(f"high_error_rate (*/error_rate_percent above 5 %): {start}")


def test_foreign_names_are_harmless() -> None:
    found = backtest.replay(RULE, [report(1, {HOSTILE: 9.0, "b": 1.0})])
    assert found is not None
    text = said.text(found, ())
    assert "\x1b" not in text
    assert "\u202e" not in text


@pytest.mark.parametrize("values", [STORY, (9,), (None,), (1, 2)])
def test_the_picture_can_be_drawn_of_any_history(values: Sequence[float | None]) -> None:
    pytest.importorskip("matplotlib")
    assert plot.image(lambda: backtest_plot.figure(replayed(values)), "png").startswith(b"\x89PNG")


def test_gaps_are_seen_and_states_are_shaded() -> None:
    pytest.importorskip("matplotlib")
    axes = backtest_plot.figure(replayed(STORY, replace(RULE, for_="2 runs"))).axes[0]
    assert gaps(axes) == 3
    assert axes.get_legend_handles_labels()[1] == ["an incident", "pending", "not known", "yolo_nano", "above 5 %"]
    late = [*history((1, 2, 1)), report(40, {"yolo_nano": 1.0}), report(41, {"yolo_nano": 1.0})]
    found = backtest.replay(RULE, late)
    assert found is not None
    assert gaps(backtest_plot.figure(found).axes[0]) == 1


def gaps(axes: Any) -> int:
    """Where the line of an alert is broken."""
    return sum(math.isnan(value) for value in axes.lines[0].get_ydata())


def kept(folder: Path, reports: Iterable[Report]) -> World:
    outside = world(folder)
    documents = ((one.run.id, codec.encode_json(one)) for one in reports)
    open_store(Config().store, outside).extend("reports", documents)
    return outside


def test_the_store_is_read_as_far_back_as_is_asked_for_and_only_main(tmp_path: Path) -> None:
    aside = replace(report(30, {"yolo_nano": 99.0}), run=replace(report(30, {"yolo_nano": 99.0}).run, pull_request=7))
    outside = kept(tmp_path, [*history(STORY), aside])
    tried = backtesting.run(RULE, 90, Config(), outside)
    assert (tried.found.reports, len(tried.found.pages)) == (len(STORY), 3)
    few = backtesting.run(RULE, 78, Config(), outside)
    assert (few.found.reports, [page.worst for page in few.found.pages]) == (8, [9.0])


def test_a_report_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    warned = Said()
    outside = kept(tmp_path, history(STORY))
    open_store(Config().store, outside).append("reports", "20260101T000000Z-x", b"{")
    tried = backtesting.run(RULE, 90, Config(), world(tmp_path, warn=warned.append))
    assert tried.found.reports == len(STORY)
    assert len(warned) == 1


@pytest.mark.parametrize(
    ("reports", "rule", "why"),
    [
        ([], RULE, "The store has no reports of main of the last 90 days that could tell; `edgetpu-ci run` keeps one"),
        (
            history(STORY),
            replace(RULE, match="x/time_ms"),
            'In 16 reports of 90 days there is nothing that "x/time_ms"',
        ),
        (history(STORY), replace(RULE, match="*/test_coverage"), "The store has no reports of main of the last 90 da"),
    ],
)
def test_where_there_is_nothing_to_replay_that_is_said(
    tmp_path: Path, reports: list[Report], rule: AlertRule, why: str
) -> None:
    with pytest.raises(ConfigError) as error:
        backtesting.run(rule, 90, Config(), kept(tmp_path, reports))
    assert str(error.value).startswith(why)


def run(*arguments: str) -> int:
    from edgetpu_ci import cli

    return cli.run(["backtest", *arguments])


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration, and a store of reports that are never too old."""
    later = datetime.now(UTC) - AT
    runs = [replace(one.run, at=one.run.at + later) for one in history(STORY)]
    kept(tmp_path, [Report(run=replace(run, id=f"{run.at:%Y%m%dT%H%M%SZ}-x")) for run in runs])
    rule = "{name: high_error_rate, match: '*/error_rate_percent', above: 5}"
    (tmp_path / "edgetpu-ci.yml").write_text(f"alerting:\n  rules: [{rule}]\n")
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_ACTIONS", "GITHUB_REPOSITORY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_the_verb_tries_a_rule_of_the_configuration_or_one_made_up(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("high_error_rate", "--output", "a.svg") == 0
    assert "3 pages in" in capsys.readouterr().out
    assert (here / "a.svg").read_text().startswith("<?xml")
    assert run("high_error_rate", "--above", "8.5", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)["backtest"]["pages"]) == 1
    assert run("--match", "*/error_rate_percent", "--above", "5", "--for", "2 runs") == 0
    assert "tried (*/error_rate_percent above 5 % for 2 runs): 1 page in" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((), "`backtest` needs either a RULE or --match, and not both."),
        (("x", "--match", "*/y"), "`backtest` needs either a RULE or --match, and not both."),
        (("--match", "*/y"), "Exactly one of these is needed: --above"),
        (("high_error_rate", "--above", "1", "--below", "2"), "Exactly one of these is needed: --above"),
        (("high_eror_rate",), 'is called "high_eror_rate"; did you mean "high_error_rate"?'),
        (("high_error_rate", "--for", "soon"), '--for: "soon" is no length of time'),
        (("high_error_rate", "--output", "a.gif"), "name a file that ends in .png or .svg."),
    ],
)
def test_what_is_wrong_is_one_sentence(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], why: str
) -> None:
    assert run(*arguments) == 2
    assert why in capsys.readouterr().err
    assert not list(here.glob("a.*"))


@pytest.mark.parametrize("text", ["nan", "inf", "five"])
def test_a_threshold_is_a_number(capsys: pytest.CaptureFixture[str], text: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        run("high_error_rate", "--above", text)
    assert f"argument --above: {text} is no number, such as 1.5" in capsys.readouterr().err
