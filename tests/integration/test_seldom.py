"""What changes seldom on GitHub is asked for once a week, and what was refused the next day, or with a new token."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edgetpu_ci import memory
from edgetpu_ci.errors import DeniedError, MissingError
from edgetpu_ci.memory import Forgetful
from edgetpu_ci.supply import alerts
from edgetpu_ci.transport import github
from edgetpu_ci.transport.seldom import NAME, Seldom
from edgetpu_ci.upkeep import account
from edgetpu_ci.upkeep.account import Retention
from tests.fakes.endpoints import REPOSITORY, Endpoints, Refused, hub
from tests.fakes.world import AT, world

PATH = f"/repos/{REPOSITORY}/actions/permissions/artifact-and-log-retention"
SECRET = "ghp_secretsecretsecretsecret"  # noqa: S105 - a fake one


@dataclass
class Place:
    """GitHub, which can be told to answer something else, and a store."""

    folder: Path
    answers: dict[str, Any] = field(default_factory=lambda: {PATH: {"days": 90, "created_by": "octocat"}})
    state: Forgetful = field(default_factory=Forgetful)
    asked: int = 0

    def retention(self, days: float = 0, **env: str) -> Retention:
        """As a run some days later has it."""
        endpoints = Endpoints(self.answers)
        now = AT + timedelta(days=days)
        with hub(endpoints, self.folder, now=lambda: now) as here:
            told = world(self.folder, env={**here.env, **env}, now=lambda: now)
            slow = Seldom(github.connect(told), self.state, now)
            try:
                return account.retention(slow)
            finally:
                slow.keep()
                self.asked += len(told.ledger.log)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_an_answer_is_good_for_a_week(place: Place) -> None:
    assert [place.retention(days).days for days in (0, 1, 6.9)] == [90, 90, 90]
    assert place.asked == 1
    place.answers[PATH] = {"days": 30}
    assert place.retention(7).days == 30
    assert place.asked == 2


def test_nothing_is_kept_but_the_fields_that_are_read(place: Place) -> None:
    place.retention()
    kept = memory.unpack(place.state.kept[NAME], dict[str, Any], NAME)
    assert [one["found"] for one in kept.values()] == [{"days": 90, "maximum_allowed_days": None}]
    assert "octocat" not in str(kept)


def test_a_refusal_is_good_for_a_day_and_says_until_when(place: Place) -> None:
    place.answers[PATH] = Refused(403)
    with pytest.raises(DeniedError, match="`administration: read`"):
        place.retention(GITHUB_TOKEN=SECRET)
    with pytest.raises(DeniedError, match="`administration: read`") as refused:
        place.retention(0.5, GITHUB_TOKEN=SECRET)
    assert refused.value.permission == "administration: read"
    assert "asked again after 2026-03-05 05:06 UTC" in str(refused.value)
    assert place.asked == 1
    place.answers[PATH] = {"days": 30}
    assert place.retention(1, GITHUB_TOKEN=SECRET).days == 30


def test_what_a_jobs_own_token_cannot_have_is_asked_for_once_a_week(place: Place) -> None:
    place.answers[PATH] = Refused(403)
    for days in (0, 1, 6):
        with pytest.raises(DeniedError, match="`administration: read`"):
            place.retention(days)
    assert place.asked == 1
    place.answers[PATH] = {"days": 30}
    assert place.retention(7).days == 30


def test_a_token_of_another_kind_is_not_refused_for_the_sake_of_the_first(place: Place) -> None:
    place.answers[PATH] = Refused(403)
    with pytest.raises(DeniedError):
        place.retention()
    place.answers[PATH] = {"days": 30}
    assert place.retention(0.1, EDGETPU_CI_TOKEN=SECRET).days == 30
    assert SECRET.encode() not in bytes(memory.unpack(place.state.kept[NAME], msgspec.Raw, NAME))


def test_what_is_not_there_stays_missing(place: Place) -> None:
    del place.answers[PATH]
    for days in (0, 0.5):
        with pytest.raises(MissingError):
            place.retention(days)
    assert place.asked == 1


@pytest.mark.parametrize("kept", [{"until": "2999-01-01T00:00:00Z"}, {"found": {"days": "many"}}])
def test_what_a_wrong_clock_or_another_version_kept_is_asked_for_again(place: Place, kept: Mapping[str, Any]) -> None:
    place.retention()
    (name, good), *_ = memory.unpack(place.state.kept[NAME], dict[str, Any], NAME).items()
    place.state.kept[NAME] = memory.pack({name: {**good, **kept}})
    assert place.retention(1).days == 90
    assert place.asked == 2


def test_jobs_keep_what_each_learnt(place: Place, tmp_path: Path) -> None:
    with hub(Endpoints(place.answers), tmp_path) as here:
        told = world(tmp_path, env=here.env)
        one, other = (Seldom(github.connect(told), place.state, AT) for _ in "12")
        assert one.ask("one", int, lambda: 1) + other.ask("other", int, lambda: 2) == 3
        one.keep()
        other.keep()
    assert set(memory.unpack(place.state.kept[NAME], dict[str, Any], NAME)) == {"one", "other"}


@pytest.mark.parametrize("answer", [[{"created_at": "2026-03-01T00:00:00Z"}], Refused(403)])
def test_what_several_collectors_want_is_asked_for_once_in_a_run(answer: object, tmp_path: Path) -> None:
    with hub(Endpoints({f"/repos/{REPOSITORY}/code-scanning/analyses": answer}), tmp_path) as here:
        told = world(tmp_path, env=here.env)
        found = [str(github.connect(told).gather([lambda: alerts.analysed(github.connect(told))])[0]) for _ in "12"]
    assert found[0] == found[1]
    assert len(told.ledger.log) == 1
