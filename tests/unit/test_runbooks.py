"""Runbooks: read, checked against the alerts, and in the short form of monitoring documents."""

from pathlib import Path

import pytest

from edgetpu_ci import config
from edgetpu_ci.config import checking as checked
from edgetpu_ci.config import triggers
from edgetpu_ci.config.alerting import Alerting, AlertRule, Automated, Permitted
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.runbooks import checking, reading
from edgetpu_ci.runbooks.record import Runbook

FILE = """\
---
triggers: [test_coverage_drop]
actions:
  - name: collect_debug_logs
    auto: true
    timeout: 2 min
  - workflow: rerun-tests.yml
    inputs: {suite: all}
---
# Coverage fell

What to do.
"""
COVERAGE = AlertRule(name="test_coverage_drop", match="*/test_coverage", below=80)
DOCUMENT = {
    "high_error_rate": Automated(
        trigger="error_rate > 5%",
        actions=(
            *("disable_affected_endpoints", "notify_oncall_engineer"),
            *("collect_debug_logs", "create_incident_ticket"),
        ),
    ),
    "performance_degradation": Automated(
        trigger="throughput < baseline * 0.8",
        actions=(
            *("capture_performance_profile", "check_resource_utilization"),
            *("notify_performance_team", "schedule_investigation"),
        ),
    ),
}


def parsed(text: str) -> Runbook:
    return reading.parse(text.encode(), "x", "runbooks/x.md")


def test_a_runbook_has_its_alerts_its_actions_and_what_to_read() -> None:
    runbook = parsed(FILE)
    assert (runbook.title, runbook.triggers) == ("Coverage fell", ("test_coverage_drop",))
    assert [(action.called, action.auto, action.timeout) for action in runbook.actions] == [
        ("collect_debug_logs", True, "2 min"),
        ("rerun-tests.yml", False, "10 min"),
    ]
    assert runbook.text.endswith("What to do.")


def test_front_matter_is_not_needed() -> None:
    assert parsed("# Only to read\n").title == "Only to read"
    assert parsed("").title == "x"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("---\ntriggers: [a]\n", 'runbooks/x.md: its front matter does not end; close it with a line "---".'),
        ("---\ntriggers: [a b]\n---\n", "runbooks/x.md: triggers[0]"),
        ("---\ntrigger: a\n---\n", 'did you mean "triggers"?'),
        ("---\nactions: [{name: a, workflow: b.yml}]\n---\n", "either a `name` or a `workflow`"),
        ("---\nactions: [{auto: true}]\n---\n", "either a `name` or a `workflow`"),
        ("---\nactions: [{workflow: ../b.yml}]\n---\n", "actions[0].workflow"),
        ("---\nactions: [{name: a, command: rm}]\n---\n", "command"),
        ("---\nactions: [{name: a, timeout: soon}]\n---\n", '"soon" is no length of time'),
        ("---\nactions: [{name: a, timeout: 0 min}]\n---\n", "an action needs some time"),
        ("---\nactions: [{name: a}, {name: a}]\n---\n", "a is there twice"),
        ("---\nactions: [" + "{name: a}, " * 21 + "]\n---\n", "21 actions, more than the 20"),
        ("---\n: [\n---\n", "is not valid YAML"),
        ("x" * (reading.MOST_BYTES + 1), "more than the 262,144 a runbook may have"),
    ],
)
def test_what_is_wrong_with_a_runbook_is_one_sentence(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        parsed(text)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_runbook_that_is_no_text_is_said() -> None:
    with pytest.raises(ConfigError, match=r"is not UTF-8 text \(byte 1\)"):
        reading.parse(b"a\xff", "x", "x.md")


def test_runbooks_lie_in_the_folder_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "books").mkdir()
    (tmp_path / "books/coverage.md").write_text(FILE)
    (tmp_path / "books/README.md").write_text("No runbook.")
    assert list(reading.load(Alerting(runbooks="books"), tmp_path)) == ["coverage"]
    assert reading.load(Alerting(), tmp_path) == {}
    with pytest.raises(ConfigError, match=r"alerting.runbooks: there is no folder"):
        reading.load(Alerting(runbooks="elsewhere"), tmp_path)


