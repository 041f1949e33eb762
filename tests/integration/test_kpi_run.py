"""`run --kpis` with every collector, as a user runs it: what it says, keeps, asks for, and never shows."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edgetpu_ci.store.folder import Folder
from edgetpu_ci.upkeep import stale
from tests.fakes import whole
from tests.fakes.hub import TOKEN
from tests.fakes.hub.repository import Repository, large
from tests.fakes.program import LAUNCHER, edgetpu_ci, environment
from tests.fakes.read_rows import day_later, missing
from tests.fakes.whole import Whole, hub, measured

SHARE = 0.05


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Whole]:
    with hub(large(share=SHARE)) as github, whole.whole(tmp_path, github) as it:
        yield it
        assert github.violations == []


def test_a_user_s_run_measures_all_and_shows_keeps_and_exports_it(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    of = large(share=0.01, end=now)
    with hub(of, now=lambda: datetime.now(UTC)) as github, whole.services(now.date() - timedelta(days=1)) as addresses:
        whole.lay_out(tmp_path, days=800, **addresses)
        env = Whole(tmp_path, github).env
        first = edgetpu_ci(tmp_path, "run", "--kpis", **env)
        again = edgetpu_ci(tmp_path, "run", "--kpis", **env)
        shown = edgetpu_ci(tmp_path, "kpi", "show", "--json")
        table = edgetpu_ci(tmp_path, "table")
        assert github.violations == []
    assert [one.returncode for one in (first, again, shown, table)] == [0, 0, 0, 0], first.stderr + again.stderr
    known = json.loads(shown.stdout)
    assert known["complete"] is True
    assert known["code_quality"]["test_coverage"] == 91
    assert known["development_velocity"]["pr_merge_time_hours"] > 0
    assert known["reliability"]["build_success_rate"] > 0
    assert "✓ test coverage" in again.stdout
    assert len(table.stdout.splitlines()) > 2 * 60
    told = "".join(one.stdout + one.stderr for one in (first, again, shown, table))
    files = "".join(path.read_text(errors="replace") for path in _files(tmp_path))
    for secret in (TOKEN, whole.SECRET, whole.REVIEW_KEY):
        assert secret not in told
        assert secret not in files


def test_killed_in_the_middle_of_the_first_run_and_run_again_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    of = large(share=0.02, end=now)
    with hub(of, now=lambda: datetime.now(UTC)) as github, whole.services(now.date() - timedelta(days=1)) as addresses:
        whole.lay_out(tmp_path, days=800, **addresses)
        env = Whole(tmp_path, github).env
        killed = subprocess.Popen(
            [sys.executable, str(LAUNCHER), "run", "--kpis"], cwd=tmp_path, env=environment(**env)
        )
        github.before = lambda _request: killed.kill() if github.requests.total() == 14 else None
        assert killed.wait(60) == -signal.SIGKILL
        github.before = lambda _request: None
        done = edgetpu_ci(tmp_path, "run", "--kpis", **env)
    assert done.returncode == 0, done.stderr
    assert missing(tmp_path / ".edgetpu-ci", of) == ""


def test_cold_and_daily_requests_and_rows(place: Whole) -> None:
    place.reviewed()
    place.hub.requests.clear()
    place.run()
    assert place.hub.requests.total() <= 510 * SHARE + 80
    assert missing(place.folder / ".edgetpu-ci", place.hub.of) == ""
    day_later(place.hub.of)
    place.hub.requests.clear()
    place.hub.asked.clear()
    later = place.run(days=1)
    assert place.hub.requests.total() <= 25, "\n".join(place.hub.asked)
    assert missing(place.folder / ".edgetpu-ci", place.hub.of) == ""
    assert later.report.run.incomplete == ()


def test_nothing_is_kept_beyond_the_register(place: Whole) -> None:
    place.reviewed()
    for days in (0, 1, 8):
        place.run(days)
    state = Folder(place.folder / ".edgetpu-ci")
    assert stale.unregistered(state, state.values()) == []


def test_a_week_later_what_changes_seldom_is_asked_for_again(place: Whole) -> None:
    place.run()
    place.hub.objects["/automated-security-fixes"] = {"enabled": False, "paused": False}
    before = measured(place.run(days=1).report.run)["repository/security_settings_percent"]
    after = measured(place.run(days=8).report.run)["repository/security_settings_percent"]
    assert before.value is not None
    assert after.value is not None
    assert after.value < before.value


def test_an_empty_repository_is_no_fault(tmp_path: Path) -> None:
    with hub(Repository()) as github, whole.whole(tmp_path, github) as it:
        outcome = it.run()
        assert outcome.exit_status == 5  # A gate is on the time of builds, and there was none.
        assert all(one.reason for one in measured(outcome.report.run).values() if one.value is None)


def _files(folder: Path) -> list[Path]:
    return [
        path for kept in (".edgetpu-ci", "edgetpu-ci-report") for path in (folder / kept).rglob("*") if path.is_file()
    ]
