"""`use: issue`: an incident is one issue, up to date, whatever GitHub answers and whoever is killed."""

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from edgetpu_ci.alerting import acknowledgement
from edgetpu_ci.config import Step
from edgetpu_ci.errors import ConfigError, DeliveryError, DeniedError, LaterError
from edgetpu_ci.incidents.record import Acknowledged, Book, Incident, Kind, Receipt
from edgetpu_ci.notify import bind, issue
from edgetpu_ci.notify.issue import Options
from edgetpu_ci.render import incident as render
from edgetpu_ci.world import World
from tests.fakes import actions, streak
from tests.fakes.streak import KEY, REPO
from tests.fakes.tracker import Issue, Tracker
from tests.fakes.world import Said, world

PLACE = f"/repos/{REPO}"
LIST, CREATE, LABELS = f"GET {PLACE}/issues", f"POST {PLACE}/issues", f"GET {PLACE}/labels"
ONE, EDIT, COMMENT = f"GET {PLACE}/issues/1", f"PATCH {PLACE}/issues/1", f"POST {PLACE}/issues/1/comments"


@pytest.fixture
def github() -> Iterator[Tracker]:
    """A GitHub whose description every request keeps to."""
    with Tracker() as fake:
        yield fake
        assert fake.violations == []


def job(asked: Tracker, **parts: Any) -> World:
    """A job that does not really sleep."""
    known = {
        "env": {"GITHUB_REPOSITORY": REPO},
        "sleep": lambda _seconds: None,
        "github": lambda: actions.connect(asked.url, asked.token),
        "cwd": Path(),
    }
    return world(**{**known, **parts})


def tell(github: Tracker, incident: Incident, kind: Kind = "opened", **parts: Any) -> Receipt:
    options = parts.pop("options", Options())
    known = job(github, **parts.pop("world", {}))
    return issue.tell(options, streak.notice(incident, kind, **parts), known)


def comments(github: Tracker, number: int = 1) -> list[str]:
    """What is said below an issue, without what nobody sees."""
    return [comment.body.partition("\n")[2] for comment in github.comments(number)]


def only(github: Tracker) -> Issue:
    (one,) = github.issues.values()
    return one


def test_an_incident_is_opened_with_labels_that_are_made_where_they_are_missing(github: Tracker) -> None:
    github.labels = ["bug"]
    receipt = tell(github, streak.opened())
    assert (receipt.ref, receipt.said) == ("1", 1)
    assert only(github).title == "[p0] build_failure_streak: ci.yml failed 4 times in a row, more than 3"
    assert only(github).labels == ("incident", "severity: critical")
    assert only(github).body == render.issue(streak.opened(), streak.CONTEXT)
    assert github.labels == ["bug", "incident", "acknowledged", "severity: critical"]
    assert github.asked == [LIST, LABELS, *[f"POST {PLACE}/labels"] * 3, CREATE, LIST]


def test_with_labels_in_place_opening_takes_four_requests(github: Tracker) -> None:
    github.labels[1] = "Incident"
    tell(github, streak.opened())
    assert github.asked == [LIST, LABELS, CREATE, LIST]


def test_what_has_not_changed_takes_one_look(github: Tracker) -> None:
    tell(github, streak.opened())
    github.requests.clear()
    tell(github, streak.opened(), "updated", ref="1")
    assert github.asked == [ONE]


def test_news_edit_the_body_and_notify_only_of_what_people_must_hear(github: Tracker) -> None:
    tell(github, streak.opened())
    tell(github, streak.opened(priority="p1"), "updated", ref="1")
    assert comments(github) == []
    tell(github, streak.acknowledged(), "acknowledged", ref="1")
    assert comments(github) == ["👀 **Acknowledged:** a comment on #\u20601, ada"]
    assert "acknowledged" in only(github).labels
    assert "**👀 Acknowledged** by ada" in only(github).body
    github.requests.clear()
    tell(github, streak.resolved(), "resolved", ref="1")
    assert (only(github).state, only(github).reason) == ("closed", "completed")
    assert github.asked == [ONE, EDIT, COMMENT]


