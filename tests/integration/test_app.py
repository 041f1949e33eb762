"""What a dead GitHub changes: nothing in `run`, the exit status of `publish`."""

import shutil
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from edgetpu_ci import codec, history
from tests.fakes import actions, reports
from tests.fakes.git_server import git_server
from tests.fakes.github import FakeGitHub
from tests.fakes.program import edgetpu_ci
from tests.integration.test_cli import project


def environment(folder: Path, github: FakeGitHub) -> dict[str, str]:
    """A job for a pull request."""
    env = actions.job(folder, "pull_request", actions.pull_request()).env
    return {**env, "GITHUB_TOKEN": github.token, "GITHUB_API_URL": github.url, "GITHUB_OUTPUT": str(folder / "out")}


PUBLISH = "publish: [{use: job}, {use: pull_request}]\n"


def test_a_github_that_takes_nothing_changes_no_verdict_of_run(tmp_path: Path) -> None:
    with FakeGitHub() as github:
        github.fail(422, times=20, message="no")
        done = edgetpu_ci(project(tmp_path, rest=PUBLISH), "run", **environment(tmp_path, github))
    assert done.returncode == 0, done.stderr
    assert "422" in done.stdout + done.stderr
    assert "status" in (tmp_path / "out").read_text()


def test_publish_that_cannot_deliver_is_4_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_bytes(codec.encode_json(reports.regressed()))
    (tmp_path / "edgetpu-ci.yml").write_text(f"collect: []\n{PUBLISH}")
    with FakeGitHub() as github:
        github.fail(422, times=20, message="no")
        done = edgetpu_ci(tmp_path, "publish", "r.json", **environment(tmp_path, github))
    assert done.returncode == 4
    assert "GitHub answered 422 (no)" in done.stderr


