"""A job that tells of incidents is killed at each step, or runs beside others: nothing is lost."""

import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import json

from tests.fakes.crashing import Race, Row, points

ROOT = Path(__file__).resolve().parents[2]
TOLD = {"slack #dev", "pagerduty P0"}


def crashed(*arguments: str) -> list[Row | Race]:
    """What a process that forks jobs says of them."""
    argv = [sys.executable, "-m", "tests.fakes.crashing", *arguments]
    ran = subprocess.run(argv, cwd=ROOT, capture_output=True, check=True, timeout=120)
    lines = ran.stdout.splitlines()
    return [json.decode(line, type=Race) if b'"jobs"' in line else json.decode(line, type=Row) for line in lines]


@pytest.fixture(scope="module")
def folder() -> list[Row | Race]:
    return crashed("--jobs", "6")


def check(row: Row) -> None:
    """Everybody heard, in words that say so where they may have before; the store is as after a job that lived."""
    kind = "opened" if row.story == "opens" else "resolved"
    heard = [*row.first, *row.second]
    assert {one.removesuffix(", perhaps again") for one in heard} == {f"{kind} to {target}" for target in TOLD}
    assert row.twice == len(set(row.first) & {one.removesuffix(", perhaps again") for one in row.second}) <= 1
    assert len(heard) == len(TOLD) + row.twice
    assert not set(row.first) & set(row.second), "what was heard twice was not said to be"
    assert row.left == ("open in the book, nothing waits" if row.story == "opens" else "1 document, nothing waits")


def test_killed_at_any_step_everybody_hears_of_it_and_the_next_job_leaves_nothing(folder: list[Row | Race]) -> None:
    rows = [row for row in folder if isinstance(row, Row)]
    assert [(row.story, row.point) for row in rows] == [
        (story, point) for story in ("opens", "ends") for point in points(story)
    ]
    for row in rows:
        check(row)
    # Only between telling and writing it down.
    assert {row.point for row in rows if row.twice} == {
        "after the first is told",
        "before that is written down",
        "after the second is told",
        "before that is written down too",
    }


def test_six_jobs_at_once_tell_each_thing_once(folder: list[Row | Race]) -> None:
    race = folder[-1]
    assert isinstance(race, Race)
    assert (race.heard, race.waiting) == ((1,) * 12, 0)


def test_on_a_branch_it_is_the_same() -> None:
    *rows, race = crashed(
        *("--store", "branch", "--stories", "ends", "--points", "after the second is told", "--jobs", "2")
    )
    for row in rows:
        assert isinstance(row, Row)
        check(row)
    assert isinstance(race, Race)
    assert (race.heard, race.waiting) == ((1,) * 4, 0)
