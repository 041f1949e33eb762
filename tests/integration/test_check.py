"""The check run on the commit."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from edgetpu_ci.errors import DeliveryError
from edgetpu_ci.model import Report, Status, Verdict, Weight
from edgetpu_ci.publish import check
from edgetpu_ci.render import markdown
from tests.fakes import actions, reports
from tests.fakes.github import FakeGitHub
from tests.fakes.world import world


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    """A GitHub whose description every request keeps to."""
    with FakeGitHub() as fake:
        yield fake
        assert fake.violations == []


def publish(folder: Path, github: FakeGitHub, report: Report, **options: Any) -> dict[str, Any]:
    """The check run that GitHub got, in one request."""
    job = actions.job(
        folder, "pull_request", actions.pull_request(), github=lambda: actions.connect(github.url, github.token)
    )
    assert check.publish(check.Options(**options), report, job) == {"checked": "true"}
    assert github.asked == ["POST /repos/acme/detector/check-runs"]
    return github.checks[0]


def verdict(status: Status, weight: Weight = "fail", subject: str = "model", because: str = "too slow") -> Verdict:
    return Verdict(subject=subject, metric="latency_p10_ms", status=status, weight=weight, because=because)


@pytest.mark.parametrize(
    ("status", "weight", "conclusion"),
    [
        ("passed", "fail", "success"),
        ("warned", "warn", "neutral"),
        ("unknown", "warn", "neutral"),
        ("unknown", "fail", "failure"),
        ("failed", "fail", "failure"),
    ],
)
def test_the_conclusion_is_the_worst_verdict(
    tmp_path: Path, github: FakeGitHub, status: Status, weight: Weight, conclusion: str
) -> None:
    report = replace(reports.first_run(), verdicts=(verdict("passed"), verdict(status, weight)))
    assert publish(tmp_path, github, report)["conclusion"] == conclusion


def test_it_stands_on_the_head_of_the_pull_request_and_says_what_the_comment_says(
    tmp_path: Path, github: FakeGitHub
) -> None:
    run = publish(tmp_path, github, reports.regressed())
    assert (run["head_sha"], run["status"], run["name"]) == (actions.HEAD, "completed", "Edge TPU CI")
    assert run["output"]["summary"] == markdown.comment(reports.regressed())
    assert "annotations" not in run["output"]


def test_the_title_counts_the_worst_first(tmp_path: Path, github: FakeGitHub) -> None:
    verdicts = (verdict("passed"), verdict("failed"), verdict("passed"), verdict("unknown"))
    run = publish(tmp_path, github, replace(reports.first_run(), verdicts=verdicts))
    assert run["output"]["title"] == "1 failed, 1 unknown, 2 passed"


def test_without_rules_the_title_says_so(tmp_path: Path, github: FakeGitHub) -> None:
    run = publish(tmp_path, github, replace(reports.first_run(), verdicts=()))
    assert run["output"]["title"] == "nothing was demanded"


def test_where_nothing_was_measured_the_check_is_not_green(tmp_path: Path, github: FakeGitHub) -> None:
    report = reports.first_run()
    run = publish(tmp_path, github, replace(report, run=replace(report.run, measurements=()), verdicts=()))
    assert (run["conclusion"], run["output"]["title"]) == ("failure", "nothing could be measured")


def test_the_worst_fifty_become_annotations(tmp_path: Path, github: FakeGitHub) -> None:
    warned = [verdict("warned", "warn", f"warned {number}") for number in range(60)]
    failed = [verdict("failed", subject=f"failed {number}", because="") for number in range(3)]
    report = replace(reports.first_run(), verdicts=(*warned, *failed, verdict("passed")))
    notes = publish(tmp_path, github, report, annotate="edgetpu-ci.yml")["output"]["annotations"]
    assert len(notes) == 50
    assert [note["title"] for note in notes[:4]] == [
        f"{name}/latency_p10_ms" for name in ("failed 0", "failed 1", "failed 2", "warned 0")
    ]
    assert [note["annotation_level"] for note in notes[2:4]] == ["failure", "warning"]
    assert [note["message"] for note in notes[2:4]] == ["failed", "too slow"]
    assert {note["path"] for note in notes} == {"edgetpu-ci.yml"}


@pytest.mark.parametrize(
    ("status", "weight", "level"),
    [
        ("failed", "fail", ["failure"]),
        ("unknown", "fail", ["failure"]),
        ("unknown", "warn", ["warning"]),
        ("unknown", "pass", []),
        ("warned", "fail", ["warning"]),
        ("warned", "warn", ["warning"]),
    ],
)
def test_an_annotation_is_as_loud_as_its_verdict(
    tmp_path: Path, github: FakeGitHub, status: Status, weight: Weight, level: list[str]
) -> None:
    report = replace(reports.first_run(), verdicts=(verdict(status, weight),))
    notes = publish(tmp_path, github, report, annotate="edgetpu-ci.yml")["output"]["annotations"]
    assert [note["annotation_level"] for note in notes] == level


def test_a_boundless_reason_is_cut_to_what_github_takes(tmp_path: Path, github: FakeGitHub) -> None:
    report = replace(reports.first_run(), verdicts=(verdict("failed", subject="🐌" * 300, because="🐌" * 70_000),))
    (note,) = publish(tmp_path, github, report, annotate="edgetpu-ci.yml")["output"]["annotations"]
    assert (len(note["title"]), len(note["message"])) == (255, 2_000)


@pytest.mark.parametrize("report", [reports.many(), reports.hostile()], ids=["many models", "hostile names"])
def test_github_takes_every_report(tmp_path: Path, github: FakeGitHub, report: Report) -> None:
    run = publish(tmp_path, github, report, annotate="edgetpu-ci.yml")
    assert len(run["output"]["summary"].encode()) <= 65_535


def test_a_token_that_may_only_read_is_one_warning(tmp_path: Path) -> None:
    said: list[str] = []
    with FakeGitHub(read_only=True) as github:
        job = actions.job(
            tmp_path,
            "pull_request",
            actions.pull_request(),
            out=said.append,
            github=lambda: actions.connect(github.url, github.token),
        )
        assert check.publish(check.Options(), reports.regressed(), job) == {"checked": "false"}
    (line,) = said
    assert line.startswith("::warning::No check run: GitHub answered 403")
    assert "permissions: checks: write" in line


def test_a_refusal_is_an_error_that_says_what_to_do(tmp_path: Path, github: FakeGitHub) -> None:
    github.fail(422, message="No commit found for SHA")
    with pytest.raises(DeliveryError, match=r"422 \(No commit found for SHA\).*please report it"):
        publish(tmp_path, github, reports.regressed())


def test_outside_actions_nothing_is_asked(tmp_path: Path) -> None:
    said: list[str] = []
    assert check.publish(check.Options(), reports.regressed(), world(tmp_path, warn=said.append)) == {
        "checked": "false"
    }
    assert said == ["notice: No check run: this is not a job of GitHub Actions."]


@pytest.mark.parametrize("report", [reports.all_clear(), reports.regressed()], ids=["all clear", "regressed"])
@pytest.mark.parametrize("owner", [actions.OURS, actions.THEIRS], ids=["our branch", "a fork"])
def test_a_report_from_another_workflow_run_decides_no_check(tmp_path: Path, report: Report, owner: int) -> None:
    said: list[str] = []
    job = actions.job(tmp_path, "workflow_run", actions.workflow_run(repository_id=owner), out=said.append)
    assert check.publish(check.Options(annotate="edgetpu-ci.yml"), report, job) == {"checked": "false"}
    (line,) = said
    assert line.startswith("::notice::No check run: the report under `workflow_run`")
    assert "use: pull_request" in line
