"""Base and head measured in turns, as a user sees it: `compare`, and `run` on a pull request."""

import json
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from edgetpu_ci import app, base, codec, reference
from edgetpu_ci.config import Config
from edgetpu_ci.world import run_process
from tests.fakes import repository
from tests.fakes.program import edgetpu_ci
from tests.fakes.world import world

SMALL, LARGE = reference.build(32, 0.1), reference.build(64, 0.1)
QUICK = "rounds: 2, seconds: 0.05, count: 100, warmup_seconds: 0, warmup_count: 20"
CONFIG = f"""
collect:
- {{use: model_file, with: {{models: ["*.tflite"]}}}}
- {{use: inference, with: {{models: ["*.tflite"], {QUICK}}}}}
compare: {{budget_seconds: 60}}
""".encode()


def said(text: str) -> str:
    return " ".join(text.split())


def report(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "edgetpu-ci-report" / "report.json").read_text())
    return found


def findings(folder: Path, metric: str = "throughput_sustained_fps") -> dict[str, str]:
    return {c["subject"]: c["finding"] for c in report(folder).get("comparisons", []) if c["metric"] == metric}


def make(folder: Path) -> Path:
    """A repository where a branch made one model larger, added one and left one as it was."""
    repository.create(folder)
    repository.commit(folder, {"grown.tflite": SMALL, "same.tflite": SMALL, "edgetpu-ci.yml": CONFIG})
    repository.git(folder, "switch", "--quiet", "--create", "topic")
    repository.commit(folder, {"grown.tflite": LARGE, "new.tflite": SMALL})
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make(tmp_path / "project")


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CompletedProcess[str]]:
    """Such a repository after its branch was compared, and what was said: measured once, for it takes its time."""
    folder = make(tmp_path_factory.mktemp("compared") / "project")
    return folder, edgetpu_ci(folder, "compare", "--base", "main")


@pytest.fixture(scope="module")
def hurried(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CompletedProcess[str]]:
    """The same with no time for it, and with work that is not committed."""
    folder = make(tmp_path_factory.mktemp("hurried") / "project")
    (folder / "edgetpu-ci.yml").write_bytes(CONFIG.replace(b"budget_seconds: 60", b"budget_seconds: 0"))
    (folder / "grown.tflite").write_bytes(reference.build(48, 0.1))
    return folder, edgetpu_ci(folder, "compare", "--base", "main")


def test_a_commit_is_the_base_of_all_that_the_configuration_measures(
    compared: tuple[Path, CompletedProcess[str]],
) -> None:
    folder, done = compared
    assert done.returncode == 1, done.stderr
    assert findings(folder) == {"grown": "regressed", "same": "unchanged"}
    assert "grown · throughput sustained" in done.stdout
    assert "slower than the base commit" in said(done.stdout)
    assert "1 new" in said(done.stdout)
    rounds = [c["rounds"] for c in report(folder)["comparisons"] if c["subject"] == "grown" and "rounds" in c]
    assert rounds[0] >= 20


def test_what_answers_otherwise_is_shown_and_fails_only_where_demanded(
    compared: tuple[Path, CompletedProcess[str]], tmp_path: Path
) -> None:
    folder, done = compared
    found = [m for m in report(folder)["run"]["measurements"] if m["metric"] == "output_mismatch_percent"]
    mismatch = {m["subject"]: m for m in found}["grown"]
    assert mismatch["value"] > 1
    assert "differ, by up to" in mismatch["details"][0][1]
    assert "most allowed" not in said(done.stdout)
    (tmp_path / "edgetpu-ci.yml").write_bytes(CONFIG + b'rules: [{match: "*/output_mismatch_percent", max: 0}]\n')
    again = edgetpu_ci(tmp_path, "judge", str(folder / "edgetpu-ci-report" / "report.json"))
    assert "% is above the most allowed, 0 %" in said(again.stdout)