def test_a_new_incident_is_a_new_issue_that_names_the_one_before(github: Tracker) -> None:
    tell(github, streak.opened())
    tell(github, streak.resolved(), "resolved", ref="1")
    assert tell(github, streak.opened(number=2)).ref == "2"
    assert github.issues[1].state == "closed"
    assert "\nBefore: #1\n" in github.issues[2].body
    tell(github, streak.acknowledged(number=2), "acknowledged", ref="2")
    assert "\nBefore: #1\n" in github.issues[2].body


def test_an_incident_of_another_key_is_not_before_it(github: Tracker) -> None:
    tell(github, streak.opened(key="a" * 64))
    tell(github, streak.opened())
    assert "Before" not in github.issues[2].body


@pytest.mark.parametrize("perhaps", [True, False])
def test_a_job_that_was_killed_after_it_opened_one_opens_no_second(github: Tracker, *, perhaps: bool) -> None:
    tell(github, streak.opened())
    assert tell(github, streak.opened(), perhaps=perhaps).ref == "1"
    assert len(github.issues) == 1


class Killed(BaseException):
    """The job is no more."""


class Dying:
    """GitHub's client in a job that fails at one request: before it is sent, or, `late`, once GitHub did it."""

    def __init__(self, github: Tracker, ask: str, *, late: bool, error: type[BaseException] = Killed) -> None:
        self.requester = self
        self.ask, self.late, self.error = ask, late, error
        self._real = actions.connect(github.url, github.token).requester
        self.auth = self._real.auth

    def requestJson(self, verb: str, path: str, *rest: Any, **more: Any) -> Any:  # noqa: N802 - PyGithub's name
        """As PyGithub has it."""
        die = f"{verb} {path}" == self.ask
        if die:
            self.ask = ""
        if die and not self.late:
            raise self.error
        answer = self._real.requestJson(verb, path, *rest, **more)
        if die:
            raise self.error
        return answer


STORY: tuple[tuple[Incident, Kind], ...] = (
    (streak.opened(), "opened"),
    (streak.acknowledged(), "acknowledged"),
    (streak.resolved(), "resolved"),
)
ASKED = (LIST, LABELS, f"POST {PLACE}/labels", CREATE, ONE, EDIT, f"POST {PLACE}/issues/1/labels", COMMENT)


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("ask", ASKED)
def test_killed_at_any_request_the_next_run_says_all_of_it_once(github: Tracker, ask: str, *, late: bool) -> None:
    github.labels = ["bug"]
    dying = Dying(github, ask, late=late)
    ref = ""
    for incident, kind in STORY:
        try:
            ref = tell(github, incident, kind, ref=ref, world={"github": lambda: dying}).ref
        except Killed:
            ref = tell(github, incident, kind, ref=ref, perhaps=True).ref
    assert dying.ask == ""
    assert only(github).state == "closed"
    assert [said.partition(":")[0] for said in comments(github)] == ["👀 **Acknowledged", "✅ **Resolved"]


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_a_comment_whose_answer_is_lost_is_said_once(github: Tracker, *, late: bool) -> None:
    tell(github, streak.opened())
    lost = Dying(github, COMMENT, late=late, error=requests.ConnectionError)
    with pytest.raises(DeliveryError, match="did not answer POST"):
        tell(github, streak.acknowledged(), "acknowledged", ref="1", world={"github": lambda: lost})
    tell(github, streak.acknowledged(), "acknowledged", ref="1", perhaps=True)
    assert len(comments(github)) == 1


def test_an_issue_whose_answer_is_lost_is_opened_once(github: Tracker) -> None:
    lost = Dying(github, CREATE, late=True, error=requests.ConnectionError)
    assert tell(github, streak.opened(), world={"github": lambda: lost}).ref == "1"
    assert [one.state for one in github.issues.values()] == ["open", "closed"]


