"""What a store has of a simulated repository that was read, and what a day brings it."""

import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from edgetpu_ci.github_rows.desk import Desk
from edgetpu_ci.store.folder import Folder
from tests.fakes.hub.repository import END, Repository
from tests.fakes.reading import KEPT
from tests.fakes.small_github import SmallGitHub


def missing(store: Path, whole: Repository) -> str:
    """Which rows of a repository the store has not, or not as they are now; empty when it has all."""
    kept = Desk(SmallGitHub(), Folder(store), now=END, cut=END - KEPT, bots=frozenset())
    rows = kept.runs.rows(kept.months(kept.runs))
    runs = {run.id: (run.attempt, run.conclusion, len(run.jobs or ())) for run in rows}
    pulls = {pull.number: (pull.updated, pull.merged) for pull in kept.pulls.rows(kept.months(kept.pulls))}
    issues = {issue.number: (issue.updated, issue.closed) for issue in kept.issues.rows(kept.months(kept.issues))}
    there = {
        "runs": runs == {run.id: (run.attempt, run.conclusion, len(run.executions)) for run in whole.runs.values()},
        "pull requests": pulls == {pull.number: (pull.updated, pull.merged) for pull in whole.pulls.values()},
        "issues": issues == {issue.number: (issue.updated, issue.closed) for issue in whole.issues.values()},
    }
    return ", ".join(f"no, {name}" for name, is_whole in there.items() if not is_whole)


def day_later(made: Repository, seed: int = 2) -> None:
    """What happens in a day: what happened on the last one once more, and every tenth young run is run again."""
    chance, day = random.Random(seed), timedelta(days=1)  # noqa: S311 - nothing is kept secret by it
    young = [run for run in made.runs.values() if run.created >= END - day]
    for run in young:
        number, until = max(made.runs) + 1, run.started + day
        again = [replace(one, created=run.created + day, started=one.started + day) for one in run.executions]
        moved = tuple(replace(one, completed=one.completed + day if one.completed else None) for one in again)
        times = {"created": run.created + day, "updated": run.updated + day, "started": until}
        made.runs[number] = replace(run, id=number, number=run.number + len(young), executions=moved, **times)  # type: ignore[arg-type]
    for run in chance.sample(young, len(young) // 10):
        made.rerun(run.id, END + timedelta(hours=12))
    for pull in [pull for pull in made.pulls.values() if pull.created >= END - day]:
        number = max(made.pulls) + 1
        made.pulls[number] = replace(pull, number=number, created=pull.created + day, updated=END + day)
    for issue in [issue for issue in made.issues.values() if issue.created >= END - day]:
        number = max(made.issues) + 1
        made.issues[number] = replace(issue, number=number, created=issue.created + day, updated=END + day)
