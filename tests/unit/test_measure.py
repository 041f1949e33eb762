"""Taking a run: what is no point of main's history, and what one failing collector costs."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec import Struct
from msgspec.structs import replace

from edgetpu_ci import collect, measure
from edgetpu_ci.base import Itself
from edgetpu_ci.errors import (
    ConfigError,
    DeliveryError,
    DocumentError,
    DownError,
    EdgeTpuCiError,
    InputError,
    StoreError,
    UnsetError,
)
from edgetpu_ci.event import Event
from edgetpu_ci.model import REPOSITORY, Collected, Measurement
from edgetpu_ci.world import World
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


@dataclass
class Service:
    """A collector that asks a service."""

    brings: Collected | EdgeTpuCiError
    OF_REPOSITORY: bool = True

    class Options(Struct):
        """None."""

    def collect(self, _options: object, _world: World) -> Collected:
        if isinstance(self.brings, EdgeTpuCiError):
            raise self.brings
        return self.brings


STARS = Collected(measurements=(Measurement(subject=REPOSITORY, metric="stars", value=3.0),))


@pytest.mark.parametrize("kind", [DeliveryError, StoreError, DocumentError, InputError])
def test_what_does_not_answer_or_cannot_be_read_costs_its_own_figures_and_is_said(
    tmp_path: Path, kind: type[EdgeTpuCiError]
) -> None:
    down = collect.Bound(Service(kind("The index did not answer.")), None)
    run = measure.take([down, collect.Bound(Service(STARS), None)], None, MAIN, world(tmp_path)).run
    assert run.measurements == STARS.measurements
    assert run.incomplete == ("The index did not answer.",)


def test_what_a_service_is_asked_with_is_not_set_costs_those_that_ask_it(tmp_path: Path) -> None:
    unset = collect.Bound(Service(UnsetError('"" is no repository; set GITHUB_REPOSITORY to owner/name.')), None)
    run = measure.take([unset, collect.Bound(Service(STARS), None), unset], None, MAIN, world(tmp_path)).run
    assert run.measurements == STARS.measurements
    assert run.incomplete == ('"" is no repository; set GITHUB_REPOSITORY to owner/name.',)
    with pytest.raises(UnsetError, match="set GITHUB_REPOSITORY"):
        measure.take([unset, unset], None, MAIN, world(tmp_path))


def test_a_service_that_was_found_down_is_said(tmp_path: Path) -> None:
    here = world(tmp_path)
    here.ledger.outage("api.example").error = DownError("GitHub did not answer.")
    run = measure.take([collect.Bound(Service(STARS), None)], None, MAIN, here).run
    assert run.incomplete == ("GitHub did not answer.",)


@dataclass
class Checked(Service):
    """One whose options are looked at before anything is asked."""

    fault: EdgeTpuCiError | None = None

    def check(self, _options: object, _world: World) -> None:
        if self.fault:
            raise self.fault


class Unasked(Service):
    """One that must not be asked."""

    def collect(self, _options: object, _world: World) -> Collected:
        raise AssertionError


def test_a_wrong_option_ends_a_run_before_anybody_is_asked_and_what_is_missing_does_not(tmp_path: Path) -> None:
    wrong = collect.Bound(Checked(STARS, fault=ConfigError("That is no pattern.")), None)
    with pytest.raises(ConfigError, match="That is no pattern"):
        measure.take([collect.Bound(Unasked(STARS), None), wrong], None, MAIN, world(tmp_path))
    missing = collect.Bound(Checked(STARS, fault=InputError("It may still come.")), None)
    assert measure.take([missing], None, MAIN, world(tmp_path)).run.measurements == STARS.measurements


def test_what_is_measured_twice_is_said_with_both_places(tmp_path: Path) -> None:
    twice = [collect.Bound(Service(STARS), None, place) for place in ("kpis[0]", "kpis[1]")]
    with pytest.raises(ConfigError, match=r"^kpis\[1\] measures repository/stars again, as kpis\[0\] does; "):
        measure.take(twice, None, MAIN, world(tmp_path))


def test_a_benchmark_that_cannot_be_taken_ends_the_run(tmp_path: Path) -> None:
    broken = collect.Bound(Service(DeliveryError("It did not answer."), OF_REPOSITORY=False), None)
    with pytest.raises(DeliveryError):
        measure.take([broken], None, MAIN, world(tmp_path))


def test_what_is_of_the_repository_is_one_series_whichever_machine_asked(tmp_path: Path) -> None:
    of_repository, of_machine = (collect.Bound(Service(STARS, OF_REPOSITORY=flag), None) for flag in (True, False))
    assert measure.take([of_repository], None, MAIN, world(tmp_path)).run.machine.key == REPOSITORY
    assert measure.take([of_machine], None, MAIN, world(tmp_path)).run.machine.key != REPOSITORY
