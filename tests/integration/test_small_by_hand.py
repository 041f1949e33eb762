"""`use: github` against a simulated GitHub finds of a small repository every key figure that a hand computes."""

from pathlib import Path
from typing import Final

import pytest
from msgspec.structs import replace

from edgetpu_ci.collect import github
from edgetpu_ci.kpis import all as key_figures
from edgetpu_ci.model import Collected, Measurement
from edgetpu_ci.store.folder import Folder
from tests.fakes import small_on_hub
from tests.fakes import small_repository as small
from tests.fakes.by_hand import BY_HAND, TOO_FEW
from tests.fakes.hub import EVERYTHING, FakeHub
from tests.fakes.package_index import index
from tests.fakes.world import world

FROM_GITHUB: Final = BY_HAND | {
    # Not 6 as in the rows, for REST tells of every job when it was queued: 13 of ci.yml without the skipped one,
    # 3 nights, the release, 5 of bots. In order 0 4 6, seventeen times 8, 10 10.
    "repository/queue_time_seconds": (8.0, 22),
    "repository/community_profile_percent": (85.0, 0),
    # One of two.
    "repository/runners_online_percent": (50.0, 2),
}

QUEUES: Final = {"repository/queue_time_seconds", "repository/self_hosted_queue_time_seconds"}
"""Only REST tells of a job when it was queued."""


def read(folder: Path, refused: str = "") -> tuple[Collected, Collected]:
    """What the first run says, and the second, to which nothing is new; `refused` is a pattern of paths."""
    known = {"now": lambda: small.AS_OF, "granted": EVERYTHING, "objects": dict(small_on_hub.OBJECTS)}
    uploads = {small_on_hub.PACKAGE: small_on_hub.uploads()}
    with FakeHub(small_on_hub.repository(), **known) as hub, index(uploads) as packages:  # type: ignore[arg-type]
        if refused:
            hub.fail(refused, 403)
        options = github.Options(package=small_on_hub.PACKAGE, index=packages.url)
        here = world(folder, env=hub.env, now=lambda: small.AS_OF, run=small_on_hub.git)
        first, second = (github.collect_remembering(options, Folder(folder), here) for _ in range(2))
        assert hub.violations == []
    return first, second


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Collected, Collected]:
    return read(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def figures(runs: tuple[Collected, Collected]) -> dict[str, Measurement]:
    return {found.key: found for found in runs[0].measurements}


def test_all_is_read_at_once_and_the_next_run_says_the_same(runs: tuple[Collected, Collected]) -> None:
    first, second = runs
    assert first.incomplete == ()
    assert second == first


def test_what_is_said_beside_a_figure_is_what_is_said_of_the_rows(figures: dict[str, Measurement]) -> None:
    # The hub's commits have names as git gives them.
    named = [replace(run, commit=f"{int(run.commit.removeprefix('c')):040x}") for run in small.ROWS.runs]
    of_rows = key_figures.of(replace(small.ROWS, runs=tuple(named)), github.Options(), small.AS_OF)
    same = [found for found in of_rows if found.key not in QUEUES]
    assert [figures[found.key] for found in same] == same


@pytest.mark.parametrize("key", FROM_GITHUB)
def test_what_is_read_from_github_is_what_a_hand_computes(key: str, figures: dict[str, Measurement]) -> None:
    value, n = FROM_GITHUB[key]
    assert figures[key].value == pytest.approx(value)
    assert figures[key].n == n


def test_the_hand_left_out_only_what_is_too_little_to_say_anything(figures: dict[str, Measurement]) -> None:
    others = {key: found for key, found in figures.items() if key not in FROM_GITHUB}
    assert {key: found.n for key, found in others.items()} == TOO_FEW
    assert all(found.value is None for found in others.values())


def test_where_rest_shows_no_jobs_graphql_tells_the_same_of_them(tmp_path: Path) -> None:
    first, _ = read(tmp_path, refused=r"/actions/runs/\d+/jobs")
    (said,) = first.incomplete
    assert said.startswith("When jobs were queued and for which runner could not be read: ")
    known = [one for one in first.measurements if one.value is not None]
    by_hand = {key: figure for key, figure in FROM_GITHUB.items() if key not in QUEUES}
    assert {one.key: one.value for one in known} == pytest.approx({key: value for key, (value, _) in by_hand.items()})
    assert {one.key: one.n for one in known} == {key: n for key, (_, n) in by_hand.items()}
