"""Runbooks of incidents are done once: written down before, and after."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from edgetpu_ci import cli
from edgetpu_ci.alerting import evaluating, keeper, responding
from edgetpu_ci.alerting.reaching import Reaching
from edgetpu_ci.alerting.responding import Hand
from edgetpu_ci.config import Config
from edgetpu_ci.config.alerting import Alerting, AlertRule, Permitted, Silence
from edgetpu_ci.config.step import Step as Way
from edgetpu_ci.errors import ConfigError, DeliveryError
from edgetpu_ci.incidents import responses
from edgetpu_ci.incidents.record import Book, Incident, Response, Step
from edgetpu_ci.runbooks import reading
from edgetpu_ci.world import Ran, World
from tests.fakes import actions
from tests.fakes.world import AT, NOTHING, world
from tests.unit.test_runbook_actions import INCIDENT

WAYS = (Way(use="webhook"),)
RULES = (AlertRule(name="high_error_rate", match="*/error_rate_percent", above=5, runbook="errors"),)
RUNBOOK = """\
---
actions:
  - {name: stop, auto: true}
  - {name: notify_oncall, auto: true}
  - {name: start}
---
# Errors
"""
HOOKS = {"stop": Permitted(command=("stop",)), "start": Permitted(command=("start",))}


class Told(NamedTuple):
    """The part of a bound notifier that says where."""

    address: Callable[[dict[str, str], str], str]


class Done(list[str]):
    """The commands that were run, and the world in which they are."""

    die = False

    def run(self, argv: Sequence[str], _in: bytes, _timeout: float, _env: Mapping[str, str] = NOTHING) -> Ran:
        if argv[0] == "git":
            return Ran(status=128, stdout=b"", stderr=b"fatal: not a git repository")
        self.append(argv[0])
        if self.die:
            raise KeyboardInterrupt
        return Ran(status=0, stdout=b"as you wish\n", stderr=b"")


def hand(outside: World, *incidents: Incident, silent: bool = False, ways: tuple[Way, ...] = WAYS) -> Hand:
    """With a book of these incidents, where any are given."""
    (outside.cwd / "runbooks").mkdir(exist_ok=True)
    (outside.cwd / "runbooks/errors.md").write_text(RUNBOOK)
    mute = (Silence(reason="tests", until=AT + timedelta(days=1)),) if silent else ()
    contacts = {"oncall": {"webhook": "ONCALL"}}
    alerting = Alerting(actions=HOOKS, notify=ways, contacts=contacts, rules=RULES, silences=mute)
    it = responding.hand(Config(alerting=alerting), outside.cwd / "out", outside)
    if incidents:
        keeper.change(it.watch.store, lambda _: Book(incidents=incidents), outside)
    return it


def one(it: Hand) -> Incident:
    return keeper.load(it.watch.store).incidents[0]


def job(folder: Path, done: Done, name: str = "one", minutes: int = 0) -> World:
    return world(folder, run=done.run, token=lambda: name, now=lambda: AT + timedelta(minutes=minutes))


def test_what_is_automatic_is_done_once_and_said(tmp_path: Path) -> None:
    done = Done()
    first = hand(job(tmp_path, done), INCIDENT)
    first.respond()
    hand(job(tmp_path, done, "two", 60)).respond()
    assert done == ["stop"]
    known = one(first)
    assert [(one.action, one.well, one.ended) for one in known.responses] == [
        ("stop", True, AT),
        ("notify_oncall", True, AT),
    ]
    file = tmp_path / "out/incidents/c0ffeec0-3/stop.txt"
    assert [(event.text, event.by) for event in known.timeline] == [
        (f"stop: `stop` ended with status 0: as you wish ({file})", "runbook errors"),
        ("notify_oncall: oncall was asked to look at it.", "runbook errors"),
    ]
    assert [step.contact for step in known.steps] == ["oncall"]
    assert known.change == INCIDENT.change + 2


def test_nothing_is_done_of_what_is_over_or_silent_or_of_another_alert(tmp_path: Path) -> None:
    done = Done()
    over, other = replace(INCIDENT, resolved_at=AT), replace(INCIDENT, alerts=(replace(INCIDENT.alerts[0], rule="x"),))
    for incident, silent in ((over, False), (INCIDENT, True), (other, False)):
        it = hand(job(tmp_path, done), incident, silent=silent)
        assert it.respond() == []
        assert one(it).responses == ()
    assert done == []


def test_who_is_killed_in_an_action_has_not_it_done_twice(tmp_path: Path) -> None:
    done = Done()
    done.die = True
    it = hand(job(tmp_path, done), INCIDENT)
    with pytest.raises(KeyboardInterrupt):
        it.respond()
    assert [(one.action, one.ended) for one in one(it).responses] == [("stop", None), ("notify_oncall", None)]
    done.die = False
    hand(job(tmp_path, done, "two", 14)).respond()
    assert [one.ended for one in one(it).responses] == [None, None]
    hand(job(tmp_path, done, "three", 15)).respond()
    later = AT + timedelta(minutes=15)
    assert done == ["stop"]
    assert [(one.action, one.well, one.ended, one.by) for one in one(it).responses] == [
        ("stop", False, later, "one"),
        ("notify_oncall", True, later, "three"),
    ]
    assert "it is not done again" in one(it).timeline[0].text


def test_what_goes_wrong_before_and_after_is_said_once(tmp_path: Path) -> None:
    told = evaluating.Told((), (), (), (), (DeliveryError("Slack did not answer."),))
    again = told._replace(problems=(DeliveryError("Slack did not answer."), DeliveryError("Nor did GitHub.")))
    watch = SimpleNamespace(evaluate=lambda: again)
    acting = SimpleNamespace(world=world(tmp_path), respond=lambda: ["done"], watch=watch)
    found = responding.follow(told, acting)  # type: ignore[arg-type]
    assert [str(problem) for problem in found.problems] == ["Slack did not answer.", "Nor did GitHub."]


def test_of_two_jobs_one_does_it() -> None:
    def wanted(job: str) -> responses.Wanted:
        return responses.Wanted("errors", "stop", job, timedelta(minutes=10), repeatable=True)

    book = responses.begin(Book(incidents=(INCIDENT,)), lambda _: [wanted("one")], AT)
    later = responses.begin(book, lambda _: [wanted("two")], AT + timedelta(minutes=14))
    assert [one.by for _, one in responses.mine(later, "one")] == ["one"]
    assert list(responses.mine(later, "two")) == []


@pytest.mark.parametrize(
    ("name", "payload", "branch", "acts"),
    [
        ("push", {"repository": actions.repository(1) | {"default_branch": "main"}}, "main", True),
        ("push", {"repository": actions.repository(1) | {"default_branch": "main"}}, "mine", False),
        ("pull_request", actions.pull_request(), "main", False),
    ],
)
def test_what_is_not_reviewed_yet_has_nothing_done(
    tmp_path: Path, name: str, payload: dict[str, Any], branch: str, *, acts: bool
) -> None:
    done = Done()
    outside = actions.job(tmp_path, name, payload, run=done.run, env={"GITHUB_REF": f"refs/heads/{branch}"})
    told = responding.follow(evaluating.Told((), (), (), (), ()), hand(outside, INCIDENT, ways=()))
    assert done == (["stop"] if acts else [])
    assert told.problems == ()


def test_by_hand_an_action_is_done_as_often_as_somebody_asks(tmp_path: Path) -> None:
    done = Done()
    it = hand(job(tmp_path, done), INCIDENT)
    runbook = reading.load(it.settings.alerting, tmp_path)["errors"]
    for _ in range(2):
        it.ask(runbook, responding.find(runbook, "start"), "c0ffee")
    assert done == ["start", "start"]
    assert (len(one(it).responses), len(one(it).timeline)) == (1, 2)
    assert it.ask(runbook, responding.find(runbook, "start"), "").well
    assert not it.ask(runbook, responding.find(runbook, "notify_oncall"), "").well
    with pytest.raises(ConfigError, match='has no action "begin"; it has: stop, notify_oncall, start'):
        responding.find(runbook, "begin")
    with pytest.raises(ConfigError, match='No incident is called "beef"'):
        it.ask(runbook, responding.find(runbook, "start"), "beef")


def test_an_incident_that_is_gone_meanwhile_stays_gone() -> None:
    begun = Response(runbook="errors", action="stop", by="one", began=AT)
    assert responses.finish(Book(), INCIDENT, begun) == Book()


DOCUMENT = """\
alerting:
  rules: [{name: error_rate, match: "*/error_rate_percent", above: 1, runbook: errors}]
  actions: {stop: {command: [echo, stopped]}, start: {command: ["false"]}}
  contacts: {oncall: {webhook: ONCALL}}
  notify: [{use: webhook, with: {secret: HOOK_SECRET}}]
  routing: {warning: [webhook]}