def test_a_report_that_is_judged_again_keeps_what_was_compared_in_rounds(
    compared: tuple[Path, CompletedProcess[str]],
) -> None:
    done = edgetpu_ci(compared[0], "judge", "edgetpu-ci-report/report.json")
    assert done.returncode == 1
    assert "slower than the base commit" in said(done.stdout)
    assert "1 new" in said(done.stdout)


def test_a_head_that_repairs_its_base_is_measured(tmp_path: Path) -> None:
    folder = repository.create(tmp_path / "project")
    repository.commit(folder, {"m.tflite": SMALL[:500], "edgetpu-ci.yml": CONFIG})
    repository.commit(folder, {"m.tflite": SMALL})
    done = edgetpu_ci(folder, "compare", "--base", "HEAD^")
    assert done.returncode == 0, done.stdout
    assert "its base cannot be measured: " in said(done.stdout)
    assert "throughput sustained" in done.stdout


def test_files_are_compared_without_a_repository(tmp_path: Path) -> None:
    (tmp_path / "a.tflite").write_bytes(SMALL)
    (tmp_path / "b.tflite").write_bytes(LARGE)
    done = edgetpu_ci(tmp_path, "compare", "--base", "b.tflite", "--head", "a.tflite")
    assert done.returncode == 0, done.stdout
    assert findings(tmp_path) == {"a": "improved"}
    assert "base: the files named with --base" in done.stdout


def event(folder: Path, project: Path) -> dict[str, str]:
    """What a job of a pull request finds in its environment."""
    sides = {side: repository.git(project, "rev-parse", ref) for side, ref in (("head", "topic"), ("base", "main"))}
    repo = {"id": 1, "full_name": "octo/models", "owner": {"login": "octo"}, "private": True}
    pull = {"number": 7, **{side: {"sha": sha, "ref": side, "repo": repo} for side, sha in sides.items()}}
    payload = folder / "event.json"
    payload.write_text(json.dumps({"repository": repo, "pull_request": pull}))
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(payload),
        "GITHUB_SHA": sides["head"],
    }


def test_a_pull_request_is_compared_with_what_it_was_made_from(project: Path, tmp_path: Path) -> None:
    clone = repository.clone(project, tmp_path / "clone", "--branch=topic", "--depth=1")
    done = edgetpu_ci(clone, "run", **event(tmp_path, project))
    assert done.returncode == 1, done.stderr
    assert "base: merge base with base" in said(done.stdout)
    assert findings(clone) == {"grown": "regressed", "same": "unchanged"}


