"""Taking a run: what is no point of main's history."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from edgetpu_ci import measure
from edgetpu_ci.base import Itself
from edgetpu_ci.event import Event
from tests.fakes.world import world

MAIN = Event(main="main", branch="main", commit="a" * 40)


@pytest.mark.parametrize(
    ("happened", "aside"),
    [
        (MAIN, ""),
        (Event(commit="a" * 40, branch="topic"), ""),
        (replace(MAIN, branch="topic"), "it is not of main"),
        (replace(MAIN, commit="a" * 40 + "-dirty"), "it has changes that are in no commit"),
        (replace(MAIN, pull_request=7), "it is a change to be merged, or was measured beside a base"),
        (replace(MAIN, base_commit="b" * 40), "it is a change to be merged, or was measured beside a base"),
    ],
)
def test_only_what_is_of_main_is_a_point_of_its_history(tmp_path: Path, happened: Event, aside: str) -> None:
    assert measure.take([], None, happened, world(tmp_path)).run.aside == aside


def test_what_is_measured_beside_a_base_is_none(tmp_path: Path) -> None:
    plan = measure.Plan(Itself(tmp_path), (), 1)
    assert measure.take([], plan, MAIN, world(tmp_path)).run.aside
