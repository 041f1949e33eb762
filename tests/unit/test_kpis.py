"""Every key figure of a small repository, as computed by hand; and what is said where there are no rows."""

from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import structs

from edgetpu_ci import metrics
from edgetpu_ci.errors import ConfigError, DocumentError
from edgetpu_ci.kpis import all as key_figures
from edgetpu_ci.kpis import builds, commits, health, options
from edgetpu_ci.kpis.options import Options
from edgetpu_ci.kpis.rows import Commit, Rows, WorkflowRun
from edgetpu_ci.model import Earlier, Measurement
from tests.fakes import repository
from tests.fakes import small_repository as small
from tests.fakes.by_hand import BY_HAND, TOO_FEW
from tests.fakes.small_repository import AS_OF, DAY, at

ALSO_OF = {
    # Which commits a bot's pull request brought, as the details say then.
    "pulls": {"repository/commits_per_week", "repository/bot_commits_per_week"},
    # Those that came without a pull request.
    "commits": {"repository/change_lead_time_hours"},
}


def figures(rows: Rows = small.ROWS, **chosen: object) -> dict[str, Measurement]:
    found = key_figures.of(rows, Options(**chosen), AS_OF)  # type: ignore[arg-type]
    assert len({each.key for each in found}) == len(found)
    return {each.key: each for each in found}


@pytest.mark.parametrize("key", BY_HAND)
def test_a_key_figure_is_what_a_hand_computes(key: str) -> None:
    value, n = BY_HAND[key]
    found = figures()[key]
    assert found.value == pytest.approx(value)
    assert found.n == n


def test_what_the_hand_did_not_compute_has_too_few_to_say_anything() -> None:
    others = {key: found for key, found in figures().items() if key not in BY_HAND}
    assert {key: found.n for key, found in others.items()} == TOO_FEW
    assert all(found.value is None and "5 are needed" in found.reason for found in others.values())


def test_with_a_fifth_run_that_went_well_a_workflow_has_a_duration() -> None:
    more = small.run(9, "11-15 12:00", "success", *small.both("11-15 12:00", 60, 100))
    found = figures(structs.replace(small.ROWS, runs=(*small.ROWS.runs, more)))["ci.yml/workflow_duration_seconds"]
    # 60 + 120, 61 + 130, 140 (the test alone), 70 + 150, 60 + 100; in order 140 160 180 191 220.
    assert (found.value, found.n) == (180.0, 5)


def test_each_says_its_window_and_its_source() -> None:
    for found in figures().values():
        assert {"window", "source"} <= dict(found.details).keys(), found.key


def test_what_is_left_out_is_counted() -> None:
    found = {key: dict(each.details).get("excluded") for key, each in figures().items()}
    assert found["repository/build_success_rate"] == "1 cancelled, 1 skipped"
    assert found["repository/pr_merge_time_hours"] == (
        "5 of bots, 1 into other branches, 1 closed without being merged"
    )
    assert found["repository/issue_resolution_time_days"] == (
        "1 closed as duplicate, 1 closed as not_planned, 1 of bots"
    )
    assert found["repository/deployment_frequency_per_week"] == "1 failed or yanked"
    assert found["repository/change_lead_time_hours"] == "5 of bots, 2 not deployed yet"


def test_the_weeks_are_shown_and_the_running_one_apart() -> None:
    details = dict(figures()["repository/commits_per_week"].details)
    assert details["weeks"] == "2026-W44: 2, 2026-W45: 3, 2026-W46: 4, 2026-W47: 1"
    assert details["running week"] == "2026-W48: 2 so far, not counted"


def test_ten_commits_after_one_in_as_many_weeks_may_be_chance() -> None:
    # At least ten of eleven: 2 · 12 in 2^11, more than fifty figures may be wrong in.
    assert figures()["repository/commits_per_week"].earlier == Earlier(value=0.25, n=1, moved=False)


def test_of_a_sum_nobody_says_what_is_beyond_noise() -> None:
    assert figures()["repository/minutes_used"].earlier is None


def test_the_library_gives_its_versions_weekly() -> None:
    details = dict(figures()["repository/deployment_frequency_per_week"].details)
    assert details["deployments"] == "versions on the package index"
    # Days with one in the four weeks: 1, 1, 1, 2.
    assert details["how often"] == "weekly; days with one in the median week: 1"


