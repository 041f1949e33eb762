"""Running git: what it says, or one sentence."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from edgetpu_ci import git
from edgetpu_ci.errors import GitError
from edgetpu_ci.world import Ran, run_process
from tests.fakes.world import NOTHING, world


def test_what_git_prints(tmp_path: Path) -> None:
    real = world(tmp_path, run=run_process)
    git.run(real, tmp_path, "init", "-q")
    blob = git.run(real, tmp_path, "hash-object", "-w", "--stdin", stdin=b"x").decode().strip()
    assert git.run(real, tmp_path, "cat-file", "blob", blob) == b"x"


def test_a_failure_is_gits_own_reason_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(GitError, match=r"^`git rev-parse` failed in .+: not a git repository .+\.$"):
        git.run(world(tmp_path, run=run_process), tmp_path, "rev-parse", "HEAD", env={"GIT_CEILING_DIRECTORIES": "/"})


def test_a_password_in_an_address_is_not_repeated() -> None:
    said = b"warning: x\nfatal: unable to access 'https://me:secret@example.com/x/': no\n"
    assert git.reason(Ran(status=128, stdout=b"", stderr=said)) == "unable to access 'https://example.com/x/': no"


def test_no_git_and_a_git_that_hangs_are_sentences(tmp_path: Path) -> None:
    def missing(_argv: Sequence[str], _stdin: bytes, _timeout: float, _env: Mapping[str, str] = NOTHING) -> Ran:
        raise FileNotFoundError(2, "No such file or directory")

    def hanging(_argv: Sequence[str], _stdin: bytes, _timeout: float, _env: Mapping[str, str] = NOTHING) -> Ran:
        return Ran(status=None, stdout=b"", stderr=b"")

    with pytest.raises(GitError, match=r"git cannot be started .+; install it"):
        git.run(world(tmp_path, run=missing), tmp_path, "status")
    with pytest.raises(GitError, match="did not end within 5 s"):
        git.run(world(tmp_path, run=hanging), tmp_path, "status", seconds=5)
