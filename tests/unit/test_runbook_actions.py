"""What runbooks have done: without a shell, without secrets, within a time, and said if it is not."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from edgetpu_ci import redaction
from edgetpu_ci.alerting import actions
from edgetpu_ci.alerting.actions import Deed, Done
from edgetpu_ci.config import Config, Step
from edgetpu_ci.config.alerting import Alerting, Permitted
from edgetpu_ci.incidents.record import Alert, Incident, Receipt, Sighting
from edgetpu_ci.runbooks.record import Action
from edgetpu_ci.world import Ran, World, run_process
from tests.fakes import reports
from tests.fakes.actions import connect
from tests.fakes.github import FakeGitHub
from tests.fakes.world import AT, NOTHING, world

HOSTILE = "main$(touch pwned)`touch pwned`;touch pwned\n::error::x"
SEEN = Sighting(at=AT, value=7.0, commit="abc1234")
ALERT = Alert(
    fingerprint="f" * 16, rule="high_error_rate", labels={"subject": "yolo_nano"}, state="firing", bad=SEEN, last=SEEN
)
INCIDENT = Incident(
    key="c0ffee" * 10,
    number=3,
    labels={"alertname": "high_error_rate", "branch": HOSTILE, "repo": "octo/models"},
    severity="critical",
    alerts=(ALERT,),
    opened_at=AT,
)


def deed(outside: World, incident: Incident | None = INCIDENT, **alerting: Any) -> Deed:
    return Deed(Config(alerting=Alerting(**alerting)), outside.cwd / "out", outside, incident)


def done(action: Action, with_: Deed) -> Done:
    return actions.perform(action, actions.make_ready(action, with_))


def at(github: FakeGitHub, folder: Path) -> World:
    env = {"GITHUB_REPOSITORY": "octo/models"}
    return world(folder, env=env, github=lambda: connect(github.url, github.token))


def hook(*argv: str, **inputs: str) -> dict[str, Permitted]:
    return {"disable_affected_endpoints": Permitted(command=argv, inputs=inputs)}


SLACK = (Step(use="slack"),)
DISABLE = Action(name="disable_affected_endpoints", inputs={"pool-name": "edge"}, timeout="5 s")


def test_a_command_meets_no_shell_and_is_told_of_the_incident_in_its_environment(tmp_path: Path) -> None:
    script = 'test -z "$GITHUB_TOKEN" && env | grep ^EDGETPU_CI_ | sort; echo "$0 $1"'
    it = deed(world(tmp_path, run=run_process), actions=hook("sh", "-c", script, "$(touch pwned)", HOSTILE))
    result = done(DISABLE, it)
    said = (tmp_path / "out/disable_affected_endpoints.txt").read_text()
    assert "EDGETPU_CI_SUBJECTS=yolo_nano" in said
    assert "EDGETPU_CI_BRANCH=main$(touch pwned)`touch pwned`;touch pwned ::error::x" in said
    assert f"EDGETPU_CI_INCIDENT={INCIDENT.key}-3" in said
    assert "EDGETPU_CI_INPUT_POOL_NAME=edge" in said
    assert "$(touch pwned) main$(touch" in said
    assert not list(tmp_path.rglob("pwned"))
    assert (result.well, result.file) == (True, str(tmp_path / "out/disable_affected_endpoints.txt"))
    assert "::" not in result.text.replace("::error::x", "", 1)


@pytest.mark.parametrize(
    ("argv", "limit", "said"),
    [
        (("false",), "5 s", "`false` ended with status 1: it said nothing"),
        (("no-such-program-here",), "5 s", "`no-such-program-here` cannot be started: no such file or directory."),
        (("sleep", "30"), "0.2 s", "`sleep` was not done within 0.2 s and was ended."),
    ],
)
def test_a_command_that_does_not_end_well_says_so(tmp_path: Path, argv: tuple[str, ...], limit: str, said: str) -> None:
    it = deed(world(tmp_path, run=run_process), actions=hook(*argv))
    assert done(replace(DISABLE, timeout=limit), it) == Done(said, well=False)


def test_what_is_not_set_up_is_not_pretended(tmp_path: Path) -> None:
    result = done(DISABLE, deed(world(tmp_path)))
    assert result == Done("Not done: `alerting.actions` names no command and no workflow for it.", well=False)
    assert done(Action(name="create_incident_ticket"), deed(world(tmp_path))).text == (
        "Not done: `alerting.notify` has no `use: issue`."
    )
    assert done(Action(name="notify_cto"), deed(world(tmp_path))).text == 'Not done: `alerting.contacts` has no "cto".'


def test_whom_alertmanager_alone_tells_a_job_does_not_pretend_to(tmp_path: Path) -> None:
    it = deed(world(tmp_path), notify=(Step(use="issue"),), contacts={"cto": {"slack": "#cto"}})
    assert done(Action(name="notify_cto"), it) == Done(
        "Not done: `alerting.notify` has no way by which cto is told.", well=False
    )


@pytest.mark.parametrize(
    ("action", "alerting", "would"),
    [
        (DISABLE, {"actions": hook("systemctl", "stop", "x")}, 'run ["systemctl","stop","x"] for at most 5 s'),
        (Action(workflow="a.yml"), {}, "start the workflow a.yml on the default branch"),
        (DISABLE, {}, "nothing: `alerting.actions` names no command and no workflow for it"),
        (Action(name="notify_cto"), {"contacts": {"cto": {"slack": "#cto"}}, "notify": SLACK}, "tell cto"),
        (Action(name="collect_debug_logs"), {}, "collect what `doctor` says, the last reports and the end of the kern"),
    ],
)
def test_what_would_be_done_is_said_and_not_done(
    tmp_path: Path, action: Action, alerting: dict[str, Any], would: str
) -> None:
    assert actions.make_ready(action, deed(world(tmp_path), **alerting)).would.startswith(would)
    assert list(tmp_path.iterdir()) == []


def test_telling_somebody_is_left_to_the_messages_of_the_incident(tmp_path: Path) -> None:
    contacts = {"oncall": {"slack": "#oncall"}}
    it = deed(world(tmp_path), notify=(Step(use="issue"), *SLACK), contacts=contacts)
    assert done(Action(name="notify_oncall"), it) == Done("oncall was asked to look at it.", tells=("oncall",))
    assert done(Action(name="notify", inputs={"contact": "oncall"}), it).tells == ("oncall",)
    assert done(Action(name="create_incident_ticket"), it).tells == ("issue",)
    known = replace(INCIDENT, receipts={"issue octo/models": Receipt(ref="12", at=AT)})
    assert done(Action(name="create_incident_ticket"), it._replace(incident=known)).tells == ()
    later = done(Action(name="schedule_investigation", inputs={"days": "5", "contact": "oncall"}), it)
    assert later == Done("Somebody is to have looked into it by Monday, 9 March 2026.", tells=("oncall",))
    assert not done(Action(name="notify_oncall"), it._replace(incident=None)).well


def test_resources_are_told_in_a_sentence_and_a_file(tmp_path: Path) -> None:
    outside = world(tmp_path, root=Path("/"), sleep=lambda _: None)
    result = done(Action(name="check_resource_utilization"), deed(outside))
    assert result.well
    assert "memory free" in result.text
    assert "disk free" in result.text
    assert f"on {os.cpu_count()} cores" in result.text
    assert "host: memory free" in (tmp_path / "out/resources.txt").read_text()


def stat(folder: Path, number: int, name: str, ticks: int) -> None:
    place = folder / f"root/proc/{number}/stat"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"{number} ({name}) R 1 1 1 0 -1 4194304 5 0 0 0 {ticks} 0 0 0 20 0 1 0 9\n")


def test_the_busiest_processes_are_named_whatever_they_are_called(tmp_path: Path) -> None:
    stat(tmp_path, 7, "quiet", 100)
    stat(tmp_path, 8, "a) R ::x", 100)

    def sleep(_seconds: float) -> None:
        stat(tmp_path, 7, "quiet", 125)
        stat(tmp_path, 8, "a) R ::x", 175)

    done(Action(name="check_resource_utilization"), deed(world(tmp_path, sleep=sleep)))
    lines = (tmp_path / "out/resources.txt").read_text().splitlines()
    assert lines[-2:] == [
        "process 8 (a) R ::x): 75% of what all processes used",
        "process 7 (quiet): 25% of what all processes used",
    ]


def test_debug_logs_hold_no_secret_and_not_more_than_they_may(tmp_path: Path) -> None:
    env = {"GITHUB_TOKEN": "hunter2hunter2", "PAGERDUTY_P0": "R0123456789", "HOME": "/home/user"}

    def run(argv: Sequence[str], _stdin: bytes, _timeout: float, _env: Mapping[str, str] = NOTHING) -> Ran:
        if argv[0] == "dmesg":
            return Ran(status=1, stdout=b"", stderr=b"dmesg: read kernel buffer failed: Operation not permitted")
        words = b"token hunter2hunter2, key R0123456789, at https://u:pw12@host/x, ghp_" + b"a" * 30 + b" /home/user\n"
        return Ran(status=2, stdout=b"x" * 600_000 + b"\n" + words, stderr=b"")

    it = deed(world(tmp_path, run=run, env=env), contacts={"security_team": {"pagerduty": "PAGERDUTY_P0"}})
    result = done(Action(name="collect_debug_logs"), it)
    said = (tmp_path / "out/debug-logs.txt").read_text()
    assert result.well
    assert "token ***, key ***, at https://***@host/x, *** /home/user" in said
    assert "there are none" in said
    assert "Operation not permitted" in said
    assert said.startswith("[")
    assert len(said) < 530_000


def test_debug_logs_tell_what_the_last_reports_did_not_pass(tmp_path: Path) -> None:
    from edgetpu_ci import codec
    from edgetpu_ci.store import open_store

    def run(argv: Sequence[str], *_: object) -> Ran:
        return Ran(status=0, stdout=argv[0].encode(), stderr=b"")

    outside = world(tmp_path, run=run)
    report = reports.crashed()
    open_store(Config().store, outside).append("reports", report.run.id, codec.encode_json(report))
    done(Action(name="collect_debug_logs"), deed(outside))
    said = (tmp_path / "out/debug-logs.txt").read_text()
    assert report.run.id in said
    assert "SIGSEGV" in said


def test_secrets_are_known_by_name_by_the_configuration_and_by_their_shape() -> None:
    env = {"MY_API_KEY": "s3cret-value", "MONKEY": "not-a-secret", "SHORT_TOKEN": "abc", "HOOK": "https://h/x/y"}
    known = redaction.secrets(env, ["HOOK"])
    assert redaction.redacted("s3cret-value not-a-secret abc https://h/x/y", known) == "*** not-a-secret abc ***"
    within = redaction.secrets({"A_TOKEN": "secret", "B_TOKEN": "secret-and-more"})
    assert redaction.redacted("secret-and-more, secret", within) == "***, ***"
    env = dict.fromkeys(("DB_PASS", "MYSQL_PWD", "SOME_APIKEY"), "another-value") | {"OLDPWD": "/home/of/nobody"}
    assert redaction.redacted("another-value in /home/of/nobody", redaction.secrets(env)) == "*** in /home/of/nobody"
    assert redaction.redacted("Authorization: Bearer abc", ()) == "Authorization: ***"
    assert redaction.redacted("https://hooks.slack.com/services/T/B/x", ()) == "https://hooks.slack.com/***"


def test_a_workflow_is_started_on_the_default_branch(tmp_path: Path) -> None:
    with FakeGitHub() as github:
        action = Action(workflow="restart.yml", inputs={"incident": "$EDGETPU_CI_INCIDENT", "pool": "$(x)"})
        result = done(action, deed(at(github, tmp_path)))
        asked = github.requests[-1]
        assert github.violations == []
    repository = "/repos/octo/models"
    assert github.asked == [f"GET {repository}", f"POST {repository}/actions/workflows/restart.yml/dispatches"]
    sent = json.loads(asked.body)
    assert (sent["ref"], sent["inputs"]) == ("master", {"incident": f"{INCIDENT.key}-3", "pool": "$(x)"})
    assert result.text.startswith("The workflow restart.yml was started on master: https://github.com/")


@pytest.mark.parametrize(
    ("status", "message", "said"),
    [
        (422, "Workflow does not have 'workflow_dispatch' trigger", "give the workflow `on: workflow_dispatch` with"),
        (404, "Not Found", "check that this workflow is on the default branch"),
    ],
)
def test_a_workflow_that_cannot_be_started_says_what_to_do(
    tmp_path: Path, status: int, message: str, said: str
) -> None:
    with FakeGitHub() as github:
        github.before = lambda asked: github.fail(status, message=message) if asked.verb == "POST" else None
        result = done(Action(workflow="restart.yml"), deed(at(github, tmp_path)))
    assert not result.well
    assert said in result.text


def test_a_workflow_that_may_not_be_started_says_which_permission_is_missing(tmp_path: Path) -> None:
    with FakeGitHub(read_only=True) as github:
        result = done(Action(workflow="restart.yml"), deed(at(github, tmp_path)))
    assert not result.well
    assert "give the job `permissions: actions: write`" in result.text