def test_the_short_form_of_a_monitoring_document_makes_alerts() -> None:
    found = triggers.rules(Alerting(runbooks=DOCUMENT))
    assert [(rule.name, rule.match, rule.above, rule.worse_by_percent, rule.priority) for _, rule in found] == [
        ("high_error_rate", "*/error_rate_percent", 5, None, "p2"),
        ("performance_degradation", "*/throughput_sustained_fps", None, 20, "p2"),
    ]


def test_the_short_form_and_a_file_of_its_name_are_one_runbook(tmp_path: Path) -> None:
    (tmp_path / "runbooks").mkdir()
    file = FILE.replace("test_coverage_drop", "another_alert")
    (tmp_path / "runbooks/high_error_rate.md").write_text(file)
    runbook = reading.load(Alerting(runbooks=DOCUMENT), tmp_path)["high_error_rate"]
    assert runbook.triggers == ("high_error_rate", "another_alert")
    assert [(action.called, action.auto) for action in runbook.actions] == [
        ("disable_affected_endpoints", True),
        ("notify_oncall_engineer", True),
        ("collect_debug_logs", True),
        ("create_incident_ticket", True),
        ("rerun-tests.yml", False),
    ]
    assert runbook.actions[2].timeout == "2 min"
    assert runbook.title == "Coverage fell"


@pytest.mark.parametrize(
    ("trigger", "said"),
    [
        ("when it is slow", "is no trigger; write it as"),
        ("error_rat > 5%", 'did you mean "error_rate"?'),
        ("throughput > baseline * 0.8", "is no change for the worse"),
        ("throughput < baseline * 1.2", "is no change for the worse"),
    ],
)
def test_a_trigger_that_cannot_be_understood_is_said(trigger: str, said: str) -> None:
    short = {"it": Automated(trigger=trigger, actions=())}
    with pytest.raises(ConfigError) as error:
        list(triggers.rules(Alerting(runbooks=short)))
    assert str(error.value).startswith("alerting.runbooks.it.trigger: ")
    assert said in str(error.value)


def test_an_alert_that_is_written_out_is_the_one_of_its_runbook() -> None:
    written = AlertRule(name="high_error_rate", match="*/error_rate_percent", above=7, severity="critical")
    found = {rule.name: rule for _, rule in checked.rules(Alerting(rules=(written,), runbooks=DOCUMENT))}
    assert list(found) == ["high_error_rate", "performance_degradation"]
    assert found["high_error_rate"] == written


def test_a_trigger_may_name_an_alert(tmp_path: Path) -> None:
    alerting = Alerting(runbooks={"it": Automated(trigger="test_coverage_drop", actions=())})
    assert list(triggers.rules(alerting)) == []
    assert reading.load(alerting, tmp_path)["it"].triggers == ("test_coverage_drop",)


def faults(alerting: Alerting, *files: Runbook, rules: tuple[AlertRule, ...] = (COVERAGE,)) -> tuple[str, ...]:
    return checking.faults({file.name: file for file in files}, rules, alerting)


def test_every_alert_has_a_runbook_by_its_name_or_by_a_trigger() -> None:
    assert faults(Alerting(), parsed(FILE)) == ()
    named = AlertRule(name="slow", match="*/time_ms", above=1, runbook="runbooks/x.md")
    assert faults(Alerting(), parsed("# x"), rules=(named,)) == ()
    outside = AlertRule(name="slow", match="*/time_ms", above=1, runbook="https://example.org/slow")
    assert faults(Alerting(), rules=(outside,)) == ()
    (fault,) = faults(Alerting())
    assert fault == "The alert test_coverage_drop has no runbook; write runbooks/test_coverage_drop.md."
    assert faults(Alerting(), Runbook(name="test_coverage_drop")) == ()


