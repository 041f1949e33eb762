"""`bisect` from outside: the commit that made a model slower is found, and nothing else is claimed."""

from pathlib import Path

import pytest

from edgetpu_ci import bisection, reference
from edgetpu_ci.model import Comparison, Finding
from tests.fakes import repository
from tests.fakes.program import edgetpu_ci

MODEL = reference.build(32, 0.1)
CONFIG = b"""\
collect:
- {use: inference, with: {models: ["*.tflite"], seconds: 0.01, count: 2, warmup_seconds: 0, warmup_count: 1}}
compare: {budget_seconds: 0}
"""
# A command that prints its time: the search is the same on however busy a machine.
PRINTED = b"""\
collect:
- {use: command, with: {name: m, command: "bash work.sh", number: "took (.*) ms", unit: ms}}
"""


def test_the_commit_that_made_something_slower_is_found(tmp_path: Path) -> None:
    repository.create(tmp_path)
    files = {"work.sh": b"echo took $(cat time) ms", "edgetpu-ci.yml": PRINTED}
    first = repository.commit(tmp_path, {**files, "time": b"12.5"}, "first")
    repository.commit(tmp_path, {"time": b"12.5\n"}, "another file, the same time")
    repository.commit(tmp_path, {"README": b"words"}, "words")
    culprit = repository.commit(tmp_path, {"time": b"25"}, "larger images")
    last = repository.commit(tmp_path, {"time": b"25\n"}, "another slow one")
    done = edgetpu_ci(tmp_path, "bisect", "--good", first, "--bad", last)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"first bad commit: {culprit[:7]}" in done.stdout
    assert "larger images" in done.stdout
    assert "slower" in done.stdout.splitlines()[-1]
    assert repository.git(tmp_path, "status", "--porcelain") == ""


def test_only_commits_with_other_models_are_measured(tmp_path: Path) -> None:
    repository.create(tmp_path)
    first = repository.commit(tmp_path, {"m.tflite": MODEL, "edgetpu-ci.yml": CONFIG}, "first")
    repository.commit(tmp_path, {"m.tflite": MODEL + bytes(4)}, "another file, the same model")
    repository.commit(tmp_path, {"README": b"words"}, "words")
    repository.commit(tmp_path, {"m.tflite": None}, "without")
    repository.commit(tmp_path, {"m.tflite": MODEL + bytes(8)}, "it is back")
    last = repository.commit(tmp_path, {"m.tflite": MODEL + bytes(12)}, "and another")
    done = edgetpu_ci(tmp_path, "bisect", "--good", first, "--bad", last)
    assert done.stdout.startswith("5 commits, 3 of them with other files to measure: at most 3 measurements.\n")


def test_commits_that_change_nothing_measured_are_nothing_to_find(tmp_path: Path) -> None:
    repository.create(tmp_path)
    first = repository.commit(tmp_path, {"m.tflite": MODEL}, "first")
    last = repository.commit(tmp_path, {"README": b"words"}, "words")
    done = edgetpu_ci(tmp_path, "bisect", "--good", first, "--bad", last, "m.tflite")
    assert done.returncode == 5
    assert "Nothing to find: no commit between them changes what is measured." in done.stdout


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("last", "first", "does not come before"),
        ("last", "last", "There are 0 commits from good to bad"),
        ("nowhere", "last", 'There is no commit, branch, tag or file "nowhere"'),
        ("first", "last", 'No model file matches "gone.tflite"'),
    ],
)
def test_ends_that_make_no_line_are_refused_in_one_sentence(tmp_path: Path, good: str, bad: str, said: str) -> None:
    repository.create(tmp_path)
    for name in ("first", "last"):
        repository.commit(tmp_path, {"m.tflite": MODEL + name.encode()}, name)
        repository.git(tmp_path, "tag", name)
    done = edgetpu_ci(tmp_path, "bisect", "--good", good, "--bad", bad, "gone.tflite")
    assert (done.returncode, done.stderr.count("Traceback")) == (2, 0)
    assert said in done.stderr


def compared(ratio: float, interval: tuple[float, float] | None, finding: Finding = "regressed") -> Comparison:
    return Comparison(
        subject="m", metric="latency_p10_ms", base=1, head=ratio, finding=finding, ratio=ratio, interval=interval
    )


@pytest.mark.parametrize(
    ("interval", "most"),
    [((1.19, 1.21), True), ((0.99, 1.01), False), ((1.05, 1.15), None), ((1.099, 1.3), True), ((0.9, 1.09), False)],
)
def test_a_step_is_bad_when_it_surely_has_more_than_half_of_the_change(
    interval: tuple[float, float],
    most: bool | None,  # noqa: FBT001
) -> None:
    assert bisection.has_most_of(compared(1.2, (1.19, 1.21)), compared(1, interval)) is most
    turned = tuple(sorted(1 / bound for bound in interval))
    assert bisection.has_most_of(compared(1 / 1.2, None), compared(1, (turned[0], turned[1]))) is most


def test_the_same_file_is_as_good_as_the_good_one() -> None:
    assert bisection.has_most_of(compared(1.2, None), compared(1, None, "unchanged")) is False
