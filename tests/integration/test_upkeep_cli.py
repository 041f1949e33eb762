"""`edgetpu-ci review access` and `edgetpu-ci erase`, as a user types them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from edgetpu_ci import memory
from edgetpu_ci.kpis.rows import Pull
from edgetpu_ci.store.branch import Options, open_store
from edgetpu_ci.store.folder import Folder
from edgetpu_ci.world import run_process
from tests.fakes import world as fake
from tests.fakes.endpoints import Endpoints, hub
from tests.fakes.git_server import git, git_server
from tests.fakes.program import edgetpu_ci
from tests.integration.test_compliance import ANSWERS, PEOPLE

WHEN = datetime(2025, 11, 3, tzinfo=UTC)
ROWS = [Pull(number=number, base="main", created=WHEN, updated=WHEN) for number in (1, 2)]
KEY = {"EDGETPU_CI_REVIEW_KEY": "a long random text of the tests"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "edgetpu-ci.yml").write_text("collect: [{use: compliance}]\n")
    Folder(tmp_path / ".edgetpu-ci").swap("github-pulls-2025-11", None, memory.pack(ROWS))
    return tmp_path


def test_a_pull_request_is_erased_and_the_rest_stays(folder: Path) -> None:
    done = edgetpu_ci(folder, "erase", "--pull-request", "2")
    assert (done.returncode, done.stdout) == (
        0,
        "erased  1 row of github-pulls-2025-11\nrecorded that it was done\n",
    )
    assert Folder(folder / ".edgetpu-ci").state("github-pulls-2025-11") == memory.pack(ROWS[:1])


def test_a_time_is_erased_and_then_there_is_nothing_to_erase(folder: Path) -> None:
    assert "erased  2 rows" in edgetpu_ci(folder, "erase", "--before", "2026-01-01").stdout
    again = edgetpu_ci(folder, "erase", "--before", "2026-01-01")
    assert again.stdout == "nothing to erase; recorded that it was asked for\n"
    names = Folder(folder / ".edgetpu-ci").values()
    assert [name for name in names if not name.startswith("audit-")] == ["github-cursors"]  # They remember that it was.


def test_a_value_that_cannot_be_read_is_named_and_what_was_erased_is_said(folder: Path) -> None:
    (folder / ".edgetpu-ci" / "state" / "github-issues-2025-11").write_bytes(b"no gzip")
    done = edgetpu_ci(folder, "erase", "--before", "2026-01-01")
    assert done.returncode == 2
    assert "rows of github-pulls-2025-11\nrecorded that it was done" in done.stdout
    assert "github-issues-2025-11 in the store cannot be read" in done.stderr
    assert len(Folder(folder / ".edgetpu-ci").names("erasures")) == 1


def test_a_day_that_has_not_come_is_refused(folder: Path) -> None:
    done = edgetpu_ci(folder, "erase", "--before", "2999-01-01")
    assert (done.returncode, "2999-01-01 has not come yet" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "one of the arguments --before --all --pull-request --issue is required"),
        (["--all", "--issue", "1"], "argument --issue: not allowed with argument --all"),
        (["--before", "yesterday"], "argument --before: yesterday is no day; write it as 2026-01-01"),
        (["--issue", "one"], "argument --issue: one is no number of a pull request or issue, such as 17"),
        (["--pull-request", "0"], "argument --pull-request: 0 is no number of a pull request or issue, such as 17"),
    ],
)
def test_what_to_erase_is_said_exactly_once(folder: Path, arguments: list[str], said: str) -> None:
    done = edgetpu_ci(folder, "erase", *arguments)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (2, f"edgetpu-ci erase: error: {said}")


def test_on_a_branch_it_says_who_may_still_have_what_was_erased(tmp_path: Path) -> None:
    with git_server(tmp_path / "server") as server:
        (tmp_path / "edgetpu-ci.yml").write_text("collect: [{use: compliance}]\nstore: {use: branch}\n")
        (tmp_path / "a").mkdir()
        kept = open_store(Options(), fake.world(tmp_path / "a", env=server.env, run=run_process))
        kept.swap("github-pulls-2025-11", None, memory.pack(ROWS))
        done = edgetpu_ci(tmp_path, "erase", "--all", **server.env)
    assert done.returncode == 0, done.stderr
    assert "erased  github-pulls-2025-11" in done.stdout
    assert "begins anew, without its earlier commits" in done.stdout
    assert "every clone and fork keeps its own" in done.stdout


def test_where_history_may_not_be_rewritten_the_values_are_gone_and_a_second_time_forgets_them(tmp_path: Path) -> None:
    with git_server(tmp_path / "server") as server:
        (tmp_path / "edgetpu-ci.yml").write_text("kpis: [{use: compliance}]\nstore: {use: branch}\n")
        (tmp_path / "a").mkdir()
        kept = open_store(Options(), fake.world(tmp_path / "a", env=server.env, run=run_process))
        kept.swap("github-pulls-2025-11", None, memory.pack(ROWS))
        git(server.repository, "config", "receive.denyNonFastForwards", "true")
        first = edgetpu_ci(tmp_path, "erase", "--all", **server.env)
        left = kept.values()
        git(server.repository, "config", "receive.denyNonFastForwards", "false")
        second = edgetpu_ci(tmp_path, "erase", "--all", **server.env)
        commits = git(server.repository, "rev-list", "--count", "edgetpu-ci-data").strip()
    assert (first.returncode, "Traceback" in first.stderr) == (2, False)
    assert [name[:6] for name in left] == ["audit-"]  # Its new first line says that all was erased.
    assert (second.returncode, commits) == (0, b"1")


def test_a_review_shows_everything_then_what_differs(folder: Path) -> None:
    answers = dict(ANSWERS)
    with hub(Endpoints(answers), folder) as here:
        env = {**here.env, **KEY}
        first = edgetpu_ci(folder, "review", "access", "--sign-off", "maintainer on duty", **env)
        quiet = edgetpu_ci(folder, "review", "access", **env)
    answers[PEOPLE] = [{"login": "mona", "role_name": "write"}]
    with hub(Endpoints(answers), folder) as here:
        changed = edgetpu_ci(folder, "review", "access", **{**here.env, **KEY})
    assert first.returncode == 0, first.stderr
    assert "collaborator octocat: admin" in first.stdout
    assert "by maintainer on duty" in first.stdout
    assert "nothing differs from it" in quiet.stdout
    assert "added    collaborator mona: write" in changed.stdout
    assert "octocat" not in changed.stdout


def test_a_name_is_no_role(folder: Path) -> None:
    with hub(Endpoints(ANSWERS), folder) as here:
        done = edgetpu_ci(folder, "review", "access", "--sign-off", "octo@example.org", **{**here.env, **KEY})
    assert (done.returncode, done.stderr) == (
        2,
        'edgetpu-ci: Sign off as a role, such as "maintainer on duty": no name and no address is kept.\n',
    )