def test_a_trigger_names_an_alert() -> None:
    (fault,) = faults(
        Alerting(), parsed(FILE), parsed(FILE.replace("coverage_drop", "coverage_dro")), rules=(COVERAGE,)
    )[1:]
    assert fault == 'runbooks/x.md: there is no alert "test_coverage_dro"; did you mean "test_coverage_drop"?'


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (
            "name: collect_debug_log",
            'no action of ours, nor one that `alerting.actions` names; did you mean "collect_debug_logs"?',
        ),
        ("name: collect_debug_logs, inputs: {x: y}", "takes no input x."),
        ("name: schedule_investigation, inputs: {day: y}", 'takes no input day; did you mean "days"?'),
        ("name: schedule_investigation, inputs: {days: soon}", "a whole number from 1 to 366"),
        ('name: schedule_investigation, inputs: {days: "0"}', "a whole number from 1 to 366"),
        ('name: schedule_investigation, inputs: {days: "367"}', "a whole number from 1 to 366"),
        ('name: schedule_investigation, inputs: {days: "0366999999999"}', "a whole number from 1 to 366"),
        (
            "name: schedule_investigation, inputs: {contact: nobody}",
            'tells "nobody", which `alerting.contacts` does not',
        ),
        ("name: disable_affected_endpoints", "is not set up; name a command or a workflow"),
        ("name: notify", "names no contact."),
        ("name: notify_oncal", 'does not have; did you mean "oncall"?'),
    ],
)
def test_an_action_that_cannot_be_done_is_said(action: str, said: str) -> None:
    book = parsed(f"---\ntriggers: [test_coverage_drop]\nactions: [{{{action}}}]\n---\n")
    (fault,) = faults(Alerting(contacts={"oncall": {"slack": "#oncall"}}), book)
    assert fault.startswith("runbooks/x.md: ")
    assert said in fault


def test_what_the_configuration_allows_can_be_done() -> None:
    book = parsed("---\nactions: [{name: disable_affected_endpoints}, {name: ours}, {workflow: a.yml}]\n---\n")
    hooks = {
        "disable_affected_endpoints": Permitted(command=("systemctl", "stop", "x")),
        "ours": Permitted(workflow="a.yml"),
    }
    assert faults(Alerting(actions=hooks), book, rules=()) == ()
    with pytest.raises(ConfigError, match="ours must have either a `command` or a `workflow`"):
        checked.check(Alerting(actions={"ours": Permitted()}))


EXAMPLES = Path(__file__).parents[2] / "examples/alerts"


def test_the_example_has_a_runbook_for_each_alert_and_can_do_what_they_say() -> None:
    settings = config.load(EXAMPLES / "edgetpu-ci.yml")
    runbooks = reading.load(settings.alerting, EXAMPLES)
    assert checking.faults(runbooks, config.alert_rules(settings), settings.alerting) == ()
    assert {rule.name for rule in config.alert_rules(settings)} == set(runbooks)


@pytest.mark.parametrize("path", sorted((EXAMPLES / "runbooks").glob("*.md")), ids=lambda path: str(path.stem))
def test_each_runbook_of_the_example_says_what_one_asks_at_night(path: Path) -> None:
    heads = [line for line in path.read_text().splitlines() if line.startswith("## ")]
    wanted = ("What it means", "First look (2 minutes)", "How to mend", "When to escalate")
    assert [head[3:] for head in heads if head != "## Likely causes"] == list(wanted)


def test_a_folder_has_so_many_runbooks_and_no_more(tmp_path: Path) -> None:
    folder = tmp_path / reading.FOLDER
    folder.mkdir()
    for number in range(200):
        (folder / f"r{number}.md").write_text("# What it means\n")
    assert len(reading.load(Alerting(), tmp_path)) == 200
    (folder / "one-more.md").write_text("# What it means\n")
    with pytest.raises(ConfigError, match="has 201 files, more than the 200 runbooks that are read"):
        reading.load(Alerting(), tmp_path)
