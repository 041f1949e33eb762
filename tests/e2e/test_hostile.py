"""What a pull request can bring that somebody did not mean well with."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgetpu_ci import reference
from tests.e2e.act import CONFIG, MODEL, WORKFLOW, Job, Repository
from tests.fakes import actions
from tests.fakes.github import FakeGitHub

# A later step tells what the Action left in its environment.
LATER = """\
      - {id: later, if: always(), run: 'echo "left behind: ${STOLEN:-nothing} ${BASH_ENV:-nothing}"; which python3'}
"""


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    """A GitHub that holds every request against its own description."""
    with FakeGitHub() as fake:
        yield fake
        assert fake.violations == []


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """A file that appears only when something hostile was run."""
    return tmp_path / "pwned"


def run(repository: Repository, github: FakeGitHub, payload: dict[str, Any] | None = None) -> Job:
    env = {"GITHUB_API_URL": github.url, "GITHUB_TOKEN": github.token}
    return repository.act("pull_request", payload or actions.pull_request(), env)


def rename_model(repository: Repository, *names: str) -> None:
    """Up to three: of more, a message would say only how many."""
    (repository.folder / MODEL).unlink()
    for name in names:
        repository.write(f"models/{name}.tflite", reference.build(32, 0.35))


def test_a_title_and_a_branch_are_never_run(repository: Repository, github: FakeGitHub, marker: Path) -> None:
    command = f'"; touch {marker}; $(touch {marker}) `touch {marker}` #'
    payload = actions.pull_request()
    payload["pull_request"].update(title=command, body=command)
    payload["pull_request"]["head"]["ref"] = command
    job = run(repository, github, payload)
    assert job.passed, job.log
    assert not marker.exists()


def test_the_name_of_a_model_is_text_everywhere(repository: Repository, github: FakeGitHub, marker: Path) -> None:
    inside = str(marker).replace("/", "${HOME:0:1}")
    rename_model(repository, f"$(touch {inside})", f'"; touch {inside}; #', "@everyone <img src=x> | `code` **bold**")
    repository.write("edgetpu-ci.yml", {**CONFIG, "rules": [{"match": "*/throughput_fps", "min": 1e12}]})
    job = run(repository, github)
    assert job.outputs["status"] == "failed"
    assert not marker.exists()
    (comment,) = github.comments(7)
    for text in (comment.body, job.summary):
        assert "<img" not in text
        assert "@everyone" not in text


def test_a_line_in_a_name_is_no_command_to_the_runner(repository: Repository, github: FakeGitHub) -> None:
    commands = "::error::forged\n::add-mask::tiny\n::set-env name=STOLEN::yes\nSTOLEN=yes\nstatus=passed"
    rename_model(repository, *(f"{end}{commands}{end}" for end in ("\n", "\r", "\r\n")))
    repository.write("edgetpu-ci.yml", {**CONFIG, "rules": [{"match": "*/throughput_fps", "min": 1e12}]})
    repository.write(".github/workflows/edgetpu-ci.yml", WORKFLOW + LATER)
    job = run(repository, github)
    assert job.outputs["status"] == "failed"
    assert "forged" not in job.said("error")
    assert not any(line.get("command") in {"add-mask", "set-env"} for line in job.lines)
    assert "left behind: nothing nothing" in job.log


def test_files_of_the_workspace_never_stand_in_for_ours(
    repository: Repository, github: FakeGitHub, marker: Path
) -> None:
    evil = f"open({str(marker)!r}, 'w')\nraise SystemExit('pwned')\n"
    for name in ("requests", "github", "yaml", "msgspec", "json", "argparse", "venv", "edgetpu_ci/__init__"):
        repository.write(f"{name}.py", evil)
    repository.write("uv.toml", "this is no TOML")
    repository.write("pip.conf", "[global]\nindex-url = http://127.0.0.1:9\n")
    job = run(repository, github)
    assert job.passed, job.log
    assert job.outputs["commented"] == "true"
    assert not marker.exists()


def test_not_even_where_the_workflow_puts_the_workspace_on_the_path(
    repository: Repository, github: FakeGitHub, marker: Path
) -> None:
    for name in ("requests", "github", "yaml", "msgspec", "edgetpu_ci/__init__"):
        repository.write(f"{name}.py", f"open({str(marker)!r}, 'w')\nraise SystemExit('pwned')\n")
    env = "env: {PYTHONPATH: '${{ github.workspace }}'}\n"
    repository.write(".github/workflows/edgetpu-ci.yml", env + WORKFLOW)
    job = run(repository, github)
    assert job.passed, job.log
    assert not marker.exists()


def test_nothing_is_left_for_later_steps(repository: Repository, github: FakeGitHub) -> None:
    which = "      - run: which python3\n"
    before = WORKFLOW.replace("      - {id: edgetpu-ci", f"{which}      - {{id: edgetpu-ci")
    repository.write(".github/workflows/edgetpu-ci.yml", before + which)
    log = run(repository, github).log
    found = [line for line in log.splitlines() if line.endswith("/python3")]
    assert len(found) == 2
    assert found[0] == found[1]


def test_the_command_is_words_and_not_a_script(repository: Repository, github: FakeGitHub, marker: Path) -> None:
    workflow = WORKFLOW.replace("@v1}", f"@v1, with: {{command: 'run; touch {marker}'}}}}")
    repository.write(".github/workflows/edgetpu-ci.yml", workflow)
    job = run(repository, github)
    assert "invalid choice: 'run;'" in job.log
    assert not marker.exists()
