"""What users of other tools complained of (numbers of the collected complaints), and what they see here."""

import re

import pytest
from msgspec import structs

from edgetpu_ci.kpis import all as key_figures
from edgetpu_ci.kpis import attempts, durations, lead, pulls, queues
from edgetpu_ci.kpis.options import Options
from edgetpu_ci.kpis.rows import Commit, Deployment, Job, Rows, WorkflowRun
from edgetpu_ci.model import Measurement
from tests.fakes.small_repository import AS_OF, DAY, HOUR, SECOND, at, issue, job, pull, run, spans

MINUTE = 60 * SECOND


def figure(name: str, rows: Rows) -> Measurement:
    return next(one for one in key_figures.of(rows, Options(), AS_OF) if one.key == f"repository/{name}")


def of_pulls(*pulls: object) -> Rows:
    return Rows(branch="main", pulls=pulls)  # type: ignore[arg-type]


def of_runs(*runs: WorkflowRun) -> Rows:
    return Rows(branch="main", runs=runs)


DRAFT_FOR = [
    pull(hours, "11-02", "11-03", drafts=spans(f"11-02 to 11-02 0{hours}:00"), ready=at(f"11-02 0{hours}:00"))
    for hours in range(1, 6)
]


def test_4_time_in_draft_is_never_none_of_what_was_a_draft() -> None:
    assert figure("pr_draft_time_hours", of_pulls(*DRAFT_FOR)).value == 3
    # One that is still a draft as it is merged, by the rows, was one until then.
    still = [structs.replace(one, drafts=((one.created, None),), ready=None) for one in DRAFT_FOR]
    assert figure("pr_draft_time_hours", of_pulls(*still)).value == 24
    # Two spans are both counted, and what comes after the merge is not.
    twice = [structs.replace(one, drafts=(*one.drafts, (at("11-02 23:00"), at("11-09")))) for one in DRAFT_FOR]
    assert figure("pr_draft_time_hours", of_pulls(*twice)).value == 4


def test_5_there_are_both_clocks_from_the_draft_and_from_ready() -> None:
    rows = of_pulls(*DRAFT_FOR)
    assert figure("pr_open_to_merge_hours", rows).value == 24
    assert figure("pr_merge_time_hours", rows).value == 21


def test_6_the_first_review_has_a_time_of_its_own() -> None:
    reviewed = [structs.replace(one, reviewed=at("11-02 10:00"), drafts=(), ready=None) for one in DRAFT_FOR]
    assert figure("pr_first_review_hours", of_pulls(*reviewed)).value == 10
    assert figure("pr_first_review_hours", of_pulls(*DRAFT_FOR)).reason == (
        "not known: no first reviews of pull requests in 30 days; 5 are needed"
    )


def test_8_a_run_of_more_than_twenty_jobs_is_used_whole() -> None:
    matrix = [job(f"test ({place})", "11-10", 10 * place, 100) for place in range(60)]
    # The last of sixty begins after 590 seconds and takes 100; each is 2 minutes.
    runs = [run(number, "11-10", "success", *matrix) for number in range(1, 6)]
    assert figure("run_duration_seconds", of_runs(*runs)).value == 590 + 100
    assert figure("test_job_time_seconds", of_runs(*runs)).value == 60 * 100
    assert figure("minutes_used", of_runs(*runs)).value == 5 * 60 * 2


def test_11_a_squashed_pull_request_has_the_lead_time_of_its_first_commit() -> None:
    squashed = pull(1, "11-05", "11-06", committed=at("11-02"), merged_as="squash")
    commits = (
        Commit(sha="after", at=at("11-09"), authored=at("11-09")),
        Commit(sha="squash", at=at("11-06"), authored=at("11-06")),
        Commit(sha="before", at=at("11-04"), authored=at("11-04")),
    )
    deployments = tuple(
        Deployment(name=name, at=at(when), commit=name, kind="deployment")
        # What was deployed last in time of this change is not what has it: "before" was deployed late.
        for name, when in (("before", "11-07"), ("after", "11-10"))
    )
    rows = Rows(branch="main", pulls=(squashed,), commits=commits, deployments=deployments)
    found = {one.change.sha: (one.deployed - one.change.made, one.by_commit) for one in lead.leads(rows, Options())}
    assert found["squash"] == (8 * DAY, True)
    assert found["before"] == (3 * DAY, True)