@pytest.mark.parametrize("origin", ["gone", "asked for"])
def test_without_its_base_a_pull_request_is_measured_all_the_same(project: Path, tmp_path: Path, origin: str) -> None:
    clone = repository.clone(project, tmp_path / "clone", "--branch=topic", "--depth=1")
    if origin == "gone":
        repository.git(clone, "remote", "set-url", "origin", f"file://{tmp_path}/gone")
    else:
        (clone / "edgetpu-ci.yml").write_bytes(CONFIG.replace(b"compare: {", b"compare: {base: none, "))
    done = edgetpu_ci(clone, "run", **event(tmp_path, project))
    assert done.returncode == 0, done.stderr
    assert findings(clone) == {}
    assert ("Not compared with the base: " in done.stdout) == (origin == "gone")
    assert ("give actions/checkout `fetch-depth: 0`" in said(done.stdout)) == (origin == "gone")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--base", "no-such-ref"), 'There is no commit, branch, tag or file "no-such-ref"'),
        (("--base", "x", "y"), "x is no file; --base takes one REF or files."),
        (("--base", "same.tflite", "new.tflite", "--head", "same.tflite"), "--base names 2 files and --head 1"),
        (("--base", "main", "--head", "gone.tflite"), 'No model file matches "gone.tflite"'),
    ],
)
def test_usage_faults_are_one_sentence_and_2(project: Path, arguments: tuple[str, ...], sentence: str) -> None:
    done = edgetpu_ci(project, "compare", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_command_is_measured_with_the_code_of_either_side(tmp_path: Path) -> None:
    config = b"""
collect:
- use: command
  with: {name: search, command: "bash work.sh", setup: "cp seconds built", number: "took (.*) ms", unit: ms}
"""
    files = {"work.sh": b"echo took $(cat built) ms", "edgetpu-ci.yml": config}
    folder = repository.create(tmp_path / "project")
    repository.commit(folder, {**files, "seconds": b"12.5"})
    repository.commit(folder, {"seconds": b"25"})
    done = edgetpu_ci(folder, "compare", "--base", "HEAD^")
    assert done.returncode == 1, done.stderr
    assert "100 % slower than the base commit" in said(done.stdout)
    assert not (folder / ".git" / "worktrees").exists()


def test_a_command_that_the_base_cannot_run_is_measured_alone(tmp_path: Path) -> None:
    config = b"collect: [{use: command, with: {name: new, command: [cat, data], rounds: 2}}]"
    folder = repository.create(tmp_path / "project")
    repository.commit(folder, {})
    repository.commit(folder, {"edgetpu-ci.yml": config, "data": b"1"})
    done = edgetpu_ci(folder, "compare", "--base", "HEAD^")
    assert "the base cannot run it: it ended with status 1: cat: data: No such file or directory" in said(done.stdout)


def test_files_have_nothing_to_do_with_what_the_repository_accepted_or_keeps(tmp_path: Path) -> None:
    for name, data in (("a", SMALL), ("b", LARGE), ("other", SMALL)):
        (tmp_path / f"{name}.tflite").write_bytes(data)
    (tmp_path / "edgetpu-ci.yml").write_bytes(CONFIG.replace(b"*.tflite", b"other.tflite"))
    edgetpu_ci(tmp_path, "run")
    edgetpu_ci(tmp_path, "baseline", "accept", "--by", "Reviewer")
    quick = f"use: inference, with: {{models: [a.tflite], {QUICK}}}".encode()
    settings = codec.decode_yaml(b"collect: [{" + quick + b"}]\ncompare: {budget_seconds: 0}", Config, "settings")
    files = base.Files({tmp_path / "a.tflite": tmp_path / "b.tflite"})
    outcome = app.run(settings, tmp_path / "report", world(tmp_path, run=run_process), against=files)
    assert {m.subject for m in outcome.report.run.measurements} == {"a"}
    assert {verdict.subject for verdict in outcome.report.verdicts} == {"a"}
    assert len(list((tmp_path / ".edgetpu-ci/documents/reports").iterdir())) == 1


def test_a_budget_that_is_over_is_said(hurried: tuple[Path, CompletedProcess[str]]) -> None:
    assert "The 0 s of `compare: budget_seconds` were over" in said(hurried[1].stdout)


def test_work_that_is_not_committed_is_no_commits(hurried: tuple[Path, CompletedProcess[str]]) -> None:
    assert report(hurried[0])["run"]["commit"].endswith("-dirty")


def test_what_is_not_in_git_is_compared_with_the_report_of_an_ancestor(project: Path) -> None:
    repository.git(project, "rm", "--quiet", "--cached", "same.tflite")
    repository.commit(project, {".gitignore": b"same.tflite", "grown.tflite": None, "new.tflite": None})
    repository.git(project, "branch", "--quiet", "built")
    edgetpu_ci(project, "run", "--config", "edgetpu-ci.yml")
    repository.commit(project, {})
    done = edgetpu_ci(project, "compare", "--base", "built")
    assert "report of the ancestor" in said(done.stdout)
    (comparison,) = (c for c in report(project)["comparisons"] if c["metric"] == "model_bytes")
    assert (comparison["finding"], comparison["against"]) == ("unchanged", "previous run")
