"""The readers of key figures against a GitHub that nobody here wrote, as far as it goes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edgetpu_ci.collect import cost, security
from edgetpu_ci.model import Collected
from edgetpu_ci.transport.github import connect
from edgetpu_ci.upkeep import access
from edgetpu_ci.world import World
from tests.fakes.actions import REPOSITORY
from tests.fakes.emulate import Emulated, emulate
from tests.fakes.world import world


@pytest.fixture
def github() -> Iterator[Emulated]:
    """The emulator, asked for nothing that GitHub's own description does not know."""
    with emulate() as emulated:
        yield emulated
        assert emulated.violations == []


def job(folder: Path, github: Emulated) -> World:
    """A job with a person's token."""
    known = {"GITHUB_REPOSITORY": REPOSITORY, "GITHUB_API_URL": github.url, "GITHUB_TOKEN": github.personal_token}
    return world(folder, env=known)


def values(found: Collected) -> dict[str, float]:
    return {one.metric: one.value for one in found.measurements if one.value is not None}


def test_who_may_reach_a_repository(tmp_path: Path, github: Emulated) -> None:
    github.add_hook(insecure=True)
    found = access.read(connect(job(tmp_path, github)))
    assert [(grant.kind, grant.what) for grant in found.grants] == [
        (access.HOOK, "hears push, at example.com; does not check certificates")
    ]
    # What the emulator does not know is said, each for itself.
    assert set(found.unread) == {access.DEPLOY_KEY, access.ENVIRONMENT, access.TOKEN}
    assert all("404" in why for why in found.unread.values())


def test_what_is_stored_and_what_cannot_be_known(tmp_path: Path, github: Emulated) -> None:
    found = cost.collect(cost.Options(), job(tmp_path, github))
    assert values(found)["artifact_storage_gb"] == 0
    why = {one.metric: one.reason for one in found.measurements}
    assert "404" in why["cache_storage_gb"]
    assert "`use: github`" in why["minutes_month_to_date"]


def test_alerts_that_a_server_has_not_are_unknown_and_never_none(tmp_path: Path, github: Emulated) -> None:
    found = {one.metric: one for one in security.collect(security.Options(), job(tmp_path, github)).measurements}
    for name in ("dependabot_alerts", "code_scanning_alerts", "secret_scanning_alerts", "security_score"):
        assert found[name].value is None
        assert "404" in found[name].reason