def test_11_where_a_version_names_no_commit_its_time_tells() -> None:
    squashed = pull(1, "11-05", "11-06", committed=at("11-02"), merged_as="squash")
    versions = (
        Deployment(name="1.0", at=at("11-05"), kind="version"),
        Deployment(name="1.1", at=at("11-07"), kind="version", failed=True),
        Deployment(name="1.2", at=at("11-09"), kind="version"),
    )
    rows = Rows(branch="main", pulls=(squashed,), deployments=versions)
    assert [(one.deployed, one.by_commit) for one in lead.leads(rows, Options())] == [(at("11-09"), False)]


def test_11_a_commit_from_before_pull_requests_are_known_may_be_of_one() -> None:
    commits = tuple(Commit(sha=when, at=at(when), authored=at(when)) for when in ("11-06", "11-04"))
    version = Deployment(name="1.0", at=at("11-09"), kind="version")
    rows = Rows(branch="main", commits=commits, deployments=(version,))
    assert [one.change.sha for one in lead.leads(rows, Options())] == ["11-06", "11-04"]
    late = structs.replace(rows, since={"pulls": at("11-05")})
    assert [one.change.sha for one in lead.leads(late, Options())] == ["11-06"]


def again(jobs: list[Job], *, asked: str, number: int = 1) -> WorkflowRun:
    """A run that was made on the 2nd of November and run again."""
    return run(number, "11-02", "success", *jobs, attempt=2, started=at(asked))


FIRST_TIME = [job("build", "11-02", 10, 60), job("test", "11-02", 70, 30, "failure")]


def test_12_a_run_that_is_run_again_after_twenty_days_does_not_take_twenty_days() -> None:
    rerun = again([*FIRST_TIME, job("test", "11-22", 10, 50)], asked="11-22")
    assert durations.duration(rerun) == 50
    assert attempts.ended(rerun) == at("11-22") + 60 * SECOND
    assert attempts.conclusions(rerun) == ("failure", "success")


def test_12_jobs_of_the_first_attempt_are_told_from_those_run_again_without_their_numbers() -> None:
    by_time = again([*FIRST_TIME, *(job(name, "11-03", 10, 70) for name in ("build", "test"))], asked="11-03")
    numbered = [structs.replace(one, attempt=1 + (place > 1)) for place, one in enumerate(by_time.jobs or ())]
    by_number = structs.replace(by_time, jobs=tuple(numbered))
    assert [*attempts.executions(by_time).values()] == [*attempts.executions(by_number).values()] == [1, 1, 2, 2]


def test_12_a_job_taken_over_by_the_second_attempt_is_counted_once() -> None:
    kept = structs.replace(FIRST_TIME[0], attempt=1, created=at("11-02"))
    taken_over = structs.replace(kept, attempt=2, created=at("11-03"))
    rerun = again(
        [kept, taken_over, structs.replace(FIRST_TIME[1], attempt=1), job("test", "11-03", 10, 50, attempt=2)],
        asked="11-03",
    )
    assert durations.duration(rerun) == 50
    assert sum(map(durations.billed_minutes, attempts.executions(rerun))) == 1 + 1 + 1
    assert next(map(queues.wait, queues.queued(rerun))) == queues.Wait(at("11-02") + 10 * SECOND, 10)


def test_14_a_job_taken_over_was_not_queued_a_day_before_it_was_asked_for() -> None:
    # Only the newest attempt is listed, with a job that ended the day before.
    listed = structs.replace(FIRST_TIME[0], attempt=2, created=at("11-03"))
    rerun = again([listed], asked="11-03")
    assert [queues.wait(one) for one in queues.queued(rerun)] == [None]


def test_14_a_queue_is_never_negative_and_says_how_often_the_clocks_disagreed() -> None:
    waits = [run(number, "11-10", "success", job("build", "11-10", 10, 60, waited=-3)) for number in range(1, 6)]
    found = figure("queue_time_seconds", of_runs(*waits))
    assert found.value == 0
    assert dict(found.details)["counted as 0"] == "5 began before they were queued, by the clocks"


def test_14_a_queued_job_that_claims_to_have_begun_waits_until_its_first_step() -> None:
    claimed = job("build", "11-10", 10, 600, waited=0)
    begun = structs.replace(claimed, steps=(("Set up job", at("11-10") + 300 * SECOND, at("11-10") + 301 * SECOND),))
    assert queues.wait(claimed) == queues.Wait(at("11-10") + 10 * SECOND, 0)
    assert queues.wait(begun) == queues.Wait(at("11-10") + 300 * SECOND, 290)


