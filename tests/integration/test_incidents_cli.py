"""`run`, `alerts` and `incidents` as a user types them: what is opened, looked at, taken on, silenced and closed."""

import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edgetpu_ci import app, config
from edgetpu_ci.alerting import keeper
from edgetpu_ci.cli import _parser
from edgetpu_ci.errors import ConfigError, DocumentError
from edgetpu_ci.incidents.record import Book, Intent
from edgetpu_ci.render import incident_text
from edgetpu_ci.store.folder import Folder
from tests.fakes.incidents import KEY, acknowledged, changed, incident, resolved
from tests.fakes.program import edgetpu_ci
from tests.fakes.world import Said, world

CONFIG = """\
kpis:
- {use: reports, with: {files: [{path: coverage.json, format: coverage-json}]}}
alerting:
  rules: [{name: test_coverage_drop, match: "*/test_coverage", below: 80, severity: error}]
  notify: [{use: pagerduty}]
"""
OTHER = "f329" + "1" * 60

Say = Callable[..., str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "edgetpu-ci.yml").write_text(CONFIG)
    (tmp_path / "coverage.json").write_text(json.dumps({"totals": {"covered_lines": 70, "num_statements": 100}}))
    return tmp_path


@pytest.fixture
def store(folder: Path) -> Folder:
    """With two that are open and one that is over."""
    kept = Folder(folder / ".edgetpu-ci")
    over = resolved(incident(number=1))
    keeper.put_away(kept, [over], world(folder))
    known = (incident(number=2), incident(OTHER, 3, labels={"alertname": "test_coverage_drop", "branch": "main"}))
    keeper.change(kept, lambda _: Book(incidents=known, opened=3), world(folder))
    return kept