def test_publish_comments_what_run_would_have(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_bytes(codec.encode_json(reports.regressed()))
    with FakeGitHub() as github:
        done = edgetpu_ci(tmp_path, "publish", "r.json", **environment(tmp_path, github))
        (comment,) = github.comments(7)
    assert done.returncode == 0, done.stderr
    assert "slower" in comment.body


def test_the_second_workflow_takes_numbers_from_the_artifact_and_identity_from_github(tmp_path: Path) -> None:
    import io
    import zipfile

    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("report.json", codec.encode_json(reports.regressed()))
    with FakeGitHub() as github:
        github.upload(actions.RUN_ID, "edgetpu-ci-report", archive.getvalue())
        github.open_pull_request(7, sha=actions.HEAD, owner="mallory", branch="faster", repository_id=actions.THEIRS)
        env = actions.job(tmp_path, "workflow_run", actions.workflow_run()).env
        done = edgetpu_ci(
            tmp_path,
            "publish",
            "--from-workflow-run",
            **{**env, "GITHUB_TOKEN": github.token, "GITHUB_API_URL": github.url},
        )
        (comment,) = github.comments(7)
    assert done.returncode == 0, done.stderr
    assert actions.HEAD[:7] in comment.body


def test_outside_a_workflow_run_there_is_no_report_to_fetch(tmp_path: Path) -> None:
    done = edgetpu_ci(tmp_path, "publish", "--from-workflow-run")
    assert done.returncode == 2
    assert "works only in a workflow started by `on: workflow_run`" in done.stderr


BRANCH = "store: {use: branch}\n"


def test_runs_keep_their_reports_on_the_branch_and_find_them_there(tmp_path: Path) -> None:
    with git_server(tmp_path / "server") as server:
        first = edgetpu_ci(project(tmp_path, rest=BRANCH), "run", **server.env)
        shutil.rmtree(tmp_path / ".edgetpu-ci")
        second = edgetpu_ci(tmp_path, "run", **server.env)
        folded = edgetpu_ci(tmp_path, "store", "fold", **server.env)
        doctor = edgetpu_ci(tmp_path, "doctor", **server.env)
        kept = [path for path in server.files() if path.startswith("documents/reports/")]
    assert (first.returncode, second.returncode, folded.returncode) == (0, 0, 0), first.stderr + second.stderr
    assert len(kept) == 2
    assert "previous run of" in second.stdout + (tmp_path / "edgetpu-ci-report" / "report.json").read_text()
    assert "nothing to fold" in folded.stdout
    assert "holds 2 documents" in doctor.stdout


def test_a_branch_that_takes_nothing_changes_no_verdict_and_its_report_waits(tmp_path: Path) -> None:
    with git_server(tmp_path / "server") as server:
        server.protect("error: GH006: Protected branch update failed")
        done = edgetpu_ci(project(tmp_path, rest=BRANCH), "run", **server.env)
    assert done.returncode == 0, done.stderr
    assert "is protected" in done.stderr
    assert len(list(tmp_path.glob(".edgetpu-ci/branch/outbox/documents/reports/*.json"))) == 1
    assert server.token not in done.stdout + done.stderr


def test_a_server_that_is_gone_costs_no_measurement(tmp_path: Path) -> None:
    env = {"GITHUB_SERVER_URL": "http://127.0.0.1:9", "GITHUB_REPOSITORY": "o/r", "GITHUB_TOKEN": "x"}
    done = edgetpu_ci(project(tmp_path, rest=BRANCH), "run", **env)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("http://127.0.0.1:9/o/r cannot be reached") == 2
    assert (tmp_path / "edgetpu-ci-report" / "report.json").exists()


def test_a_repository_that_does_not_exist_is_said_before_anything_is_measured(tmp_path: Path) -> None:
    with git_server(tmp_path / "server") as server:
        done = edgetpu_ci(project(tmp_path, rest=BRANCH), "run", **{**server.env, "GITHUB_REPOSITORY": "o/none"})
    assert (done.returncode, done.stdout) == (2, "")
    assert "There is no repository at" in done.stderr
    assert not (tmp_path / "edgetpu-ci-report").exists()


def test_a_corrupt_report_in_the_store_is_passed_over_by_name_and_kept(tmp_path: Path) -> None:
    project(tmp_path)
    broken = tmp_path / ".edgetpu-ci/documents/reports/20200101T000000Z-x.json"
    broken.parent.mkdir(parents=True)
    broken.write_text("{")
    done = edgetpu_ci(tmp_path, "run")
    assert done.returncode == 0
    assert "Passed over: report 20200101T000000Z-x in the store cannot be read" in done.stderr
    assert broken.read_text() == "{"


def test_a_chart_that_cannot_be_written_loses_no_measurement(tmp_path: Path) -> None:
    (project(tmp_path) / "edgetpu-ci-report/chart.png").mkdir(parents=True)
    done = edgetpu_ci(tmp_path, "run")
    assert done.returncode == 2
    assert "chart.png could not be written: is a directory" in done.stderr
    assert "report  edgetpu-ci-report/report.json" in done.stdout
    assert (tmp_path / "edgetpu-ci-report/report.json").exists()
    assert len(list((tmp_path / ".edgetpu-ci/documents/reports").iterdir())) == 1


def test_judge_takes_the_rules_of_today(tmp_path: Path) -> None:
    project(tmp_path)
    edgetpu_ci(tmp_path, "run")
    config = tmp_path / "edgetpu-ci.yml"
    config.write_text(config.read_text() + 'rules: [{match: "*/macs_millions", max: 0.001}]\n')
    done = edgetpu_ci(tmp_path, "judge", "edgetpu-ci-report/report.json")
    assert done.returncode == 1


def test_a_model_measured_by_two_steps_is_refused_before_its_numbers_mix(tmp_path: Path) -> None:
    project(tmp_path)
    config = tmp_path / "edgetpu-ci.yml"
    config.write_text(config.read_text() + config.read_text().splitlines()[2] + "\n")
    done = edgetpu_ci(tmp_path, "run")
    assert done.returncode == 2
    assert "collect[2] measures small/" in done.stderr
    assert "again, as collect[1] does; measure it in a run of its own" in done.stderr


def test_nothing_to_collect_is_refused(tmp_path: Path) -> None:
    (tmp_path / "edgetpu-ci.yml").write_text("collect: []\n")
    done = edgetpu_ci(tmp_path, "run")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "`collect` lists nothing to measure" in done.stderr


def test_a_baseline_stays_in_the_file_it_stands_in(tmp_path: Path) -> None:
    project(tmp_path)
    edgetpu_ci(tmp_path, "run")
    edgetpu_ci(tmp_path, "baseline", "accept", "--by", "Reviewer")
    (written,) = (tmp_path / "baselines").iterdir()
    written.rename(written.with_name("ours.yml"))
    done = edgetpu_ci(tmp_path, "baseline", "accept", "--by", "Another")
    assert "baselines/ours.yml" in done.stdout
    assert [path.name for path in (tmp_path / "baselines").iterdir()] == ["ours.yml"]


def test_a_report_that_names_every_machine_is_not_accepted(tmp_path: Path) -> None:
    report = reports.regressed()
    claimed = replace(report, run=replace(report.run, machine=replace(report.run.machine, key="*")))
    (tmp_path / "r.json").write_bytes(codec.encode_json(claimed))
    done = edgetpu_ci(tmp_path, "baseline", "accept", "r.json")
    assert done.returncode == 2
    assert "does not name its machine" in done.stderr
    assert not (tmp_path / "baselines").exists()


def test_a_report_whose_time_has_no_zone_is_refused(tmp_path: Path) -> None:
    data = codec.encode_json(reports.regressed()).replace(b'07Z"', b'07"')
    (tmp_path / "r.json").write_bytes(data)
    done = edgetpu_ci(tmp_path, "judge", "r.json")
    assert done.returncode == 2
    assert "r.json cannot be read" in done.stderr


def test_a_publisher_of_a_third_party_that_breaks_costs_no_run(tmp_path: Path) -> None:
    project(tmp_path, rest="publish: [{use: broken}]\n")
    package = tmp_path / "installed"
    metadata = package / "broken-1.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[edgetpu_ci.publish]\nbroken = broken_publisher\n")
    (package / "broken_publisher.py").write_text(
        "import msgspec\nclass Options(msgspec.Struct): pass\n"
        "def publish(options, report, world): raise KeyError('x')\n"
    )
    done = edgetpu_ci(tmp_path, "run", PYTHONPATH=str(package))
    assert done.returncode == 0, done.stderr
    assert "A publisher failed with KeyError" in done.stdout + done.stderr
    assert (tmp_path / "edgetpu-ci-report" / "report.json").exists()