def test_a_red_workflow_says_since_when() -> None:
    details = dict(figures()["repository/failure_streak"].details)
    # Run 6 ended on the 12th of November, 110 seconds past noon.
    assert (details["workflow"], details["red for"]) == ("ci.yml", "300.0 h")
    assert details["first failed"] == "c6 in run 588006, 2026-11-12 12:01 UTC"
    assert details["last passed"] == "c5 in run 588005, 2026-11-09 12:03 UTC"


def test_every_figure_has_a_published_definition() -> None:
    of_values = {health.community(100).metric, *(one.metric for one in health.runners(1, 1))}
    published = {kpi.metric.name for kpi in metrics.KPIS if kpi.formula and kpi.source}
    assert {found.metric for found in figures().values()} | of_values <= published


def test_the_names_of_the_seed_lead_to_their_figures() -> None:
    assert metrics.find("build_failure_streak").name == "failure_streak"
    assert metrics.find("build_time").name == "build_time_seconds"
    assert metrics.find("alerting").name == "notification_cost_usd"
    assert metrics.find("test_coverage_percentage").name == "test_coverage"
    assert metrics.find("security_scan_score").name == "security_score"
    assert metrics.find("benchmark_error_rate").name == "error_rate_percent"
    assert metrics.find("disk_space").name == "disk_free_percent"


@pytest.mark.parametrize("source", ["pulls", "issues", "runs", "deployments", "commits"])
def test_a_source_that_may_not_be_read_costs_its_own_figures_alone(source: str) -> None:
    whole, reason = figures(), "the token needs `that: read`"
    found = figures(structs.replace(small.ROWS, missing={source: reason}, **{source: ()}))
    lost = {key for key, each in found.items() if each.reason == f"not known: {reason}"}
    assert lost == {f"repository/{name}" for part in key_figures.PARTS if source in part.NEEDS for name in part.METRICS}
    for key in ALSO_OF.get(source, set()):
        assert any(reason in text for _, text in found[key].details), key
    same = found.keys() - lost - ALSO_OF.get(source, set())
    assert {key: found[key].value for key in same} == {key: whole[key].value for key in same}


def test_which_deployments_failed_is_not_known_without_the_labels_of_pull_requests() -> None:
    found = figures(structs.replace(small.ROWS, missing={"pulls": "no"}, pulls=()))
    unknown = {key for key, each in found.items() if each.reason == "not known: no"}
    assert {f"repository/{name}" for name in ("change_fail_rate", "deployment_rework_rate")} <= unknown


def test_rows_that_begin_in_the_window_say_so_and_are_compared_with_nothing() -> None:
    rows = structs.replace(small.ROWS, since={"runs": at("11-03")})
    found = figures(rows)["repository/minutes_used"]
    assert dict(found.details)["complete"] == "only from 2026-11-03 00:00 UTC on"
    assert found.earlier is None


def test_what_is_younger_than_two_windows_is_compared_with_nothing() -> None:
    young = [one for one in small.COMMITS if one.at >= at("10-20")]
    rows = Rows(branch="main", commits=tuple(young))
    assert figures(rows)["repository/commits_per_week"].earlier is None
    older = (*young, Commit(sha="first", at=at("09-25"), authored=at("09-25")))
    assert figures(structs.replace(rows, commits=older))["repository/commits_per_week"].earlier is not None


def test_it_is_compared_with_the_window_before() -> None:
    again = [structs.replace(run, updated=run.updated + 30 * DAY, jobs=None) for run in small.CI]
    rows = structs.replace(small.ROWS, runs=(*small.ROWS.runs, *again))
    found = {each.key: each for each in key_figures.of(rows, Options(), AS_OF + 30 * DAY)}
    assert found["repository/build_success_rate"].value == pytest.approx(100 * 4 / 6)
    assert found["repository/build_success_rate"].earlier == Earlier(value=70.0, n=10, moved=False)


def test_what_is_open_and_changed_before_rows_are_kept_is_stale_and_said() -> None:
    # 5 of each have rows, one of which is stale.
    found = figures(structs.replace(small.ROWS, open={"pulls": 6, "issues": 14}))
    assert (found["repository/stale_percent"].value, found["repository/stale_percent"].n) == (60.0, 20)
    for key, left_out in (("open_pr_age_days", 1), ("open_issue_age_days", 9)):
        said = f"{left_out} that changed last before rows are kept"
        assert dict(found[f"repository/{key}"].details)["excluded"] == said
    # One that was closed while the rest was read is none.
    assert figures(structs.replace(small.ROWS, open={"pulls": 4}))["repository/stale_percent"].value == 20.0


