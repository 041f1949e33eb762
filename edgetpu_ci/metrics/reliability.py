"""Reliability of CI: how often builds succeed, and how long they take."""

from functools import partial
from typing import Final

from edgetpu_ci.metrics import kpi as definitions
from edgetpu_ci.metrics.kpi import Kpi

_kpi = partial(definitions.kpi, group="reliability")

_RUNS: Final = "GitHub's workflow runs (REST)"
_JOBS: Final = "GitHub's workflow runs (REST) and their jobs (GraphQL; REST where steps and labels are needed)"
_OWN_JOBS: Final = "the jobs of the run that asks (REST)"
_NEEDS_RUNS: Final = "actions: read"
_NEEDS_JOBS: Final = "actions: read, checks: read"

_SHARE: Final = (
    "100 · success / (success + failure + timed_out + startup_failure); cancelled, skipped, neutral, stale and "
    "action_required are counted apart; fewer than 5 are unknown"
)
_BUILDS: Final = "runs of the default branch (push, schedule, merge_group, release, workflow_ or repository_dispatch)"
_ENDED: Final = "that ended in the window"
_SUCCESSFUL: Final = f"over the successful {_BUILDS} {_ENDED}"

KPIS: Final[tuple[Kpi, ...]] = (
    _kpi(
        "build_success_rate",
        "%",
        "higher",
        "builds of the default branch that succeed",
        "github_actions_success_rate",
        formula=f"{_SHARE}; by the latest attempt of the {_BUILDS} {_ENDED}, whoever caused them",
        source=_RUNS,
        permission=_NEEDS_RUNS,
    ),
    _kpi(
        "pr_build_success_rate",
        "%",
        "higher",
        "builds of people's pull requests that succeed",
        formula=f"{_SHARE}; by the latest attempt of runs of pull requests {_ENDED}, those of bots apart",
        source=_RUNS,
        permission=_NEEDS_RUNS,
    ),
    _kpi(
        "bot_pr_build_success_rate",
        "%",
        None,
        "builds of a bot's pull requests that succeed",
        formula="as pr_build_success_rate, of each bot by itself",
        source=_RUNS,
        permission=_NEEDS_RUNS,
    ),
    _kpi(
        "workflow_success_rate",
        "%",
        "higher",
        "builds of one workflow that succeed",
        formula="as build_success_rate, of each workflow by itself",
        source=_RUNS,
        permission=_NEEDS_RUNS,
    ),
    _kpi(
        "first_attempt_success_rate",
        "%",
        "higher",
        "builds of the default branch that succeed at once",
        formula=f"{_SHARE}; by the first attempt of the {_BUILDS} {_ENDED}: of a run that was run again, it failed "
        "where the first execution of a job did, unless that job may fail; unknown where the "
        "jobs of more than 5 % of the runs were not read",
        source=_JOBS,
        permission=_NEEDS_JOBS,
    ),
    _kpi(
        "flaky_rate",
        "%",
        "lower",
        "failures that were gone when the same commit was run again",
        formula="100 · runs with a failed attempt followed by a successful one / runs whose first attempt failed; of "
        f"all runs {_ENDED}, whatever branch; failures that were never run again count as no flakes; unknown "
        "where the jobs of more than 5 % of the runs were not read",
        source=_JOBS,
        permission=_NEEDS_JOBS,
    ),
    _kpi(
        "failure_streak",
        "",
        "lower",
        "builds of a workflow that failed in a row, up to now: the longest",
        "build_failure_streak",
        formula=f"consecutive failures among the newest {_BUILDS} by number, of the workflow that has most, of those "
        "that ran in the window; cancelled and skipped runs neither extend nor break it; unknown where there is no "
        "other",
        source=_RUNS,
        permission=_NEEDS_RUNS,
    ),
    _kpi(
        "workflow_failure_streak",
        "",
        "lower",
        "builds of this workflow that failed in a row, up to now",
        formula="as failure_streak, of each workflow by itself",
        source=_RUNS,
        permission=_NEEDS_RUNS,
    ),
    _kpi(
        "run_duration_seconds",
        "s",
        "lower",
        "how long a build runs, from its first job to its last",
        formula=f"median {_SUCCESSFUL} of last job completed − first job started, over the jobs of the newest "
        "attempt that ran in it; where a run's jobs are not known, its last change − start of the attempt, counted as "
        "estimated",
        source=_JOBS,
        permission=_NEEDS_JOBS,
    ),
    _kpi(
        "workflow_duration_seconds",
        "s",
        "lower",
        "how long a build of this workflow runs",
        formula="as run_duration_seconds, of each workflow by itself",
        source=_JOBS,
        permission=_NEEDS_JOBS,
    ),
    _kpi(
        "build_time_seconds",
        "s",
        "lower",
        "how long a build takes",
        "build_time",
        formula=f"median {_SUCCESSFUL} of the summed wall time of the jobs whose name has `build_pattern`, each by its "
        "newest execution; where no job is called so, of such steps, of the runs whose steps were read; runs "
        "without any are left out",
        source=_JOBS,
        permission=_NEEDS_JOBS,
    ),
    _kpi(
        "test_job_time_seconds",
        "s",
        "lower",
        "how long the jobs and steps that test take, parallel ones added up",
        formula="as build_time_seconds, by `test_pattern`; what the tests themselves take is "
        "test_execution_time_seconds",
        source=_JOBS,
        permission=_NEEDS_JOBS,
    ),
    _kpi(
        "queue_time_seconds",
        "s",
        "lower",
        "how long a job waits for one of GitHub's runners",
        formula="median over the jobs that began in the window of began − created, at least 0; began is the later of "
        "the job's and its first step's start; jobs taken over from an earlier attempt, skipped, or cancelled before "
        "they began are left out",
        source="jobs of a sample of workflow runs (REST)",
        permission=_NEEDS_RUNS,
    ),
    _kpi(
        "self_hosted_queue_time_seconds",
        "s",
        "lower",
        "how long a job waits for a self-hosted runner",
        formula="as queue_time_seconds, of jobs with the label self-hosted, or in a runner group that is not GitHub's",
        source="jobs of a sample of workflow runs (REST)",
        permission=_NEEDS_RUNS,
    ),
    _kpi(
        "suite_queue_time_seconds",
        "s",
        "lower",
        "how long a run waits for its first job to begin",
        formula="median of first job started − check suite created, at least 0, of the first attempts of all runs "
        "whose first job began in the window",
        source="check suites of workflow runs (GraphQL)",
        permission="checks: read",
    ),
    _kpi(
        "minutes_used",
        "min",
        "lower",
        "minutes of runners, as they are billed",
        "github_actions_minutes",
        formula="sum over the executions of jobs that ended in the window, of all attempts, of (completed − started) "
        "in minutes, each rounded up; skipped ones are 0; minutes on self-hosted runners are among them; unknown where "
        "the jobs of more than 5 % of the runs were not read",
        source=_JOBS,
        permission=_NEEDS_JOBS,
    ),
    _kpi(
        "runners_online_percent",
        "%",
        "higher",
        "self-hosted runners that are connected",
        formula="100 · runners online / runners registered, now; unknown where none is registered",
        source="GitHub's self-hosted runners (REST)",
        permission="administration: read, which GITHUB_TOKEN cannot have",
    ),
    _kpi(
        "community_profile_percent",
        "%",
        "higher",
        "recommended community files that are there",
        formula="`health_percentage` of GitHub's community profile, now; forks have none",
        source="GitHub's community profile (REST)",
        permission="contents: read",
    ),
)