def test_jobs_that_look_at_the_same_moment_leave_one_issue(github: Tracker) -> None:
    together = threading.Barrier(3, timeout=10)
    github.before = lambda request: together.wait() if (request.verb, request.target) == _CREATED else None
    refs: list[str] = []

    def one_job() -> None:
        refs.append(tell(github, streak.opened()).ref)

    threads = [threading.Thread(target=one_job) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refs == ["1", "1", "1"]
    assert [(one.state, one.labels) for one in github.issues.values()] == [
        ("open", ("incident", "severity: critical")),
        ("closed", ()),
        ("closed", ()),
    ]
    assert github.issues[3].body == "Two jobs opened this at once: see #1."


_CREATED = ("POST", f"{PLACE}/issues")


def test_a_stranger_with_our_marker_and_label_does_not_get_our_words(github: Tracker) -> None:
    bait = github.open("mine", f"{render.marker(KEY, 1)}\nbait", author="mallory")
    assert tell(github, streak.opened()).ref == "2"
    assert github.issues[1] == bait
    assert "Before" not in github.issues[2].body


def test_an_issue_that_was_moved_or_deleted_is_opened_anew_while_it_goes_on(github: Tracker) -> None:
    tell(github, streak.opened())
    github.change(1, repository="acme/elsewhere", labels=())
    assert tell(github, streak.opened(), "updated", ref="1").ref == "2"
    del github.issues[2]
    assert tell(github, streak.opened(), "updated", ref="2").ref == "2"
    assert tell(github, streak.resolved(number=9), "resolved", ref="8").ref == ""


def test_an_issue_that_somebody_closed_stays_closed_and_up_to_date(github: Tracker) -> None:
    tell(github, streak.opened())
    github.close(1, "ada", "not_planned")
    tell(github, streak.resolved(), "resolved", ref="1")
    assert (only(github).state, only(github).reason) == ("closed", None)
    assert "**✅ Over**" in only(github).body


def test_somebody_to_be_called_is_mentioned_in_the_incidents_own_issue(github: Tracker) -> None:
    tell(github, streak.opened())
    told = streak.opened(timeline=(streak.event("escalated", streak.ESCALATED),))
    assert tell(github, told, "escalated", address="@acme/leads", text="cto").ref == "1"
    assert comments(github) == [f"@acme/leads 📣 **Escalated:** {streak.ESCALATED}"]
    for incident, kind in STORY[1:]:
        tell(github, incident, kind, address="@acme/leads", ref="1")
    assert len(comments(github)) == 1
    assert only(github).state == "closed"


def test_a_contact_may_have_a_repository_for_incidents(github: Tracker) -> None:
    tell(github, streak.opened(), address="acme/incidents")
    assert {request.target.partition("?")[0].split("/")[3] for request in github.requests} == {"incidents"}


def test_a_persons_token_opens_issues_under_the_persons_name(github: Tracker) -> None:
    github.token, github.login = "ghp_faketokenfaketokenfaketokenfaketoken", "ada"
    assert tell(github, streak.opened()).ref == tell(github, streak.opened(), "updated", ref="1").ref
    assert only(github).author == "ada"


def test_an_app_that_is_not_named_is_said(github: Tracker) -> None:
    github.login = "acme-ci[bot]"
    said = Said()
    tell(github, streak.opened(), world={"warn": said.append})
    assert said == ["warning: The token opens issues as acme-ci[bot]: set `author: acme-ci[bot]` under `use: issue`."]
    tell(github, streak.opened(number=2), options=Options(author="acme-ci[bot]"))
    assert len(github.issues) == 2


def test_a_repository_without_issues_is_said(github: Tracker) -> None:
    github.disabled = True
    with pytest.raises(DeniedError, match="acme/detector has no issues: switch them on in its settings"):
        tell(github, streak.opened())


def test_a_token_that_may_not_write_is_told_the_permission(github: Tracker) -> None:
    github.read_only = True
    with pytest.raises(DeniedError, match=r"answered 403 .* give the job `permissions: issues: write`"):
        tell(github, streak.opened())


def test_a_github_that_is_down_is_tried_again_by_the_next_run(github: Tracker) -> None:
    github.fail(502, times=4)
    with pytest.raises(DeliveryError, match=r"answered 502 .* the next run says it") as caught:
        tell(github, streak.opened())
    assert not isinstance(caught.value, DeniedError)
    assert tell(github, streak.opened()).ref == "1"


@pytest.mark.parametrize(("asked", "given"), [("120", 120), ("9" * 400, 86_400)], ids=["two minutes", "for ever"])
def test_a_github_that_asks_for_time_gets_it(github: Tracker, asked: str, given: float) -> None:
    github.fail(403, message="secondary rate limit", retry_after=asked)
    with pytest.raises(LaterError, match="the next run says it") as caught:
        tell(github, streak.opened())
    assert caught.value.seconds == given


def test_without_a_token_or_a_repository_nothing_could_be_said(github: Tracker) -> None:
    bound = bind(Step(use="issue"), "alerting.notify[0]")
    bound.check(job(github))
    with pytest.raises(ConfigError, match="is no repository"):
        bound.check(job(github, env={}))
    assert bound.address(streak.LABELS, "#dev") == REPO


def test_one_label_for_both_would_take_on_every_incident(github: Tracker) -> None:
    bound = bind(Step(use="issue", with_={"acknowledged": "Incident"}), "alerting.notify[0]")
    with pytest.raises(ConfigError, match="one name for"):
        bound.check(job(github))


def test_without_a_severity_there_are_two_labels(github: Tracker) -> None:
    github.labels.clear()
    tell(github, streak.opened(), options=Options(severity=""))
    assert only(github).labels == ("incident",)
    assert github.labels == ["incident", "acknowledged"]


def test_words_that_people_put_around_ours_do_not_hide_it(github: Tracker) -> None:
    tell(github, streak.opened())
    github.change(1, body=f"Ada is on it.\n\n{only(github).body}")
    assert tell(github, streak.acknowledged(), "acknowledged", perhaps=True).ref == "1"
    assert only(github).body.startswith("Ada is on it.\n\n<!-- edgetpu-ci:incident")
    github.change(1, body="All of it is said in the chat.")
    assert tell(github, streak.resolved(), "resolved", ref="1").ref == "1"
    assert (only(github).body, only(github).state) == ("All of it is said in the chat.", "closed")


@pytest.mark.parametrize("name", ["", "a,b", " x", "x" * 51])
def test_what_can_be_no_label_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="label"):
        bind(Step(use="issue", with_={"label": name}), "alerting.notify[0]")


