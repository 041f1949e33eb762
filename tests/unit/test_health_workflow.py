"""The reusable workflow for the health of CI, and its example: what it may do, and what reaches it."""

import re
from pathlib import Path
from typing import Any

import yaml

from edgetpu_ci import config

ROOT = Path(__file__).parents[2]


def workflow(path: str) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load((ROOT / path).read_text())
    return found


HEALTH = workflow(".github/workflows/health.yml")
JOB = HEALTH["jobs"]["health"]
CALLER = workflow("examples/health/health.yml")["jobs"]["health"]


def test_who_calls_it_gives_what_it_asks_for_and_nothing_more() -> None:
    assert CALLER["permissions"] == JOB["permissions"]
    assert set(CALLER["secrets"]) <= set(HEALTH[True]["workflow_call"]["secrets"])
    assert set(CALLER["with"]) <= set(HEALTH[True]["workflow_call"]["inputs"])


def test_every_secret_reaches_the_step_that_looks_under_the_variable_it_names() -> None:
    look = JOB["steps"][1]
    assert look["with"]["command"] == "health"
    for name, one in HEALTH[True]["workflow_call"]["secrets"].items():
        (variable,) = [key for key, value in look["env"].items() if f"secrets.{name} " in value]
        assert (one["required"], one["description"].partition(",")[0].partition(";")[0].rstrip(".")) == (
            False,
            f"In {variable}",
        )


def test_silence_is_noticed_also_where_something_is_down() -> None:
    alerts = JOB["steps"][2]
    assert (alerts["if"], alerts["with"]["command"]) == ("always() && inputs.alerts", "alerts")
    asked = {name for name in re.findall(r"secrets\.(\w+)", str(alerts["env"]))}
    assert "heartbeat_url" not in asked


def test_the_examples_configuration_is_sound_and_its_switch_is_of_what_is_measured() -> None:
    settings = config.load(ROOT / "examples/health/edgetpu-ci.yml")
    assert [rule.silent_above_hours for rule in config.alert_rules(settings)] == [48]
    assert settings.observability.health.heartbeat in JOB["steps"][1]["env"]