OF_THIS_RUN: Final[tuple[Kpi, ...]] = (
    _kpi(
        "run_so_far_seconds",
        "s",
        "lower",
        "how long this run took until its last job",
        formula="max(completed) − min(started) over the jobs of this attempt, without the job that asks",
        source=_OWN_JOBS,
        permission=_NEEDS_RUNS,
    ),
    _kpi(
        "run_build_seconds",
        "s",
        "lower",
        "how long this run built",
        formula="as build_time_seconds, of this run alone",
        source=_OWN_JOBS,
        permission=_NEEDS_RUNS,
    ),
    _kpi(
        "run_test_seconds",
        "s",
        "lower",
        "how long the jobs and steps of this run that test took",
        formula="as test_job_time_seconds, of this run alone",
        source=_OWN_JOBS,
        permission=_NEEDS_RUNS,
    ),
    _kpi(
        "run_queue_time_seconds",
        "s",
        "lower",
        "the longest that a job of this run waited for a runner",
        formula="max(started − created) over the jobs of this attempt, at least 0",
        source=_OWN_JOBS,
        permission=_NEEDS_RUNS,
    ),
    _kpi(
        "run_minutes",
        "min",
        "lower",
        "minutes of runners of this run, as they are billed",
        formula="sum over the jobs of this attempt of (completed − started) in minutes, each rounded up",
        source=_OWN_JOBS,
        permission=_NEEDS_RUNS,
    ),
    _kpi(
        "job_seconds",
        "s",
        "lower",
        "how long a job of this run took",
        formula="completed − started",
        source=_OWN_JOBS,
        permission=_NEEDS_RUNS,
    ),
    _kpi(
        "job_queue_time_seconds",
        "s",
        "lower",
        "how long a job of this run waited for a runner",
        formula="started − created, at least 0",
        source=_OWN_JOBS,
        permission=_NEEDS_RUNS,
    ),
)