@pytest.fixture
def say(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """A command in the folder, in this process; what it prints."""
    monkeypatch.chdir(folder)

    def run(*argv: str, status: int = 0) -> str:
        arguments = _parser().parse_args(argv)
        assert arguments.verb(arguments) == status
        return "".join(capsys.readouterr())

    return run


def test_nobody_who_cannot_be_told_changes_a_run_and_the_verb_says_who(folder: Path, say: Say) -> None:
    done = edgetpu_ci(folder, "run", "--kpis", GITHUB_OUTPUT=str(folder / "outputs"))
    assert done.returncode == 0, done.stderr
    assert re.search(r"^opened<<\w+\n1\n", (folder / "outputs").read_text(), flags=re.MULTILINE)
    assert "alerts  opened test_coverage_drop " in done.stdout
    assert "1 still to be said" in done.stdout
    assert "warning: PAGERDUTY_ROUTING_KEY is not set" in done.stderr
    again = say("alerts", status=4)
    assert re.search(r"waits  \w{8}-1 opened to pagerduty PAGERDUTY_ROUTING_KEY \(not configured\)\n", again)
    assert "PAGERDUTY_ROUTING_KEY is not set" in again


def test_a_corrupt_book_costs_no_run_and_the_verb_says_what_to_do(folder: Path, say: Say) -> None:
    Folder(folder / ".edgetpu-ci").swap("incidents", None, b"no book")
    done = edgetpu_ci(folder, "run", "--kpis")
    assert done.returncode == 0, done.stderr
    assert "Nobody was told of alerts: incidents in the store cannot be read" in done.stderr
    with pytest.raises(DocumentError, match="restore an earlier version of it there, or remove it"):
        say("alerts")


def test_whatever_breaks_in_telling_the_verdict_of_a_run_stands(folder: Path) -> None:
    # The first is for the run's own name.
    token = iter(["0123456789abcdef"]).__next__
    settings, warned = config.of_kpis(config.load(folder / "edgetpu-ci.yml")), Said()
    outcome = app.run(settings, folder / "report", world(folder, token=token, warn=warned.append))
    assert (outcome.exit_status, outcome.told) == (0, None)
    assert [line for line in warned if "Nobody may have been told of alerts: it broke with StopIteration" in line]


def test_what_is_new_is_said_as_json(say: Say) -> None:
    assert json.loads(say("alerts", "--json")) == {
        "opened": [],
        "resolved": [],
        "said": [],
        "waiting": [],
        "problems": [],
    }


@pytest.mark.usefixtures("store")
def test_incidents_are_listed_open_ones_first(say: Say) -> None:
    assert say("incidents", "list").splitlines() == [
        "f329e9e0-2  open  critical  build_failure_streak  since 2026-11-25 12:00 UTC  owner/name main",
        "f3291111-3  open  critical  test_coverage_drop    since 2026-11-25 12:00 UTC  main",
        "f329e9e0-1  over  critical  build_failure_streak  until 2026-11-25 13:00 UTC  owner/name main",
    ]
    listed = json.loads(say("incidents", "list", "--json"))
    assert [one["number"] for one in listed["incidents"]] == [2, 3, 1]
    assert listed["silences"] == []


def test_without_any_it_says_so(say: Say) -> None:
    assert say("incidents", "list") == "there are no incidents\n"


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("called", ["f329e9e0-1", KEY + "-1", "f329e9-1", "build_failure_streak f329e9e0-1"])
def test_one_is_shown_whole_by_any_of_its_names(say: Say, called: str) -> None:
    shown = say("incidents", "show", called)
    assert shown.startswith("build_failure_streak  f329e9e0-1  over  critical\n")
    for part in (f"key       {KEY}", "first bad  2026-11-25 12:00 UTC  c0ffee", "opened: build_failure_streak: 4 runs"):
        assert part in shown


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("called", ["f329e9", "build_failure_streak"])
def test_without_a_number_the_newest_is_meant(say: Say, called: str) -> None:
    assert say("incidents", "show", called).startswith("build_failure_streak  f329e9e0-2  open")


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["show", "f329"], '"f329" may mean any of f3291111, f329e9e0; write more of its key.'),
        (["show", "nothing"], 'No incident is called "nothing"; `edgetpu-ci incidents list` shows them.'),
        (
            ["show", "test_coverage_dop"],
            'No incident is called "test_coverage_dop"; did you mean "test_coverage_drop"?',
        ),
        (["show", ""], 'No incident is called ""; `edgetpu-ci incidents list` shows them.'),
        (
            ["acknowledge", "f329e9e0-1", "--by", "x"],
            "build_failure_streak f329e9e0-1 is over since 2026-11-25 13:00 UTC.",
        ),
        (["close", "f329e9e0-9", "--reason", "x"], 'No incident is called "f329e9e0-9"; did you mean "f329e9e0-'),
        (["acknowledge", "f3291", "--by", "a@b.org"], 'Give a role, such as "maintainer on duty"'),
        (["close", "f3291", "--reason", " "], "Give a reason in at most 200 characters"),
        (["silence", "alertname", "--for", "2 hours", "--reason", "x"], '"alertname" is no label; write it as'),
        (["silence", "branch=b", "branch=c", "--for", "2 hours", "--reason", "x"], "The label branch is given twice"),
        (
            ["silence", "alertnam=b", "--for", "2 hours", "--reason", "x"],
            'silence: no alert has a label alertnam; did you mean "alertname"?',
        ),
        (["acknowledge", " ", "--by", "x"], 'No incident is called ""'),
        (["silence", "branch=b", "--for", "ages", "--reason", "x"], '--for: "ages" is no length of time'),
        (
            ["silence", "branch=b", "--for", "immediate", "--reason", "x"],
            "--for: a silence of no time silences nothing",
        ),
        (
            ["silence", "branch=b", "--until", "2020-01-01T00:00+01:00", "--reason", "x"],
            "2019-12-31 23:00 UTC is past",
        ),
        (["silence", "alertname=test_coverage_dop", "--for", "2 h", "--reason", "x"], "No alert is called"),
        (["silence", "--for", "2 h", "--reason", "x"], "Give the labels of what is silenced"),
        (["silence", "a=b", "--everything", "--for", "2 h", "--reason", "x"], "Give the labels of what is silenced"),
    ],
)
def test_what_cannot_be_meant_is_said_in_a_sentence(
    store: Folder, say: Say, argv: Sequence[str], sentence: str
) -> None:
    before = store.state("incidents")
    with pytest.raises(ConfigError) as error:
        say("incidents", *argv)
    assert str(error.value).startswith(sentence)
    assert store.state("incidents") == before


@pytest.mark.usefixtures("store")
def test_who_takes_one_on_is_kept_and_it_is_taken_on_once(say: Say) -> None:
    said = say("incidents", "acknowledge", "f3291", "--by", "maintainer on duty")
    assert said == (
        "acknowledged  test_coverage_drop f3291111-3, by maintainer on duty; "
        "the next run tells, or `edgetpu-ci alerts` now\n"
    )
    assert "f3291111-3  acknowledged  critical" in say("incidents", "list")
    assert "taken on  " in say("incidents", "show", "f3291")
    with pytest.raises(ConfigError, match="was acknowledged already, by maintainer on duty"):
        say("incidents", "acknowledge", "f3291", "--by", "somebody else")