def test_14_what_was_skipped_or_cancelled_in_the_queue_did_not_wait_for_a_runner() -> None:
    never = [job(end, "11-10", 10, 0, end, waited=5) for end in ("skipped", "cancelled")]
    assert queues.queued(run(1, "11-10", "cancelled", *never)) == []


@pytest.mark.parametrize(
    ("labels", "group", "is_own"),
    [
        (("ubuntu-latest",), "GitHub Actions", False),
        (("big",), "Default Larger Runners", False),
        (("Self-Hosted", "linux"), "", True),
        # A label of one's own, without "self-hosted".
        (("coral",), "Default", True),
        ((), "", False),
    ],
)
def test_14_runners_of_ones_own_are_told_from_githubs(labels: tuple[str, ...], group: str, *, is_own: bool) -> None:
    assert queues.is_self_hosted(Job(name="build", labels=labels, group=group)) is is_own


def test_15_a_run_that_is_touched_long_after_it_ended_takes_no_longer_and_ended_no_later() -> None:
    touched = [
        structs.replace(run(number, "10-27", "success", job("build", "10-27", 0, 60)), updated=AS_OF - HOUR)
        for number in range(1, 6)
    ]
    assert figure("run_duration_seconds", of_runs(*touched)).value == 60
    assert attempts.ended(touched[0]) == at("10-27") + MINUTE


def test_15_only_where_no_jobs_are_known_a_duration_is_estimated_and_said_to_be() -> None:
    unread = [
        structs.replace(run(number, "11-10", "success"), jobs=None, updated=at("11-10") + 90 * SECOND)
        for number in range(1, 6)
    ]
    found = figure("run_duration_seconds", of_runs(*unread))
    assert found.value == 90
    assert dict(found.details)["estimated"].startswith("5 of runs whose jobs are not known")
    minutes = figure("minutes_used", of_runs(*unread))
    assert (minutes.value, minutes.reason) == (None, "not known: the jobs of 5 of 5 runs were not read")


def test_an_attempt_whose_failure_cancelled_its_other_jobs_failed() -> None:
    jobs = [FIRST_TIME[1], job("build", "11-02", 10, 60, "cancelled")]
    mended = [job(name, "11-03", 10, 60) for name in ("build", "test")]
    assert attempts.conclusions(again([*jobs, *mended], asked="11-03")) == ("failure", "success")


def test_a_job_that_may_fail_is_no_failed_attempt() -> None:
    jobs = [job("lint", "11-02", 10, 5, "failure"), *FIRST_TIME[:1], job("lint", "11-03", 10, 5, "failure")]
    assert attempts.conclusions(again(jobs, asked="11-03")) == ("success", "success")


def test_10_what_was_not_read_makes_no_wrong_number() -> None:
    read = [run(number, "11-10", "success", job("test", "11-10", 10, 60)) for number in range(2, 22)]
    rerun = again([job("test", "11-03", 10, 50, attempt=2)], asked="11-03")
    # One of 21 is not yet 5 %; one of 20 alone is, of 19 it is more.
    assert figure("first_attempt_success_rate", of_runs(rerun, *read)).value == 100
    few = of_runs(rerun, *read[:18])
    for name in ("first_attempt_success_rate", "flaky_rate"):
        assert figure(name, few).reason == "not known: the jobs of 1 of 19 runs were not read"
    unread = of_runs(structs.replace(rerun, jobs=None), *read[:18])
    assert figure("minutes_used", unread).reason == "not known: the jobs of 1 of 19 runs were not read"


def test_minutes_are_of_when_a_job_ended_and_none_of_what_was_skipped() -> None:
    over_its_edge = run(1, "10-25 23:50", "success", job("test", "10-25 23:50", 0, 1200))
    skipped = run(2, "11-10", "success", job("test", "11-10", 0, 60), job("lint", "11-10", 0, 600, "skipped"))
    later = run(3, "11-24 23:50", "success", job("test", "11-24 23:50", 0, 1200))
    assert figure("minutes_used", of_runs(over_its_edge, skipped, later)).value == 20 + 1