def test_a_report_that_measured_nothing_is_no_baseline(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_bytes(codec.encode_json(reports.nothing_measured()))
    done = edgetpu_ci(tmp_path, "baseline", "accept", "r.json", "--by", "Reviewer")
    assert done.returncode == 2
    assert "r.json measured nothing, so it is no level to accept" in done.stderr


def test_a_baseline_has_an_author(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_bytes(codec.encode_json(reports.regressed()))
    nobody = {"HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1", "GIT_CEILING_DIRECTORIES": str(tmp_path.parent)}
    done = edgetpu_ci(tmp_path, "baseline", "accept", "r.json", **nobody)
    assert done.returncode == 2
    assert "name yourself with --by" in done.stderr


def test_a_level_can_be_accepted_until_a_day_and_no_day_that_is_over(tmp_path: Path) -> None:
    edgetpu_ci(project(tmp_path), "run")
    never = edgetpu_ci(tmp_path, "baseline", "accept", "--by", "Reviewer", "--until", "yesterday")
    assert "yesterday is no day; write it as 2026-01-01" in never.stderr
    over = edgetpu_ci(tmp_path, "baseline", "accept", "--by", "Reviewer", "--until", "2020-01-01")
    assert (over.returncode, over.stderr.count("\n")) == (2, 1)
    assert "--until 2020-01-01 is over" in over.stderr
    done = edgetpu_ci(tmp_path, "baseline", "accept", "--by", "Reviewer", "--reason", "meant", "--until", "2999-12-31")
    assert done.returncode == 0, done.stderr
    (written,) = (tmp_path / "baselines").iterdir()
    assert "until: '2999-12-31'" in written.read_text()
    # As people write it.
    written.write_text(written.read_text().replace("'2999-12-31'", "2999-12-31"))
    assert "until 2999-12-31 from report" in " ".join(edgetpu_ci(tmp_path, "run").stdout.split())


def shifted(folder: Path, levels: Sequence[float]) -> None:
    """Earlier runs of this machine: the one that was made, again and again, its speed multiplied by each level."""
    (place,) = (folder / ".edgetpu-ci/documents/reports").iterdir()
    made = history.decode(place.read_bytes(), "made")
    place.unlink()
    for number, level in enumerate(levels):
        at = made.run.at - timedelta(hours=len(levels) - number)
        wobble = level * (1 + (number * 7 % 5 - 2) / 1000)
        measured = tuple(
            replace(m, value=m.value * wobble) if m.metric == "throughput_sustained_fps" and m.value else m
            for m in made.run.measurements
        )
        run = replace(made.run, id=f"{at:%Y%m%dT%H%M%SZ}-0", at=at, measurements=measured, commit=f"{number:040x}")
        place.with_name(f"{run.id}.json").write_bytes(codec.encode_json(replace(made, run=run)))


WATCH = 'rules: [{match: "*/throughput_sustained_fps", no_change_point: true}]\n'


def test_a_level_that_stayed_worse_fails_until_it_is_accepted(tmp_path: Path) -> None:
    edgetpu_ci(project(tmp_path, rest=WATCH), "run")
    # On a busy machine the real run lies anywhere between; the runs before it have said enough.
    shifted(tmp_path, [9.0] * 20 + [1.0] * 12)
    done = edgetpu_ci(tmp_path, "run")
    assert done.returncode == 1, done.stdout + done.stderr
    said = " ".join(done.stdout.split())
    assert "% slower since 0000000 … 0000000, confirmed" in said
    report = history.decode((tmp_path / "edgetpu-ci-report/report.json").read_bytes(), "r")
    ((shift,),) = (one.shifts for one in report.history)
    assert (int(shift.good.commit, 16), int(shift.bad.commit, 16), shift.tier) == (19, 20, "confirmed")
    assert edgetpu_ci(tmp_path, "run").returncode == 1
    edgetpu_ci(tmp_path, "baseline", "accept", "--by", "Reviewer")
    accepted = edgetpu_ci(tmp_path, "run")
    assert "confirmed" not in accepted.stdout
    assert accepted.returncode == 0, accepted.stdout


def test_bands_are_suggested_from_history_and_nothing_is_written(tmp_path: Path) -> None:
    edgetpu_ci(project(tmp_path, rest=WATCH), "run")
    short = edgetpu_ci(tmp_path, "baseline", "suggest")
    assert (short.returncode, short.stderr.count("\n")) == (2, 1)
    assert "too few to suggest bands from" in short.stderr
    shifted(tmp_path, [1.0] * 20)
    done = edgetpu_ci(tmp_path, "baseline", "suggest")
    assert done.returncode == 0, done.stderr
    assert "throughput_sustained_fps: {min:" in done.stdout
    assert not (tmp_path / "baselines").exists()
