"""Where the branch lies: who is shown the token, and what a refusal means."""

from base64 import b64decode
from pathlib import Path

import pytest

from edgetpu_ci import remote
from edgetpu_ci.errors import ConfigError, UnreachableError
from edgetpu_ci.remote import Remote
from edgetpu_ci.world import run_process
from tests.fakes.git_server import git
from tests.fakes.world import world

JOB = {"GITHUB_REPOSITORY": "o/r", "GITHUB_TOKEN": "ghs_secret"}


def login(found: Remote) -> str:
    return b64decode(found.header.removeprefix("Authorization: Basic ")).decode()


def test_in_a_job_it_is_the_jobs_repository_and_token(tmp_path: Path) -> None:
    found = remote.find("", world(tmp_path, env=JOB))
    assert (found.url, login(found)) == ("https://github.com/o/r", "x-access-token:ghs_secret")
    assert "ghs_secret" not in repr(found)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/o/r",
        "https://github.com.example.com/o/r",
        "http://github.com/o/r",
        "ssh://git@github.com/o",
    ],
)
def test_nobody_but_the_server_of_the_job_is_shown_its_token(tmp_path: Path, url: str) -> None:
    found = remote.find(url, world(tmp_path, env=JOB))
    assert (found.url, found.header) == (url, "")


def test_elsewhere_it_is_origin_and_a_password_in_its_address_goes_no_further_than_to_its_server(
    tmp_path: Path,
) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "remote", "add", "origin", "https://me:p%40ss@example.com/o/r.git")
    found = remote.find("", world(tmp_path, run=run_process))
    assert (found.url, login(found)) == ("https://example.com/o/r.git", "me:p@ss")
    assert "p@ss" not in repr(found.env()).replace(found.header, "")


def test_a_folder_is_found_from_where_we_are(tmp_path: Path) -> None:
    (tmp_path / "data.git").mkdir()
    assert remote.find("data.git", world(tmp_path, env=JOB)).url == str(tmp_path / "data.git")
    assert remote.find("git@example.com:o/r.git", world(tmp_path, env=JOB)).url == "git@example.com:o/r.git"


def test_without_job_and_origin_the_option_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"name it in `store\.with\.remote`"):
        remote.find("", world(tmp_path))


def test_settings_the_environment_holds_already_stay(tmp_path: Path) -> None:
    env = remote.find("", world(tmp_path, env=JOB)).env(2)
    assert "GIT_CONFIG_KEY_0" not in env
    assert env["GIT_CONFIG_KEY_2"] == "remote.origin.url"
    assert int(env["GIT_CONFIG_COUNT"]) == 2 + sum(name.startswith("GIT_CONFIG_KEY_") for name in env)


SAID = [
    ("remote: error: GH006: Protected branch update failed for refs/heads/data.\n ! [remote rejected]", "is protected"),
    ("! [remote rejected] (push declined due to repository rule violations)", "is protected"),
    ("remote: error: GH001: Large files detected.\n! [remote rejected] (pre-receive hook declined)", "files as large"),
    ("! [remote rejected] data -> data (pre-receive hook declined)", "refused to change the branch data (the reason)"),
    ("remote: Permission to o/r.git denied to github-actions[bot].\nfatal: returned error: 403", "contents: write`"),
    ("fatal: could not read Username for 'https://github.com': terminal prompts disabled", "does not know our token"),
    ("fatal: Authentication failed for 'https://github.com/o/r/'", "does not know our token"),
    ("remote: Repository not found.\nfatal: repository 'https://github.com/o/r/' not found", "There is no repository"),
]


@pytest.mark.parametrize(("said", "sentence"), SAID)
def test_a_refusal_is_one_sentence_with_the_next_step(said: str, sentence: str) -> None:
    found = str(Remote("https://github.com/o/r").refusal(said, "the reason", "data"))
    assert sentence in found
    assert found.endswith(".")
    assert "https://github.com/o/r" in found


@pytest.mark.parametrize(
    "said", ["Could not resolve host: github.com", "The requested URL returned error: 502", "the remote end hung up"]
)
def test_a_server_that_may_answer_later_is_told_apart(said: str) -> None:
    assert isinstance(Remote("https://github.com/o/r").refusal(said, said, "data"), UnreachableError)


def test_what_tells_nothing_of_the_other_side_is_no_refusal() -> None:
    assert Remote("https://github.com/o/r").refusal("fatal: bad object", "bad object", "data") is None


def test_a_server_that_repeats_our_header_is_not_repeated(tmp_path: Path) -> None:
    found = remote.find("", world(tmp_path, env=JOB))
    assert found.header.split()[-1] not in str(found.refusal("hook declined", f"got {found.header}", "data"))
