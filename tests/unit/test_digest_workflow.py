"""The reusable workflow for the digest and its examples: what it may do, and whom it is given."""

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]


def read(place: str) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load((ROOT / place).read_text())
    return found


WORKFLOW, KPIS = (read(f".github/workflows/{name}.yml") for name in ("digest", "kpis"))
CALLED = WORKFLOW[True]["workflow_call"]  # YAML reads `on` as a boolean
JOB = WORKFLOW["jobs"]["digest"]
EXAMPLE = read("examples/digest/digest.yml")
CALLER = EXAMPLE["jobs"]["digest"]
BRANCH = read("examples/digest/branch.yml")["jobs"]["digest"]


def steps(uses: str) -> list[dict[str, Any]]:
    return [step for step in JOB["steps"] if step.get("uses", "").startswith(uses)]


def test_it_only_reads() -> None:
    assert WORKFLOW["permissions"] == EXAMPLE["permissions"] == {}
    assert JOB["permissions"] == CALLER["permissions"] == {"contents": "read"}


def test_who_calls_it_gives_what_there_is() -> None:
    assert set(CALLER["with"]) <= set(CALLED["inputs"])
    assert set(CALLER["secrets"]) <= set(CALLED["secrets"])
    assert not any(secret["required"] for secret in CALLED["secrets"].values())


def test_secrets_reach_one_step() -> None:
    holders = [step for step in JOB["steps"] if "secrets." in str(step)]
    assert [step["uses"].partition("@")[0] for step in holders] == ["edgetpu-ci/edgetpu-ci"]
    assert "secrets." not in str({**JOB, "steps": []})


def test_it_works_on_the_cache_of_key_figures_and_never_beside_it() -> None:
    theirs = KPIS["jobs"]["kpis"]
    assert JOB["concurrency"] == theirs["concurrency"]
    restored = [step["with"] for step in theirs["steps"] if step.get("uses", "").startswith("actions/cache/restore@")]
    assert [step["with"] for step in steps("actions/cache/restore@")] == restored


@pytest.mark.parametrize("uses", ["actions/cache/save@", "actions/upload-artifact@"])
def test_what_slack_did_not_take_is_kept_all_the_same(uses: str) -> None:
    (step,) = steps(uses)
    assert step["if"] == "always()"


def test_the_one_that_writes_writes_for_its_store_alone() -> None:
    assert BRANCH["permissions"] == {"contents": "write"}
