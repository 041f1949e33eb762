"""The reusable workflows for alerts and escalation, and their examples: what they may do, and what reaches them."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples/alerts"


def workflow(path: str) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load((ROOT / path).read_text())
    return found


ALERTS, ESCALATE = (workflow(f".github/workflows/{name}.yml") for name in ("alerts", "escalate"))
WATCH, MONITOR = (workflow(f"examples/alerts/{name}.yml")["jobs"] for name in ("watch", "monitor"))
JOBS = {"alerts": ALERTS["jobs"]["alerts"], **ESCALATE["jobs"]}
CALLS = [(WATCH["watch"], ALERTS), (MONITOR["escalate"], ESCALATE)]


@pytest.mark.parametrize("name", JOBS)
def test_it_writes_for_the_store_and_issues_alone(name: str) -> None:
    assert ALERTS["permissions"] == ESCALATE["permissions"] == {}
    assert JOBS[name]["permissions"] == {"contents": "write", "issues": "write", "pull-requests": "read"}


@pytest.mark.parametrize(("caller", "called"), CALLS)
def test_who_calls_it_gives_what_it_asks_for_and_nothing_more(caller: dict[str, Any], called: dict[Any, Any]) -> None:
    (job, *_) = called["jobs"].values()
    assert caller["permissions"] == job["permissions"]
    assert set(caller["secrets"]) <= set(called[True]["workflow_call"]["secrets"])


@pytest.mark.parametrize("name", JOBS)
def test_secrets_are_optional_and_reach_the_step_that_tells(name: str) -> None:
    given = ALERTS[True]["workflow_call"]["secrets"]
    assert given == ESCALATE[True]["workflow_call"]["secrets"]
    assert not any(one["required"] for one in given.values())
    holders = [step for step in JOBS[name]["steps"] if "secrets." in str(step)]
    assert [step["with"]["command"] for step in holders] == ["alerts"]
    assert set(re.findall(r"secrets\.(\w+)", str(holders[0]["env"]))) == set(given)


@pytest.mark.parametrize("name", sorted(ALERTS[True]["workflow_call"]["secrets"]))
def test_a_secret_says_in_which_variable_it_is(name: str) -> None:
    said = ALERTS[True]["workflow_call"]["secrets"][name]["description"]
    (variable,) = [key for key, value in JOBS["alerts"]["steps"][1]["env"].items() if f"secrets.{name} " in value]
    assert said == f"In {variable}."


def test_a_job_begins_when_its_environment_lets_it_and_ends_no_other_that_waits() -> None:
    assert {job["environment"] for job in ESCALATE["jobs"].values()} == {"escalate-15m", "escalate-30m"}
    assert not any("concurrency" in job for job in ESCALATE["jobs"].values())


def test_jobs_on_a_schedule_run_one_after_the_other_and_none_is_ended_in_the_middle() -> None:
    assert JOBS["alerts"]["concurrency"]["cancel-in-progress"] is False


def test_what_was_missed_is_told_also_where_something_could_not_be_said() -> None:
    audit = JOBS["alerts"]["steps"][-1]
    assert (audit["if"], audit["with"]["command"]) == ("always()", "incidents audit")


def test_every_variable_of_the_examples_configuration_is_given_to_its_jobs() -> None:
    named = set(re.findall(r"PAGERDUTY_\w+", (EXAMPLES / "edgetpu-ci.yml").read_text())) | {"SLACK_BOT_TOKEN"}
    (step,) = [step for step in MONITOR["monitor"]["steps"] if step.get("id") == "edgetpu-ci"]
    assert set(step["env"]) == named
    for caller, _ in CALLS:
        assert {value.split()[1].removeprefix("secrets.") for value in caller["secrets"].values()} == named


def test_only_what_opened_an_incident_is_waited_for() -> None:
    assert "needs.monitor.outputs.opened > 0" in MONITOR["escalate"]["if"]
    assert MONITOR["monitor"]["outputs"] == {"opened": "${{ steps.edgetpu-ci.outputs.opened }}"}
    assert "opened" in workflow("action.yml")["outputs"]


def test_a_job_that_waits_for_half_an_hour_keeps_no_other_run_waiting() -> None:
    assert "concurrency" not in workflow("examples/alerts/monitor.yml")
    assert MONITOR["monitor"]["concurrency"]["cancel-in-progress"] is False