"""


def test_the_verb_lists_checks_and_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        status = cli.run(["runbook", *arguments])
        said = capsys.readouterr()
        return status, said.out + said.err

    monkeypatch.chdir(tmp_path)
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks/errors.md").write_text(RUNBOOK)
    (tmp_path / "edgetpu-ci.yml").write_text(DOCUMENT)
    status, said = run("check")
    assert (status, said.splitlines()[0]) == (0, "1 runbooks for 1 alerts: nothing is missing.")
    assert run("list")[1].startswith("errors  Errors\n  for   alerts that name it\n  auto  stop  As `alerting.actions`")
    assert run("run", "errors", "--action", "stop") == (
        0,
        "did   stop  `echo` ended with status 0: stopped\n      edgetpu-ci-report/incidents/none/stop.txt\n",
    )
    assert run("run", "errors", "--action", "start")[0] == 1
    status, said = run("run", "errors", "--dry-run")
    assert (status, said.splitlines()[0]) == (0, 'would  stop  run ["echo","stopped"] for at most 600 s')
    assert run("run", "eror") == (2, 'edgetpu-ci: No runbook is called "eror"; did you mean "errors"?\n')
    (tmp_path / "runbooks/errors.md").write_text("# Errors")
    (tmp_path / "edgetpu-ci.yml").write_text(DOCUMENT.replace("runbook: errors", "runbook: eror"))
    status, said = run("check")
    assert status == 1
    assert 'The alert error_rate names the runbook "eror", which is not there; did you mean "errors"?' in said


def test_a_ticket_is_opened_where_the_notifier_of_issues_says() -> None:
    def address(labels: dict[str, str], _channel: str) -> str:
        return labels["repo"]

    bound = {"issue": Told(address=address), "slack": Told(address=lambda _labels, _channel: "")}
    alerting = Alerting(contacts={"oncall": {"slack": "#oncall"}})
    reach = Reaching(alerting=alerting, rules=RULES, bound=bound, muted=())  # type: ignore[arg-type]
    asked = [Step(contact=name, due=AT, taken=AT) for name in ("issue", "oncall", "slack", "nobody")]
    one = replace(INCIDENT, alerts=(replace(INCIDENT.alerts[0], labels=INCIDENT.labels),))
    assert [reach.escalated(one, step) for step in asked] == [("issue octo/models",), ("slack #oncall",), (), ()]