def book(**parts: Any) -> Book:
    """An open incident that issue 1 tells of."""
    told = streak.opened(**parts)
    receipt = Receipt(ref="1", at=told.opened_at)
    return Book(incidents=(streak.opened(**parts, receipts={f"issue {REPO}": receipt}),))


def answers(github: Tracker, kept: Book | None = None) -> list[tuple[str, str, str]]:
    """Who, how, and the reason of one who closed it."""
    bound = [bind(Step(use="issue"), "alerting.notify[0]")]
    found = acknowledgement.read(kept or book(), bound, job(github))
    assert {(one.key, one.number) for one in found} <= {(KEY, 1)}
    return [(one.by, one.how, one.over) for one in found]


@pytest.fixture
def told(github: Tracker) -> Tracker:
    """With the issue of an open incident, and ada and bob who may write."""
    tell(github, streak.opened())
    github.permissions |= {"ada": "write", "bob": "admin", "eve": "read"}
    github.requests.clear()
    return github


def test_an_issue_on_which_nothing_happened_costs_one_list(told: Tracker) -> None:
    assert answers(told) == []
    assert told.asked == [LIST]


def test_where_nothing_is_open_nobody_is_asked(told: Tracker) -> None:
    assert answers(told, Book(incidents=(streak.resolved(),))) == []
    assert answers(told, Book(incidents=(streak.opened(),))) == []
    assert told.asked == []


@pytest.mark.parametrize("text", ["/ack", "/acknowledge", " /ACK on it", "/ack\n\nlooking", "/acknowledge: mine"])
def test_a_comment_of_somebody_who_may_write_acknowledges(told: Tracker, text: str) -> None:
    told.comment(1, text, "ada")
    told.comment(1, "/ack", "bob")
    assert answers(told) == [("ada", "a comment on #1", "")]
    assert told.asked == [LIST, f"{ONE}/timeline", f"GET {PLACE}/collaborators/ada/permission"]


@pytest.mark.parametrize(
    ("text", "login"),
    [
        ("/ack", "eve"),
        ("/ack", "mallory"),
        ("/acknowledged", "ada"),
        ("please /ack", "ada"),
        ("ack", "ada"),
        ("", "ada"),
    ],
)
def test_other_words_and_other_people_acknowledge_nothing(told: Tracker, text: str, login: str) -> None:
    told.comment(1, text, login)
    assert answers(told) == []


