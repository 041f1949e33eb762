"""What action.yml promises holds together; no linter looks inside it."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from edgetpu_ci import cli

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "action.yml").read_text()
ACTION: dict[str, Any] = yaml.safe_load(TEXT)
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
WORKFLOWS = sorted(
    path
    for folder in ("examples", ".github/workflows")
    for path in (ROOT / folder).rglob("*.yml")
    if "\njobs:" in path.read_text()
)


def test_every_input_that_is_used_is_declared_and_the_other_way_round() -> None:
    assert set(re.findall(r"inputs\.([\w-]+)", TEXT)) == set(ACTION["inputs"])


def test_every_step_whose_output_is_used_is_there() -> None:
    assert set(re.findall(r"steps\.([\w-]+)\.", TEXT)) <= {step["id"] for step in STEPS if "id" in step}


def test_no_text_of_others_is_pasted_into_a_script() -> None:
    assert [step["run"] for step in STEPS if "${{" in step["run"]] == []


def test_no_action_of_others_is_used() -> None:
    assert [step["uses"] for step in STEPS if "uses" in step] == []


def lock(command: str) -> str:
    """Which lock the expression chooses, read as GitHub reads it: the first alternative that holds."""
    (step,) = STEPS
    for alternative in re.finditer(r"\(([^()]*(?:\([^()]*\)[^()]*)*)\) && '([^']+)'", step["env"]["LOCK"]):
        if any(command.startswith(word) for word in re.findall(r"inputs\.command, '([^']+)'", alternative[1])):
            return alternative[2]
    return "requirements.txt"


@pytest.mark.parametrize("command", ["run", "compare", "selftest", "bisect", "doctor", "checklist"])
def test_what_loads_a_model_is_given_a_runtime(command: str) -> None:
    assert lock(command) == "requirements-bench.txt"
    assert "ai-edge-litert" in (ROOT / "requirements-bench.txt").read_text()


@pytest.mark.parametrize("command", ["run --kpis", "kpi show --json"])
def test_what_collects_key_figures_is_given_what_reads_them_and_no_runtime(command: str) -> None:
    assert lock(command) == "requirements-kpis.txt"
    assert "defusedxml" in (ROOT / "requirements-kpis.txt").read_text()
    assert "ai-edge-litert" not in (ROOT / "requirements-kpis.txt").read_text()


LITTLE = (
    "publish --from-workflow-run",
    "judge report.json",
    "metrics push --to otlp",
    "render --check",
    "logs prune",
    "serve",
)


@pytest.mark.parametrize("command", LITTLE)
def test_what_only_says_is_given_little(command: str) -> None:
    assert lock(command) == "requirements.txt"


def test_what_draws_a_digest_is_given_what_draws() -> None:
    assert lock("digest --week 2026-W47") == "requirements-kpis.txt"
    assert "matplotlib" in (ROOT / "requirements-kpis.txt").read_text()


def test_nothing_stays_behind_in_the_environment_of_later_steps() -> None:
    assert not re.search(r"GITHUB_(ENV|PATH)", TEXT)


def test_there_are_few_inputs_and_each_is_described() -> None:
    assert len(ACTION["inputs"]) <= 6
    assert all(entry["description"] for entry in (*ACTION["inputs"].values(), *ACTION["outputs"].values()))


def ours(text: str) -> list[dict[str, Any]]:
    """The steps of a workflow that are our Action."""
    return [
        step
        for job in yaml.safe_load(text)["jobs"].values()
        for step in job.get("steps", ())
        if re.fullmatch(r"\./|edgetpu-ci/edgetpu-ci@v\d+", step.get("uses", ""))
    ]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: str(path.relative_to(ROOT)))
def test_workflows_give_inputs_and_take_outputs_that_exist(path: Path) -> None:
    text = path.read_text()
    given = [step.get("with", {}) for step in ours(text)]
    assert {name for inputs in given for name in inputs} <= set(ACTION["inputs"])
    for inputs in given:
        if "${{" not in (command := inputs.get("command", "run")):
            cli._parser().parse_args(command.split())
    assert set(re.findall(r"steps\.edgetpu-ci\.outputs\.([\w-]+)", text)) <= set(ACTION["outputs"])


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: str(path.relative_to(ROOT)))
def test_workflows_begin_with_no_permission_at_all(path: Path) -> None:
    assert yaml.safe_load(path.read_text())["permissions"] == {}
