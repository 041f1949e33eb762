"""Security and dependencies as GitHub describes its answers: its own examples are understood, its parameters heeded."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edgetpu_ci.collect import security
from edgetpu_ci.model import Measurement
from edgetpu_ci.supply import advisories
from edgetpu_ci.supply.locks import Wanted
from edgetpu_ci.transport import github
from tests.fakes.clock import Clock
from tests.fakes.hub import FakeHub
from tests.fakes.hub.endpoints import ABSENT, NEEDS
from tests.fakes.hub.repository import Repository
from tests.fakes.loopback import Reply
from tests.fakes.world import world

EVERYTHING = frozenset(NEEDS.values())
GIVEN_TO_A_JOB = EVERYTHING - {"administration: read", "secret-scanning-alerts: read"}
SECRET = "AKIAPLANTEDSECRET7EXAMPLE"  # noqa: S105 - planted, to be found nowhere
OBJECTS: Mapping[str, Any] = {
    "/dependabot/alerts": [{"number": 1}],
    "/code-scanning/alerts": [{"number": 2}],
    "/code-scanning/analyses": [{}],
    "/secret-scanning/alerts": [{"secret": SECRET, "validity": "active"}],
    "/actions/workflows/security.yml/runs": [{}],
    "/rules/branches/main": [{"type": "non_fast_forward", "parameters": ABSENT}],
    "/vulnerability-alerts": Reply(status=204),
}


def measure(folder: Path, granted: frozenset[str]) -> dict[str, Measurement]:
    with FakeHub(Repository(), granted=granted, objects=dict(OBJECTS)) as hub:
        here = world(folder, env=hub.env, now=lambda: datetime.now(UTC), sleep=Clock().sleep)
        found = security.collect(security.Options(scan_workflow="security.yml", branch="main"), here)
    assert hub.violations == []
    assert SECRET not in str(found)
    return {one.metric: one for one in found.measurements}


def test_everything_is_understood_and_nothing_is_asked_that_github_does_not_know(tmp_path: Path) -> None:
    found = measure(tmp_path, EVERYTHING)
    # The hub's alert has no severity.
    unrated = {"critical_vulnerabilities", "security_score"}
    assert [f"{name}: {one.reason}" for name, one in found.items() if one.value is None and name not in unrated] == []
    assert found["secret_scanning_alerts"].value == 1
    assert ("at most 20", "a leaked secret is active") in found["security_score"].details


def test_a_jobs_own_token_has_the_rest_and_names_what_it_lacks(tmp_path: Path) -> None:
    found = measure(tmp_path, GIVEN_TO_A_JOB)
    unknown = {name: one.reason for name, one in found.items() if one.value is None}
    assert set(unknown) == {
        "critical_vulnerabilities",
        "secret_scanning_alerts",
        "security_score",
        "security_settings_percent",
        "workflow_token_restricted",
    }
    assert all("which GITHUB_TOKEN cannot have" in reason for reason in unknown.values())


def test_an_advisory_as_github_shows_it_is_found_of_the_version_it_is_of(tmp_path: Path) -> None:
    advisory = {
        "severity": "critical",
        "withdrawn_at": None,
        "vulnerabilities": [
            {
                "package": {"ecosystem": "pip", "name": "Alpha"},
                "vulnerable_version_range": "<= 1.0",
                "first_patched_version": "1.1",
                "vulnerable_functions": [],
            }
        ],
    }
    wanted = [Wanted(name="alpha", version=version) for version in ("1.0", "1.1")]
    with FakeHub(Repository(), granted=EVERYTHING, objects={"/advisories": [advisory]}) as hub:
        found = advisories.read(github.connect(world(tmp_path, env=hub.env)), wanted)
    assert hub.violations == []
    assert [(one.package, one.version, one.severity, one.fixed_in) for one in found] == [
        ("alpha", "1.0", "critical", ("1.1",))
    ]
    assert found[0].epss is not None
