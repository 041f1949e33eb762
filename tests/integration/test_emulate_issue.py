"""`use: issue` against a GitHub that nobody here wrote."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgetpu_ci.alerting import acknowledgement
from edgetpu_ci.config import Step
from edgetpu_ci.incidents.record import Book, Incident, Kind, Receipt
from edgetpu_ci.notify import bind, issue
from edgetpu_ci.render import incident as render
from edgetpu_ci.world import World
from tests.fakes import actions, streak
from tests.fakes.emulate import Emulated, emulate
from tests.fakes.streak import REPO
from tests.fakes.world import world

STORY: tuple[tuple[Incident, Kind], ...] = (
    (streak.acknowledged(), "acknowledged"),
    (streak.resolved(), "resolved"),
)


@pytest.fixture
def github() -> Iterator[Emulated]:
    """The emulator, asked for nothing that GitHub's own description does not know."""
    with emulate() as emulated:
        yield emulated
        assert emulated.violations == []


def job(github: Emulated) -> World:
    return world(Path(), env={"GITHUB_REPOSITORY": REPO}, github=lambda: actions.connect(github.url, github.token))


def tell(github: Emulated, incident: Incident, kind: Kind = "opened", ref: str = "") -> str:
    return issue.tell(issue.Options(), streak.notice(incident, kind, ref=ref), job(github)).ref


def answers(github: Emulated, ref: str) -> list[tuple[str, str]]:
    """Who took it on or closed it, and how."""
    told = streak.opened(receipts={f"issue {REPO}": Receipt(ref=ref, at=streak.BEGAN)})
    found = acknowledgement.read(Book(incidents=(told,)), [bind(Step(use="issue"), "notify")], job(github))
    return [(answer.by, answer.how) for answer in found]


def test_an_incident_is_opened_taken_on_and_closed_when_it_is_over(github: Emulated) -> None:
    ref = tell(github, streak.opened())
    shown = github.issue(ref)
    assert shown["title"].startswith("[p0] build_failure_streak: ")
    assert {label["name"] for label in shown["labels"]} == {"incident", "severity: critical"}
    assert answers(github, ref) == []
    for incident, kind in STORY:
        assert tell(github, incident, kind, ref) == ref
    assert [shown.body.partition("\n")[2].partition(":")[0] for shown in github.comments(int(ref))] == [
        "👀 **Acknowledged",
        "✅ **Resolved",
    ]
    shown = github.issue(ref)
    assert (shown["state"], shown["state_reason"]) == ("closed", "completed")
    assert "acknowledged" in {label["name"] for label in shown["labels"]}
    assert shown["body"] == render.renewed(shown["body"], streak.resolved(), streak.CONTEXT)
    again = tell(github, streak.opened(number=2))
    assert f"\nBefore: #{ref}\n" in github.issue(again)["body"]


def test_ada_comments(github: Emulated) -> None:
    ref = tell(github, streak.opened())
    github.say(int(ref), "/ack, I am on it")
    assert answers(github, ref) == [("ada", f"a comment on #{ref}")]


def test_ada_labels_or_closes_it(github: Emulated) -> None:
    ref = tell(github, streak.opened())
    github.label(ref, "acknowledged")
    assert answers(github, ref) == [("ada", f"a label on #{ref}")]
    github.close(ref)
    assert answers(github, ref)[-1] == ("ada", f"closing #{ref}")


def test_three_jobs_at_once_leave_one_open_issue(github: Emulated) -> None:
    refs: list[str] = []
    threads = [threading.Thread(target=lambda: refs.append(tell(github, streak.opened()))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(refs)) == 1
    assert [str(one["number"]) for one in github.open_issues()] == refs[:1]
