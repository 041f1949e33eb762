"""Runbooks of incidents are done once: written down before, and after."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from edgetpu_ci.alerting import responding
from edgetpu_ci.alerting.responding import Hand
from edgetpu_ci.config import Config
from edgetpu_ci.config.alerting import Alerting, AlertRule, Permitted
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.incidents import responses
from edgetpu_ci.incidents.record import Book, Incident, Response
from edgetpu_ci.runbooks import reading
from edgetpu_ci.world import Ran, World
from tests.fakes import actions
from tests.fakes.world import AT, NOTHING, world
from tests.unit.test_runbook_actions import INCIDENT

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


class Kept:
    """A book that is changed in one step; `die` ends the job when something is done."""

    def __init__(self, *incidents: Incident) -> None:
        self.book = Book(incidents=incidents)

    def change(self, changed: Callable[[Book], Book]) -> Book:
        self.book = changed(self.book)
        return self.book

    @property
    def one(self) -> Incident:
        return self.book.incidents[0]


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


def hand(outside: World, *, silent: bool = False) -> Hand:
    (outside.cwd / "runbooks").mkdir(exist_ok=True)
    (outside.cwd / "runbooks/errors.md").write_text(RUNBOOK)
    alerting = Alerting(actions=HOOKS, contacts={"oncall": {"slack": "#oncall"}})
    settings = Config(alerting=alerting)
    return Hand(settings, Path("edgetpu-ci.yml"), outside.cwd / "out", outside, RULES, silent=lambda _: silent)


def job(folder: Path, done: Done, name: str = "one", minutes: int = 0) -> World:
    return world(folder, run=done.run, token=lambda: name, now=lambda: AT + timedelta(minutes=minutes))


def test_what_is_automatic_is_done_once_and_said(tmp_path: Path) -> None:
    done, kept = Done(), Kept(INCIDENT)
    responding.respond(hand(job(tmp_path, done)), kept.change)
    responding.respond(hand(job(tmp_path, done, "two", 60)), kept.change)
    assert done == ["stop"]
    assert [(one.action, one.well, one.ended) for one in kept.one.responses] == [
        ("stop", True, AT),
        ("notify_oncall", True, AT),
    ]
    file = tmp_path / "out/incidents/c0ffeec0-3/stop.txt"
    assert [(event.text, event.by) for event in kept.one.timeline] == [
        (f"stop: `stop` ended with status 0: as you wish ({file})", "runbook errors"),
        ("notify_oncall: oncall was asked to look at it.", "runbook errors"),
    ]
    assert [step.contact for step in kept.one.steps] == ["oncall"]
    assert kept.one.change == INCIDENT.change + 2


def test_nothing_is_done_of_what_is_over_or_silent_or_of_another_alert(tmp_path: Path) -> None:
    done = Done()
    over, other = replace(INCIDENT, resolved_at=AT), replace(INCIDENT, alerts=(replace(INCIDENT.alerts[0], rule="x"),))
    for kept, silent in ((Kept(over), False), (Kept(INCIDENT), True), (Kept(other), False)):
        responding.respond(hand(job(tmp_path, done), silent=silent), kept.change)
        assert kept.one.responses == ()
    assert done == []


def test_who_is_killed_in_an_action_has_not_it_done_twice(tmp_path: Path) -> None:
    done, kept = Done(), Kept(INCIDENT)
    done.die = True
    with pytest.raises(KeyboardInterrupt):
        responding.respond(hand(job(tmp_path, done)), kept.change)
    assert [(one.action, one.ended) for one in kept.one.responses] == [("stop", None), ("notify_oncall", None)]
    done.die = False
    responding.respond(hand(job(tmp_path, done, "two", 14)), kept.change)
    assert [one.ended for one in kept.one.responses] == [None, None]
    later = AT + timedelta(minutes=15)
    responding.respond(hand(job(tmp_path, done, "three", 15)), kept.change)
    assert done == ["stop"]
    assert [(one.action, one.well, one.ended, one.by) for one in kept.one.responses] == [
        ("stop", False, later, "one"),
        ("notify_oncall", True, later, "three"),
    ]
    assert "it is not done again" in kept.one.timeline[0].text


def test_of_two_jobs_one_does_it(tmp_path: Path) -> None:
    done, kept = Done(), Kept(INCIDENT)

    def beside(changed: Callable[[Book], Book]) -> Book:
        if not done:
            responding.respond(hand(job(tmp_path, done, "first")), kept.change)
        return kept.change(changed)

    responding.respond(hand(job(tmp_path, done, "second")), beside)
    assert done == ["stop"]
    assert {one.by for one in kept.one.responses} == {"first"}


@pytest.mark.parametrize(
    ("name", "payload", "acts"),
    [
        ("push", {"repository": actions.repository(1) | {"default_branch": "main"}}, True),
        ("pull_request", actions.pull_request(), False),
    ],
)
def test_what_is_not_reviewed_yet_has_nothing_done(
    tmp_path: Path, name: str, payload: dict[str, Any], *, acts: bool
) -> None:
    done, kept = Done(), Kept(INCIDENT)
    outside = actions.job(tmp_path, name, payload, run=done.run, env={"GITHUB_REF_NAME": "main"})
    responding.respond(hand(outside), kept.change)
    assert done == (["stop"] if acts else [])


def test_by_hand_an_action_is_done_as_often_as_somebody_asks(tmp_path: Path) -> None:
    done, kept = Done(), Kept(INCIDENT)
    it = hand(job(tmp_path, done))
    runbook = reading.load(it.settings.alerting, tmp_path)["errors"]
    for _ in range(2):
        responding.by_hand(it, runbook, responding.find(runbook, "start"), kept.one, kept.change)
    assert done == ["start", "start"]
    assert len(kept.one.responses) == 1
    assert len(kept.one.timeline) == 2
    assert responding.by_hand(it, runbook, responding.find(runbook, "start"), None, kept.change).well
    with pytest.raises(ConfigError, match='has no action "begin"; it has: stop, notify_oncall, start'):
        responding.find(runbook, "begin")


def test_an_incident_that_is_gone_meanwhile_stays_gone() -> None:
    book = Book()
    begun = Response(runbook="errors", action="stop", by="one", began=AT)
    assert responses.finish(book, INCIDENT, begun) == book