def test_what_was_not_read_yet_is_not_taken_for_stale() -> None:
    rows = structs.replace(small.ROWS, open={"pulls": 6}, since={"pulls": at("11-03")})
    found = figures(rows)["repository/stale_percent"]
    assert found.reason == "not known: 1 of the open issues and pull requests were not read yet; the next run goes on"
    long_ago = structs.replace(rows, since={"pulls": at("09-03")})
    assert figures(long_ago)["repository/stale_percent"].value == pytest.approx(300 / 11)


def test_a_window_without_a_whole_week_has_no_weekly_mean() -> None:
    found = figures(days=2)["repository/commits_per_week"]
    assert (found.value, found.reason) == (None, "not known: no whole ISO week in 2 days")


def test_a_merge_queue_and_a_tag_are_builds_of_the_branch_and_a_topic_branch_is_none() -> None:
    run = small.CI[0]
    queue = structs.replace(run, event="merge_group", branch="gh-readonly-queue/main/pr-7-abc")
    other = structs.replace(queue, branch="gh-readonly-queue/1.x/pr-7-abc")
    assert builds.is_build(queue, "main")
    assert not builds.is_build(other, "main")
    assert builds.is_build(small.RELEASE, "main")
    assert not builds.is_build(structs.replace(run, branch="topic"), "main")
    for event in ("workflow_dispatch", "repository_dispatch", "schedule"):
        assert builds.is_build(structs.replace(run, event=event), "main")
    # A fork calls its branch main as well.
    assert not builds.is_build(structs.replace(run, event="pull_request"), "main")


def test_what_git_says_becomes_commits_that_name_nobody() -> None:
    lines = (
        "c2\x1f1762336800\x1f1762333200\x1fdependabot[bot]\x1f49699333+dependabot[bot]@users.noreply.github.com",
        "c1\x1f1762336800\x1f1762333200\x1fSome\x85body\x1fsomebody@example.org",
        "c0\x1f1762336800\x1f1762333200\x1fReleaser\x1freleaser@example.org",
    )
    found = commits.parse("\n".join([*lines, ""]), bots=["releaser"])
    assert [(one.sha, one.is_bot) for one in found] == [("c2", True), ("c1", False), ("c0", True)]
    assert found[1].at - found[1].authored == timedelta(hours=1)
    assert Commit.__struct_fields__ == ("sha", "at", "authored", "is_bot")


def test_a_merge_is_one_commit_and_what_it_brought_is_none(tmp_path: Path) -> None:
    folder = repository.create(tmp_path / "here")
    repository.commit(folder, {})
    repository.git(folder, "switch", "--quiet", "--create", "topic")
    inner = [repository.commit(folder, {}), repository.commit(folder, {})]
    repository.git(folder, "switch", "--quiet", "main")
    repository.git(folder, "merge", "--quiet", "--no-ff", "--message", "merge", "topic")
    found = commits.parse(repository.git(folder, *commits.LOG))
    assert [one.sha for one in found] == repository.git(folder, "rev-parse", "HEAD", "HEAD^").split()
    assert not {one.sha for one in found} & set(inner)


@pytest.mark.parametrize(
    "output", ["fatal: no repository", "c\x1fx\x1f1\x1f\x1f", "c\x1f1" + "0" * 30 + "\x1f1\x1f\x1f"]
)
def test_an_answer_of_git_that_is_none_is_said_to_be(output: str) -> None:
    with pytest.raises(DocumentError, match="check that git works here"):
        commits.parse(output)


def test_self_hosted_runners_are_waited_for_only_where_a_job_ran_on_one() -> None:
    def hosted(run: WorkflowRun) -> WorkflowRun:
        jobs = tuple(structs.replace(job, labels=(), group="") for job in run.jobs or ())
        return structs.replace(run, jobs=jobs)

    found = figures(structs.replace(small.ROWS, runs=tuple(map(hosted, small.ROWS.runs))))
    assert "repository/self_hosted_queue_time_seconds" not in found
    assert "repository/queue_time_seconds" in found


def test_a_pattern_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="build_pattern is no regular expression"):
        options.check(Options(build_pattern="("))
    options.check(Options())


def test_of_runners_of_one_s_own_nothing_is_said_where_there_are_none() -> None:
    assert list(health.runners(0, 0)) == []
    assert [one.value for online in (1, 0) for one in health.runners(online, 2)] == [50.0, 0.0]


def test_a_fork_has_no_community_profile() -> None:
    assert health.community(None).value is None
    assert health.community(85).value == 85.0
