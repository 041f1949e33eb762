"""A repository with a long life: most runs succeed, some fail, are cancelled or run again; people and programs."""

import random
from datetime import datetime, timedelta

from tests.fakes.small_github import START, Item, Repository, Run

DAYS = 395
END = START + timedelta(days=DAYS)
WORKFLOWS = ("ci.yml", "lint.yml", "docs.yml", "nightly.yml", "release.yml")
JOBS = ("build", "test (3.11)", "test (3.12)", "test (3.13)", "lint", "report")
"""Six jobs of each run."""


def repository(runs: int, pulls: int, issues: int, seed: int = 1) -> Repository:
    """So many of each, over 395 days, more of them on days of work."""
    chance = random.Random(seed)  # noqa: S311 - noise, no secret
    made = Repository()
    times = sorted(_time(chance) for _ in range(runs))
    made.add(*(_run(number + 1, created, chance) for number, created in enumerate(times)))
    made.pulls = {n + 1: _item(n + 1, _time(chance), chance) for n in range(pulls)}
    made.issues = {n + 1: _item(n + 1, _time(chance), chance) for n in range(issues)}
    return made


def day_later(made: Repository, runs: int, seed: int = 2) -> None:
    """What happens in a day: so many runs, some that are run again, a few pull requests and issues."""
    chance = random.Random(seed)  # noqa: S311
    first = max(made.runs) + 1
    for number in range(first, first + runs):
        created = END + timedelta(seconds=chance.randrange(86_400))
        made.add(_run(number, created, chance))
    young = [run for run in made.runs.values() if END - timedelta(hours=40) < run.created < END]
    for run in chance.sample(young, len(young) // 8):
        number = run.id
        again = (*run.executions, (JOBS[1], run.attempt + 1))
        made.change(number, attempt=run.attempt + 1, executions=again, updated=END + timedelta(hours=12))
    for items in (made.pulls, made.issues):
        number = max(items) + 1
        items[number] = _item(number, END + timedelta(hours=3), chance)


def _time(chance: random.Random) -> datetime:
    while True:
        at = START + timedelta(seconds=chance.randrange(DAYS * 86_400))
        if at.weekday() < 5 or chance.random() < 0.2:
            return at


def _run(number: int, created: datetime, chance: random.Random) -> Run:
    executions = tuple((name, 1) for name in JOBS)
    again = chance.random() < 0.04
    return Run(
        id=number,
        created=created,
        updated=created + timedelta(minutes=len(JOBS), seconds=chance.randrange(300)),
        attempt=2 if again else 1,
        executions=(*executions, (JOBS[1], 2)) if again else executions,
        workflow=chance.choice(WORKFLOWS),
        event=chance.choice(("push", "pull_request", "pull_request")),
        conclusion=chance.choices(("success", "failure", "cancelled"), (90, 7, 3))[0],
        bot="dependabot[bot]" if chance.random() < 0.15 else "",
    )


def _item(number: int, created: datetime, chance: random.Random) -> Item:
    return Item(
        number=number,
        created=created,
        updated=min(created + timedelta(hours=chance.lognormvariate(1.5, 1.3)), END).replace(microsecond=0),
        author="dependabot" if chance.random() < 0.2 else "octocat",
        is_open=chance.random() < 0.02,
    )
