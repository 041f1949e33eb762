"""What `doctor` says of the token, against a GitHub that nobody here wrote."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edgetpu_ci import doctor
from edgetpu_ci.finding import Finding
from edgetpu_ci.store.folder import Folder
from tests.fakes import actions
from tests.fakes.emulate import Emulated, emulate
from tests.fakes.github import FakeGitHub
from tests.fakes.world import world

CONFIG = "collect: []\npublish: [{use: pull_request}]\n"


@pytest.fixture
def github() -> Iterator[Emulated]:
    with emulate() as emulated:
        yield emulated


def token(folder: Path, github: Emulated | FakeGitHub, secret: str) -> Finding:
    (folder / "edgetpu-ci.yml").write_text(CONFIG)
    job = actions.job(
        folder,
        "push",
        {},
        env={"GITHUB_API_URL": github.url},
        github=lambda: actions.connect(github.url, secret),
    )
    return next(f for f in doctor.examine(folder / "edgetpu-ci.yml", job) if f.what == "token")


def test_a_token_that_is_known_is_told_what_it_may(tmp_path: Path, github: Emulated) -> None:
    assert token(tmp_path, github, github.personal_token).state in {"ok", "note"}


def test_a_token_github_does_not_take_is_a_fault_with_a_next_step(tmp_path: Path) -> None:
    with FakeGitHub() as strict:
        strict.fail(401, message="Bad credentials")
        found = token(tmp_path, strict, "ghs_expired")
    assert found.state == "bad"
    assert "GitHub answered 401 (Bad credentials)" in found.sentence
    assert "check that the token is the right one" in found.sentence


def test_without_a_job_the_token_is_not_tried(tmp_path: Path) -> None:
    (tmp_path / "edgetpu-ci.yml").write_text(CONFIG)
    found = {f.what: f for f in doctor.examine(tmp_path / "edgetpu-ci.yml", world(tmp_path))}
    assert found["token"].state == "note"
    assert found["baseline"].state == "note"


def test_a_store_that_cannot_be_written_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "edgetpu-ci.yml").write_text(CONFIG)
    (tmp_path / ".edgetpu-ci").write_text("a file where a folder must be")
    found = {f.what: f for f in doctor.examine(tmp_path / "edgetpu-ci.yml", world(tmp_path))}
    assert found["store"].state == "bad"


def test_a_store_that_is_tried_is_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "edgetpu-ci.yml").write_text(CONFIG)
    kept = Folder(tmp_path / ".edgetpu-ci").append("reports", "a", b"{}")
    before = sorted(tmp_path.rglob("*"))
    found = {f.what: f for f in doctor.examine(tmp_path / "edgetpu-ci.yml", world(tmp_path))}
    assert found["store"] == Finding("ok", "store", "folder: can be written.")
    assert sorted(tmp_path.rglob("*")) == before
    assert kept.read_bytes() == b"{}"


def test_a_store_nobody_knows_is_a_fault_among_others(tmp_path: Path) -> None:
    (tmp_path / "edgetpu-ci.yml").write_text(f"{CONFIG}store: {{use: nope}}\n")
    found = {f.what: f for f in doctor.examine(tmp_path / "edgetpu-ci.yml", world(tmp_path))}
    assert found["store"].state == "bad"
    assert "nope" in found["store"].sentence
    assert {"configuration", "baseline", "token"} < set(found)


def test_an_event_that_cannot_be_read_is_a_fault_among_others(tmp_path: Path) -> None:
    (tmp_path / "edgetpu-ci.yml").write_text(CONFIG)
    (tmp_path / "event.json").write_text("{")
    env = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(tmp_path / "event.json")}
    found = {f.what: f for f in doctor.examine(tmp_path / "edgetpu-ci.yml", world(tmp_path, env=env))}
    assert (found["token"].state, found["store"].state) == ("bad", "ok")
    assert "(GITHUB_EVENT_PATH) cannot be read" in found["token"].sentence