def test_a_crowd_of_strangers_costs_few_requests_and_hides_nobody(told: Tracker) -> None:
    for number in range(40):
        told.comment(1, "/ack", f"stranger-{number}")
    told.comment(1, "/ack", "ada", "MEMBER")
    assert answers(told) == [("ada", "a comment on #1", "")]
    assert len(told.requests) == 2 + 10 + 1


def test_the_label_acknowledges_and_taken_off_does_not(told: Tracker) -> None:
    told.label(1, "acknowledged", "ada")
    assert answers(told) == [("ada", "a label on #1", "")]
    told.label(1, "acknowledged", "ada", event="unlabeled")
    assert answers(told) == []


def test_the_first_of_label_and_comment_comes_first(told: Tracker) -> None:
    told.comment(1, "/ack", "bob")
    told.label(1, "acknowledged", "ada")
    assert answers(told) == [("bob", "a comment on #1", ""), ("ada", "a label on #1", "")]


def test_programs_take_care_of_nothing(told: Tracker) -> None:
    told.label(1, "acknowledged", "labeler[bot]")
    told.comment(1, "/ack", "helpful[bot]")
    told.close(1, "stale[bot]", "not_planned")
    assert answers(told) == []


def test_whoever_closes_the_issue_closes_the_incident_with_their_words(told: Tracker) -> None:
    told.comment(1, "we know about this", "ada")
    told.at += timedelta(hours=1)
    told.comment(1, "false alarm,\nthe runner was full", "ada")
    told.close(1, "ada", "not_planned")
    assert answers(told) == [("ada", "closing #1", "not planned: false alarm, the runner was full")]


def test_of_a_speech_that_closes_an_issue_the_beginning_is_kept(told: Tracker) -> None:
    told.comment(1, "x" * 9_000, "ada")
    told.close(1, "ada", "not_planned")
    assert [len(over) for _by, _how, over in answers(told)] == [200]


def test_an_acknowledged_incident_can_still_be_closed_and_reopening_undoes_it(told: Tracker) -> None:
    taken = book(acknowledged_at=streak.BEGAN, acknowledged_by="bob")
    told.label(1, "acknowledged", "ada")
    assert answers(told, taken) == []
    assert told.asked == [LIST]
    told.close(1, "ada")
    assert answers(told, taken) == [("ada", "closing #1", "completed")]
    told.close(1, "ada", event="reopened")
    assert answers(told, taken) == []


def test_what_we_said_ourselves_acknowledges_nothing(told: Tracker) -> None:
    tell(told, streak.acknowledged(), "acknowledged", ref="1")
    tell(told, streak.resolved(), "resolved", ref="1")
    assert answers(told) == []


def test_a_service_that_does_not_tell_costs_only_its_own_answers(told: Tracker) -> None:
    at = streak.BEGAN
    other = Acknowledged(key=KEY, number=1, by="carol", at=at, how="a silence")
    bound = bind(Step(use="issue"), "alerting.notify[0]")
    second = bound._replace(use="other", answers=saying([other]))
    told.fail(500, times=4)
    said = Said()
    assert acknowledgement.read(book(), [bound, second], job(told, warn=said.append)) == (other,)
    assert said[0].startswith("warning: Who acknowledged what is not known from issue: GitHub answered 500")


def saying(told: Sequence[Acknowledged]) -> Callable[[Sequence[Incident], World], Sequence[Acknowledged]]:
    """A service that knows this."""
    return lambda _incidents, _world: told


def test_what_several_services_tell_is_in_the_order_in_which_it_was_said(github: Tracker) -> None:
    def answer(by: str, minutes: int, over: str = "") -> Acknowledged:
        at = streak.BEGAN + timedelta(minutes=minutes)
        return Acknowledged(key=KEY, number=1, by=by, at=at, how="somewhere", over=over)

    here = [answer("bob", 9), answer("bob", 20, "fixed")]
    there = [answer("ada", 7), answer("ada", 30, "false alarm")]
    bound = bind(Step(use="issue"), "alerting.notify[0]")
    services = [bound._replace(answers=saying(told)) for told in (here, there)]
    for ordered in (services, services[::-1]):
        found = acknowledgement.read(book(), ordered, job(github))
        said = [(one.by, one.over) for one in found]
        assert said == [("ada", ""), ("bob", ""), ("bob", "fixed"), ("ada", "false alarm")]
