"""The reusable workflow for key figures and its examples: what it may do, and what it keeps."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from edgetpu_ci import collect, config
from edgetpu_ci.metrics import KPIS

ROOT = Path(__file__).parents[2]
KPIS_YML: dict[Any, Any] = yaml.safe_load((ROOT / ".github/workflows/kpis.yml").read_text())
CALLED = KPIS_YML[True]["workflow_call"]  # YAML reads `on` as a boolean
JOB = KPIS_YML["jobs"]["kpis"]
EXAMPLES = ROOT / "examples/kpis"
CALLER = yaml.safe_load((EXAMPLES / "kpis.yml").read_text())["jobs"]["kpis"]
BRANCH = yaml.safe_load((EXAMPLES / "branch.yml").read_text())["jobs"]["kpis"]
NOT_GIVEN_TO_A_JOB = {
    "administration",
    "metadata",
    "organization-administration",
    "secret-scanning-alerts",
    "secrets",
    "repository-hooks",
}
SPEC = {
    "code_coverage": config.Gate(minimum=80, target=90),
    "security_score": config.Gate(minimum=85, target=95),
    "performance_regression": config.Gate(maximum=10),
    "build_time": config.Gate(maximum=300),
    "test_execution_time": config.Gate(maximum=60),
}


def step(uses: str) -> dict[str, Any]:
    found: dict[str, Any] = next(step for step in JOB["steps"] if step.get("uses", "").startswith(uses))
    return found


def test_it_only_reads() -> None:
    assert KPIS_YML["permissions"] == {}
    assert set(JOB["permissions"].values()) == {"read"}


def test_who_calls_it_gives_what_it_asks_for_and_nothing_more() -> None:
    assert CALLER["permissions"] == JOB["permissions"]
    assert set(CALLER["with"]) <= set(CALLED["inputs"])
    assert set(CALLER["secrets"]) <= set(CALLED["secrets"])


def test_it_may_read_what_every_definition_names_and_a_job_can_have() -> None:
    needed = {name for kpi in KPIS for name in re.findall(r"([a-z-]+): read", kpi.permission)}
    assert needed - NOT_GIVEN_TO_A_JOB <= set(JOB["permissions"])


def test_the_one_that_writes_writes_for_its_store_alone() -> None:
    assert {name for name, right in BRANCH["permissions"].items() if right == "write"} == {"contents"}
    assert set(BRANCH["permissions"]) == set(JOB["permissions"])


def test_two_do_not_run_at_once_and_none_is_ended_in_the_middle() -> None:
    assert JOB["concurrency"]["cancel-in-progress"] is False
    assert yaml.safe_load((EXAMPLES / "branch.yml").read_text())["concurrency"]["cancel-in-progress"] is False


def test_what_was_read_is_kept_when_a_limit_is_broken() -> None:
    saved, restored = step("actions/cache/save@"), step("actions/cache/restore@")
    assert saved["if"].startswith("always()")
    assert saved["with"]["path"] == restored["with"]["path"] == ".edgetpu-ci"
    assert saved["with"]["key"].startswith(restored["with"]["restore-keys"])


def test_the_token_of_ones_own_is_optional_and_reaches_one_step() -> None:
    assert CALLED["secrets"]["token"]["required"] is False
    holders = [step for step in JOB["steps"] if "secrets." in str(step)]
    assert [(step["id"], step["env"]) for step in holders] == [
        ("edgetpu-ci", {"EDGETPU_CI_TOKEN": "${{ secrets.token }}"})
    ]
    assert "secrets." not in str({**JOB, "steps": []})


def test_commits_are_counted_in_the_whole_history() -> None:
    assert step("actions/checkout@")["with"] == {"fetch-depth": 0, "persist-credentials": False}


def test_the_example_collects_what_there_is_and_demands_what_the_users_document_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(EXAMPLES)
    known = config.load(EXAMPLES / "edgetpu-ci.yml")
    for number, one in enumerate(known.kpis):
        assert collect.bind(one, f"kpis[{number}]").is_of_repository, one.use
    assert known.quality_gates == SPEC