def test_steps_are_what_builds_where_no_job_is_called_so() -> None:
    steps = tuple(
        (name, at("11-10") + start * SECOND, at("11-10") + end * SECOND)
        for name, start, end in (("Set up job", 0, 5), ("Build the wheel", 5, 47), ("Run pytest", 47, 99))
    )
    runs = [run(n, "11-10", "success", job("all", "11-10", 0, 100, steps=steps)) for n in range(1, 6)]
    assert figure("build_time_seconds", of_runs(*runs)).value == 42
    assert figure("test_job_time_seconds", of_runs(*runs)).value == 52


def test_a_time_of_jobs_does_not_grow_with_how_many_runs_have_their_steps_read() -> None:
    steps = (("Run the tests", at("11-10"), at("11-10") + 30 * SECOND),)
    known = [
        run(
            n,
            "11-10",
            "success",
            job("test", "11-10", 0, 60),
            job("lint", "11-10", 0, 40, steps=steps if n < 9 else ()),
        )
        for n in range(1, 21)
    ]
    found = figure("test_job_time_seconds", of_runs(*known))
    assert (found.value, found.n, found.interval) == (60, 20, (60, 60))


def test_a_time_of_steps_is_of_the_runs_whose_steps_were_read_and_says_of_how_many() -> None:
    steps = (("Run the tests", at("11-10"), at("11-10") + 30 * SECOND),)
    known = [run(n, "11-10", "success", job("all", "11-10", 0, 60, steps=steps if n < 9 else ())) for n in range(1, 21)]
    found = figure("test_job_time_seconds", of_runs(*known))
    assert (found.value, found.n) == (30, 8)
    assert dict(found.details)["sampled"] == "8 of 20 runs, whose steps were read"


def test_a_run_whose_steps_are_known_takes_no_longer_than_the_others() -> None:
    step = ("Build the wheel", at("11-10"), at("11-10") + 40 * SECOND)
    jobs = job("build", "11-10", 0, 60), job("test", "11-10", 60, 100)
    looked_at = run(1, "11-10", "success", jobs[0], structs.replace(jobs[1], steps=(step,)))
    assert durations.matched(looked_at, re.compile("build", re.IGNORECASE)) == 60
    assert durations.matched(run(1, "11-10", "success", *jobs), re.compile("build")) == 60


def test_cancelled_between_failures_neither_ends_nor_lengthens_a_streak() -> None:
    ends = ("success", "failure", "cancelled", "failure", "skipped", "timed_out")
    runs = [run(number, f"11-{10 + number}", end) for number, end in enumerate(ends)]
    assert figure("failure_streak", of_runs(*runs)).value == 3
    mended = run(9, "11-20", "success")
    assert figure("failure_streak", of_runs(*runs, mended)).value == 0


def test_of_runs_that_were_all_cancelled_no_streak_is_known() -> None:
    found = {one.key: one for one in key_figures.of(of_runs(run(1, "11-10", "cancelled")), Options(), AS_OF)}
    assert found["repository/failure_streak"].reason == (
        "not known: no run of the default branch succeeded or failed in 30 days"
    )
    assert found["ci.yml/workflow_failure_streak"].reason == "not known: no run succeeded or failed"


def test_a_workflow_that_no_longer_runs_is_red_for_nobody() -> None:
    gone = run(1, "09-01", "failure", workflow="old.yml")
    assert figure("failure_streak", of_runs(gone, run(1, "11-10", "success"))).value == 0


def test_a_failure_is_recovered_by_the_next_version_that_held() -> None:
    pairs = [(f"1.{minor}.0", f"11-{10 + minor} 00:00", True) for minor in range(5)]
    pairs += [(f"1.{minor}.1", f"11-{10 + minor} 0{minor + 1}:00", False) for minor in range(5)]
    versions = tuple(Deployment(name=name, at=at(when), kind="version", failed=failed) for name, when, failed in pairs)
    found = figure("failed_deployment_recovery_time_hours", Rows(branch="main", deployments=versions))
    assert (found.value, found.n) == (3, 5)


def test_a_hotfix_repairs_its_own_line_and_only_soon() -> None:
    fix = pull(1, "11-13", "11-13 12:00", labels=("Hotfix",))

    def rate(fixed: str, when: str) -> float:
        names = (("1.0.0", "11-01"), ("2.0.0", "11-13"), (fixed, when), ("3.0.0", "11-22"), ("3.1.0", "11-23"))
        given = tuple(Deployment(name=name, at=at(at_), kind="version") for name, at_ in names)
        return figure("deployment_rework_rate", Rows(branch="main", pulls=(fix,), deployments=given)).value or 0

    assert rate("2.0.1", "11-14") == 20
    assert rate("v2.0.1", "11-20") == 20
    # Too late, of an older line that has grown too old, and no patch at all.
    assert rate("2.0.1", "11-21") == 0
    assert rate("1.0.1", "11-14") == 0
    assert rate("2.1.0", "11-14") == 0


