"""Every key figure of `small_repository`, computed by hand: (value, of how many); and of what there is too little."""

from typing import Final

BY_HAND: Final = {
    # Weeks 44 to 47 have 2 + 3 + 4 + 1 commits of people; the two of week 48, which runs, do not count.
    "repository/commits_per_week": (10 / 4, 10),
    # All in week 46, one of which a person merged.
    "repository/bot_commits_per_week": (5 / 4, 5),
    # Ready to merged: 10, 6, 8, 1, 40, 6 hours; in order 1 6 6 8 10 40, half way between 6 and 8.
    "repository/pr_merge_time_hours": (7.0, 6),
    # Opened to merged: 10, 30, 26, 3, 60, 12; in order 3 10 12 26 30 60.
    "repository/pr_open_to_merge_hours": (19.0, 6),
    # As drafts: 24, 12, 2, 8 + 8, 6; in order 2 6 12 16 24.
    "repository/pr_draft_time_hours": (12.0, 5),
    # Opened (or first made ready) to the first review: 4, 0 (while a draft), 2, 24, 5; in order 0 2 4 5 24.
    "repository/pr_first_review_hours": (4.0, 5),
    # From the 15th, 5th of November, 26th, 16th of October, 16th of September: 10, 20, 30, 40, 70 days.
    "repository/open_pr_age_days": (30.0, 5),
    # 1, 2, 3, 4, 5 hours.
    "dependabot/bot_pr_merge_time_hours": (3.0, 5),
    # 1, 2, 3, 5, 9 days.
    "repository/issue_resolution_time_days": (3.0, 5),
    # 2, 4, 8, 16, 80 days.
    "repository/open_issue_age_days": (8.0, 5),
    # Of 5 open pull requests and 5 open issues, those of 70 and 80 days.
    "repository/stale_percent": (20.0, 10),
    # 1.1.0, 1.2.0, 1.2.1, 1.3.1, 1.4.0 in 30 / 7 weeks: not 1.3.0, which was yanked, nor the candidate.
    "repository/deployment_frequency_per_week": (5 * 7 / 30, 5),
    # Of 6 with 1.3.0, itself, and 1.2.0: 1.2.1 is its patch, 6 days later, with a hotfix.
    "repository/change_fail_rate": (100 * 2 / 6, 6),
    "repository/deployment_rework_rate": (100 * 1 / 6, 6),
    # Pull requests, from first commit to version: 148, 132, 74 to 1.2.0; 87, 144 to 1.2.1; 66 to 1.3.1.
    # Commits: 181, 13 to 1.1.0; 205 to 1.2.0; 109, 61 to 1.2.1; those of week 48 are not out.
    # In order 13 61 66 74 87 109 132 144 148 181 205.
    "repository/change_lead_time_hours": (109.0, 11),
    # ci.yml 1, 2, 3, 5 of 1, 2, 3, 5, 6, 8 (4 was cancelled, 7 skipped); nightly.yml 2 of 3; the release.
    "repository/build_success_rate": (70.0, 10),
    "repository/pr_build_success_rate": (80.0, 5),
    "dependabot/bot_pr_build_success_rate": (100.0, 5),
    "ci.yml/workflow_success_rate": (100 * 4 / 6, 6),
    # As above without 3, which succeeded when it was run again.
    "repository/first_attempt_success_rate": (60.0, 10),
    # 3, 6, 8, the third night and one of a pull request failed at first; 3 alone then succeeded.
    "repository/flaky_rate": (20.0, 5),
    # ci.yml 6 and 8, with a skipped one between them; of the 10 that succeeded or failed.
    "repository/failure_streak": (2.0, 10),
    "ci.yml/workflow_failure_streak": (2.0, 6),
    "nightly.yml/workflow_failure_streak": (1.0, 3),
    "release.yml/workflow_failure_streak": (0.0, 1),
    # 60 + 120, 61 + 130, 140 (the test alone), 70 + 150, 300, 310, 20; in order 20 140 180 191 220 300 310.
    "repository/run_duration_seconds": (191.0, 7),
    # 60, 61, 62, 70, and 20 of "build and upload"; in order 20 60 61 62 70.
    "repository/build_time_seconds": (61.0, 5),
    # 120, 130, 140 (the second time), 150, and 300, 310 of "tests"; half way between 140 and 150.
    "repository/test_job_time_seconds": (145.0, 6),
    # 10, 4, 10, 6, -2, 8 seconds, of which -2 is 0; in order 0 4 6 8 10 10.
    "repository/queue_time_seconds": (7.0, 6),
    # 20, 30, 40, 50, 60.
    "repository/self_hosted_queue_time_seconds": (40.0, 5),
    # 10 seconds each: 6 of ci.yml (one was cancelled, one skipped), 3 nights, the release, 5 and 5 of pull requests.
    "repository/suite_queue_time_seconds": (10.0, 20),
    # ci.yml 1 + 2, 2 + 3, 2 + 1 + 3, 1 (cancelled), 2 + 3, 1 + 1, 0 (skipped), 1: 23; nights 5 + 6 + 60; release 1;
    # pull requests 5 · 2; bots 5 · 1. Of 12 + 3 + 1 + 5 + 5 executions and one more test.
    "repository/minutes_used": (110.0, 27),
}

TOO_FEW: Final = {
    "repository/failed_deployment_recovery_time_hours": 2,
    "nightly.yml/workflow_success_rate": 3,
    "release.yml/workflow_success_rate": 1,
    "ci.yml/workflow_duration_seconds": 4,
    "nightly.yml/workflow_duration_seconds": 2,
    "release.yml/workflow_duration_seconds": 1,
}