@pytest.mark.usefixtures("store")
def test_one_that_is_closed_is_over_with_its_reason(say: Say) -> None:
    assert say("incidents", "close", "f3291", "--reason", "the sensor was broken").startswith("closed  test_cov")
    assert "closed by hand: the sensor was broken" in say("incidents", "show", "f3291")
    with pytest.raises(ConfigError, match="is over since"):
        say("incidents", "close", "f3291", "--reason", "again")


@pytest.mark.usefixtures("store")
def test_a_silence_is_listed_and_one_of_the_same_labels_takes_its_place(say: Say) -> None:
    for hours in (2, 3):
        say("incidents", "silence", "alertname=build_failure_streak", "--for", f"{hours} hours", "--reason", "moving")
    (line,) = [line for line in say("incidents", "list").splitlines() if line.startswith("silenced")]
    assert line.startswith("silenced  alertname=build_failure_streak until ")
    assert "f329e9e0-2  open, muted  critical" in say("incidents", "list")
    assert say("incidents", "show", "f329e9e0").startswith("build_failure_streak  f329e9e0-2  open, muted  critical")
    assert line.endswith(": moving")
    assert say("incidents", "silence", "--everything", "--for", "1 h", "--reason", "a new runner").startswith(
        "silenced  everything until "
    )
    assert "silenced  everything until " in say("incidents", "list")


@pytest.mark.usefixtures("store")
def test_what_a_service_refused_says_when_it_is_said_again() -> None:
    intent = Intent(id="a", key=KEY, number=1, kind="opened", change=1, target="slack #ci", trouble="refused")
    assert incident_text.waits(intent) == (
        "opened to slack #ci (refused, said again after a day, or when the configuration changes)"
    )


@pytest.mark.usefixtures("store")
def test_a_silence_is_said_in_utc_whatever_zone_it_is_given_in(say: Say) -> None:
    until = ["--until", "2999-01-31T00:30+01:00", "--reason", "moving"]
    said = say("incidents", "silence", "branch=main", *until)
    assert said == "silenced  branch=main until 2999-01-30 23:30 UTC\n"
    assert "silenced  branch=main until 2999-01-30 23:30 UTC: moving" in say("incidents", "list")


@pytest.mark.parametrize("text", ["tomorrow", "9999-12-31T23:59-05:00"])
def test_what_is_no_time_is_said_before_anything_is_read(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        _parser().parse_args(["incidents", "silence", "branch=main", "--until", text, "--reason", "x"])
    assert f"{text} is no time; write it as 2026-01-31T18:00" in capsys.readouterr().err


def test_what_waits_and_what_was_told_is_shown(store: Folder, folder: Path, say: Say) -> None:
    keeper.change(store, lambda book: changed(book, OTHER, acknowledged), world(folder))
    assert "taken on  2026-11-25 12:00 UTC by maintainer on duty" in say("incidents", "show", "f3291")


ESCALATING = """\
  contacts: {cto: {pagerduty: PAGERDUTY_ROUTING_KEY}}
  escalation_matrix: {p0_critical: {15_min: [cto]}}
"""


def test_an_audit_fails_where_nobody_was_told_and_nobody_answered(
    folder: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "edgetpu-ci.yml").write_text(CONFIG + ESCALATING)
    assert say("incidents", "audit") == "no step of escalation is missed by more than 15 min\n"
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    waiting = incident(priority="p0", told_at=hour_ago)
    kept = Folder(folder / ".edgetpu-ci")
    keeper.change(kept, lambda _: Book(incidents=(waiting,), opened=1), world(folder))
    said = say("incidents", "audit", status=1)
    assert re.fullmatch(r"error: build_failure_streak f329e9e0-1: cto was not told; due .* UTC, 45 min late\n", said)
    assert say("incidents", "audit", "--tolerance", "1_hour")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert say("incidents", "audit", status=1).startswith("::error::build_failure_streak f329e9e0-1: cto was not told")
    keeper.change(kept, lambda book: changed(book, waiting.key, acknowledged), world(folder))
    assert "no step" in say("incidents", "audit")
    with pytest.raises(ConfigError, match='--tolerance: "soon" is no length of time'):
        say("incidents", "audit", "--tolerance", "soon")