@pytest.mark.parametrize(
    ("days", "word"),
    [
        # Weeks 44 to 47 of the window; their days with one: 3 3 3 0, 3 3 2 2, 1 1 0 1, and one or none in all.
        (["10-26", "10-27", "10-28", "11-02", "11-03", "11-04", "11-09", "11-10", "11-11"], "daily"),
        (["10-26", "10-27", "10-28", "11-02", "11-03", "11-04", "11-09", "11-10", "11-16", "11-17"], "weekly"),
        (["10-26", "11-02", "11-16"], "weekly"),
        (["10-26"], "monthly"),
        ([], "less than monthly"),
    ],
)
def test_how_often_is_said_as_four_keys_does(days: list[str], word: str) -> None:
    given = tuple(Deployment(name=f"1.{place}", at=at(day), kind="version") for place, day in enumerate(days))
    details = dict(figure("deployment_frequency_per_week", Rows(branch="main", deployments=given)).details)
    assert details["how often"].startswith(f"{word}; days with one in the median week: ")


def test_deployments_to_production_count_before_versions_and_versions_before_releases() -> None:
    one_each = tuple(Deployment(name=kind, at=at("11-10"), kind=kind) for kind in ("release", "version", "deployment"))

    def counted(*deployments: Deployment) -> str:
        found = figure("deployment_frequency_per_week", Rows(branch="main", deployments=deployments))
        return dict(found.details)["deployments"]

    assert counted(*one_each) == "deployments to production"
    assert counted(*one_each[:2]) == "versions on the package index"
    assert counted(*one_each[:1]) == "releases"


def test_an_issue_that_was_opened_again_is_open_and_later_resolved_when_it_was_last_closed() -> None:
    opened_again = [issue(number, at("11-01")) for number in range(5)]
    rows = Rows(branch="main", issues=tuple(opened_again))
    assert figure("issue_resolution_time_days", rows).value is None
    assert figure("open_issue_age_days", rows).value == 24
    closed = tuple(structs.replace(one, closed=at("11-11"), reason="completed") for one in opened_again)
    assert figure("issue_resolution_time_days", Rows(branch="main", issues=closed)).value == 10


def test_6_a_review_of_a_draft_came_at_once_and_a_later_draft_does_not_move_the_beginning() -> None:
    drafted, reviewed = spans("11-02 to 11-02 10:00"), at("11-02 04:00")
    assert pulls.first_review_hours(pull(1, "11-02", drafts=drafted), reviewed) == 0
    assert pulls.first_review_hours(pull(1, "11-01 22:00", drafts=drafted), reviewed) == 6


def test_12_a_job_that_the_second_attempt_skipped_is_not_counted_by_its_first() -> None:
    built = job("build", "11-02", 10, 60, "failure", attempt=1)
    skipped = Job(name="build", conclusion="skipped", attempt=2)
    rerun = again([built, skipped, job("test", "11-03", 10, 50, attempt=2)], asked="11-03")
    assert [one.conclusion for one in attempts.final(rerun)] == ["skipped", "success"]
    assert durations.matched(rerun, re.compile("build")) is None


def test_12_a_skipped_job_neither_builds_nor_lengthens_the_run() -> None:
    decided_late = run(1, "11-02", "success", job("test", "11-02", 10, 60), job("build", "11-02", 900, 0, "skipped"))
    assert durations.duration(decided_late) == 60
    assert durations.matched(decided_late, re.compile("build")) is None


def test_12_a_run_that_is_under_way_again_has_not_ended() -> None:
    assert attempts.ended(structs.replace(again(FIRST_TIME, asked="11-03"), status="in_progress")) is None


def test_14_the_second_attempt_of_a_run_did_not_wait_since_the_first() -> None:
    assert queues.suite_wait(again([job("test", "11-03", 10, 50)], asked="11-03")) is None


def test_what_ended_after_the_window_is_not_yet_known_to_have() -> None:
    later = run(2, "11-25 09:00", "success", job("build", "11-25 09:00", 0, 60))
    failed = run(1, "11-24", "failure", job("build", "11-24", 0, 60))
    assert figure("failure_streak", of_runs(failed, later)).value == 1
