"""What is to be said of incidents: nothing lost that somebody must hear, nothing needless, in order, by one job."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from edgetpu_ci.incidents import intents
from edgetpu_ci.incidents.intents import LEASE, Claim
from edgetpu_ci.incidents.record import Book, Event, Incident, Intent, Kind, Receipt, Step
from tests.fakes.incidents import KEY, NOW, Reached, acknowledged, changed, escalated, incident, resolved

BY = Claim(holder="job")
EMPTY = Book()


def step(before: Book, change: Callable[[Incident], Incident], reach: Reached | None = None) -> Book:
    return intents.plan(before, changed(before, KEY, change), reach or Reached(), NOW)


def opened(reach: Reached | None = None) -> Book:
    return intents.plan(EMPTY, Book(incidents=(incident(),)), reach or Reached(), NOW)


def same(one: Incident) -> Incident:
    return one


def waiting(book: Book) -> list[tuple[Kind, str]]:
    return [(one.kind, one.target) for one in book.outbox]


def say(book: Book, now: datetime = NOW) -> Book:
    """A job that says all it may."""
    while held := intents.held(book := intents.claim(book, BY, now), BY.holder):
        current = next(one for one in book.incidents if one.number == held[0].number)
        book = intents.said(book, held[0], Receipt(ref="17", at=now, said=current.change))
    return book


def test_what_opens_is_said_everywhere_once_and_then_only_what_becomes_of_it() -> None:
    book = opened()
    assert waiting(book) == [("opened", "slack #dev"), ("opened", "pagerduty P0")]
    assert [one.id for one in book.outbox] == [f"{KEY}/1/1/slack #dev", f"{KEY}/1/1/pagerduty P0"]
    assert intents.plan(book, book, Reached(), NOW) == book
    told = say(book)
    assert waiting(told) == []
    assert intents.plan(told, told, Reached(), NOW).outbox == ()
    assert waiting(step(told, acknowledged)) == [("acknowledged", "slack #dev"), ("acknowledged", "pagerduty P0")]


def test_what_was_over_before_anybody_heard_of_it_is_not_said() -> None:
    book = step(step(opened(), same), resolved)
    assert waiting(book) == []
    assert intents.is_settled(book, book.incidents[0], Reached(), NOW)


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ([same, same, same], ["updated"]),
        ([same, acknowledged], ["acknowledged"]),
        ([acknowledged, same], ["acknowledged"]),
        ([same, acknowledged, resolved], ["resolved"]),
        ([escalated, same], ["escalated"]),
    ],
)
def test_what_waits_becomes_one(changes: list[Callable[[Incident], Incident]], left: list[Kind]) -> None:
    reach = Reached(places=("slack @cto",))
    book = say(opened(reach))
    for change in changes:
        book = step(book, change, reach)
    assert [kind for kind, _ in waiting(book)] == left


def test_what_was_taken_on_in_a_silence_calls_nobody_when_it_ends() -> None:
    silent = step(opened(Reached(silent=True)), acknowledged, Reached(silent=True))
    book = intents.plan(silent, silent, Reached(places=("pagerduty P0",)), NOW)
    assert waiting(book) == [("opened", "pagerduty P0"), ("acknowledged", "pagerduty P0")]
    assert len({one.id for one in book.outbox}) == 2
    reach = Reached(places=("pagerduty P0",))
    assert intents.plan(book, book, reach, NOW) == book
    told = say(book)
    assert intents.plan(told, told, reach, NOW).outbox == ()
    assert waiting(step(book, resolved, reach)) == []


def test_a_page_that_waits_is_sent_before_it_is_acknowledged() -> None:
    assert [kind for kind, target in waiting(step(opened(), acknowledged)) if target == "pagerduty P0"] == [
        "opened",
        "acknowledged",
    ]


def test_what_a_job_says_now_stays_and_what_follows_waits_for_it() -> None:
    reach = Reached(places=("pagerduty P0",))
    taken = intents.claim(opened(reach), BY, NOW)
    book = step(taken, resolved, reach)
    assert [kind for kind, _ in waiting(book)] == ["opened", "resolved"]
    assert intents.claim(book, Claim(holder="other"), NOW) == book
    said = intents.said(book, book.outbox[0], Receipt(ref="17", at=NOW, said=1))
    assert [one.kind for one in intents.held(intents.claim(said, BY, NOW), "job")] == ["resolved"]


def test_of_a_job_that_died_another_says_it_again_and_knows_that_it_may_have_been_heard() -> None:
    book = intents.claim(opened(), BY, NOW)
    other = Claim(holder="other")
    assert intents.held(intents.claim(book, other, NOW + LEASE - timedelta(seconds=1)), "other") == []
    again = intents.held(intents.claim(book, other, NOW + LEASE), "other")
    assert [(one.id, one.tries) for one in again] == [(one.id, 2) for one in book.outbox]


def test_what_a_job_that_died_may_have_opened_is_closed_when_it_is_over() -> None:
    reach = Reached(places=("pagerduty P0",))
    book = intents.claim(opened(reach), BY, NOW)
    late = NOW + LEASE
    over = intents.plan(book, changed(book, KEY, resolved), reach, late)
    assert [(one.kind, one.tries) for one in over.outbox] == [("resolved", 1)]


def test_a_clock_that_was_a_year_ahead_holds_nothing_for_a_year() -> None:
    book = intents.claim(opened(), BY, NOW + timedelta(days=365))
    assert len(intents.held(intents.claim(book, Claim(holder="other"), NOW), "other")) == 2


def test_what_a_service_has_no_time_for_waits_and_holds_up_its_row_only() -> None:
    book = intents.claim(opened(), BY, NOW)
    until = NOW + timedelta(minutes=20)
    book = intents.released(book, book.outbox[0], "not reached", until)
    assert [one.target for one in intents.held(intents.claim(book, BY, until - LEASE), "job")] == ["pagerduty P0"]
    assert len(intents.held(intents.claim(book, BY, until), "job")) == 2


def test_that_something_is_over_is_not_said_for_ever() -> None:
    book = intents.claim(opened(), BY, NOW)
    for one in book.outbox:
        book = intents.released(book, one, "not reached")
    over = step(book, resolved)
    ended = NOW + timedelta(hours=1)
    for now, waits in ((ended + intents.LATE, 2), (ended + intents.LATE + timedelta(seconds=1), 0)):
        late = intents.plan(over, over, Reached(), now)
        assert len(late.outbox) == waits
        assert intents.is_settled(late, late.incidents[0], Reached(), now) == (waits == 0)


def test_what_was_refused_is_tried_with_another_configuration_or_a_day_later_and_stands_on_the_timeline() -> None:
    book = intents.claim(opened(), Claim(holder="job", configured="a"), NOW)
    event = Event(at=NOW, kind="updated", text="slack #dev refused to be told")
    book = intents.refused(book, book.outbox[0], event, "a")
    assert book.incidents[0].timeline[-1] == event
    assert (book.outbox[0].trouble, book.outbox[0].tries) == ("refused", 0)

    def taken(configured: str, after: timedelta) -> list[str]:
        claimed = intents.claim(book, Claim(holder="next", configured=configured), NOW + after)
        return [one.target for one in intents.held(claimed, "next")]

    assert taken("a", timedelta(minutes=1)) == []
    assert taken("b", timedelta(minutes=1)) == ["slack #dev"]
    assert "slack #dev" in taken("a", timedelta(days=1))
    again = intents.refused(intents.claim(book, BY, NOW + timedelta(days=1)), book.outbox[0], event, "")
    assert again.incidents[0].timeline.count(event) == 1


def test_while_silenced_nothing_is_said_and_afterwards_what_still_stands() -> None:
    silent = Reached(silent=True)
    book = intents.plan(opened(), Book(incidents=(incident(),)), silent, NOW)
    assert waiting(book) == []
    assert [kind for kind, _ in waiting(intents.plan(book, book, Reached(), NOW))] == ["opened", "opened"]
    told = say(opened())
    over = intents.plan(told, changed(told, KEY, resolved), silent, NOW)
    assert waiting(over) == []
    assert not intents.is_settled(over, over.incidents[0], silent, NOW)
    assert [kind for kind, _ in waiting(intents.plan(over, over, Reached(), NOW))] == ["resolved", "resolved"]


def test_whom_a_runbook_tells_hears_that_it_began_and_nobody_that_it_escalated() -> None:
    def asked(one: Incident) -> Incident:
        return replace(escalated(one), steps=(Step(contact="cto", due=NOW, taken=NOW),))

    book = step(say(opened()), asked)
    assert waiting(book) == [("updated", "slack #dev"), ("updated", "pagerduty P0"), ("opened", "slack @cto")]
    assert {one.text for one in book.outbox} == {""}


def test_who_took_it_on_during_a_silence_is_told_as_that_when_it_ends() -> None:
    told = say(opened())
    taken = intents.plan(told, changed(told, KEY, acknowledged), Reached(silent=True), NOW)
    assert [kind for kind, _ in waiting(intents.plan(taken, taken, Reached(), NOW))] == ["acknowledged"] * 2
    later = say(intents.plan(taken, taken, Reached(), NOW))
    assert [kind for kind, _ in waiting(step(later, same))] == ["updated", "updated"]


def test_a_silence_does_not_forget_what_may_have_been_heard() -> None:
    begun = intents.claim(opened(), BY, NOW)
    begun = intents.released(begun, begun.outbox[0], "not reached")
    silent = intents.plan(begun, begun, Reached(silent=True), NOW + LEASE)
    assert [one.tries for one in silent.outbox] == [1, 1]
    over = changed(silent, KEY, resolved)
    assert [(one.kind, one.tries) for one in intents.plan(silent, over, Reached(), NOW + LEASE).outbox] == [
        ("resolved", 1),
        ("resolved", 1),
    ]


def test_an_update_that_was_said_with_what_came_before_it_is_not_said_again() -> None:
    reach = Reached(places=("pagerduty P0",))
    book = step(intents.claim(opened(reach), BY, NOW), same, reach)
    assert [kind for kind, _ in waiting(book)] == ["opened", "updated"]
    assert waiting(intents.said(book, book.outbox[0], Receipt(ref="17", at=NOW, said=1))) == [
        ("updated", "pagerduty P0")
    ]
    assert waiting(intents.said(book, book.outbox[0], Receipt(ref="17", at=NOW, said=2))) == []


def test_who_writes_down_late_takes_nothing_back() -> None:
    reach = Reached(places=("pagerduty P0",))
    slow = intents.claim(opened(reach), BY, NOW)
    other = intents.claim(slow, Claim(holder="other"), NOW + LEASE)
    assert intents.released(other, slow.outbox[0], "not reached") == other
    told = intents.said(other, other.outbox[0], Receipt(ref="18", at=NOW, said=2))
    assert intents.said(told, slow.outbox[0], Receipt(ref="17", at=NOW, said=1)) == told


def test_a_place_that_is_configured_no_more_is_not_waited_for() -> None:
    gone = Reached(gone=frozenset({"slack #dev"}))
    told = say(opened())
    over = intents.plan(told, changed(told, KEY, resolved), gone, NOW)
    assert waiting(over) == [("resolved", "pagerduty P0")]
    done = say(over)
    assert intents.is_settled(done, done.incidents[0], gone, NOW)


def test_escalation_reaches_who_had_not_heard_and_stops_when_somebody_acknowledges() -> None:
    told = say(opened())
    book = step(told, escalated)
    assert ("escalated", "slack @cto") in waiting(book)
    assert next(one for one in book.outbox if one.target == "slack @cto").text == "cto"
    assert [one for one in waiting(step(book, acknowledged)) if one[1] == "slack @cto"] == []
    heard = step(say(book), acknowledged)
    assert ("acknowledged", "slack @cto") in waiting(heard)


def test_a_step_of_escalation_that_a_silence_held_back_is_said_when_it_ends() -> None:
    book = step(say(opened()), escalated)
    silent = intents.plan(book, book, Reached(silent=True), NOW)
    assert waiting(silent) == []
    again = intents.plan(silent, silent, Reached(), NOW)
    assert next((one.kind, one.text) for one in again.outbox if one.target == "slack @cto") == ("escalated", "cto")
    taken_on = step(silent, acknowledged)
    assert "slack @cto" not in [target for _, target in waiting(taken_on)]


def test_what_is_over_is_said_before_what_begins_after_it_under_the_same_key() -> None:
    reach = Reached(places=("pagerduty P0",))
    over = step(say(opened(reach)), resolved, reach)
    again = replace(over, incidents=(incident(number=2), *over.incidents))
    book = intents.claim(intents.plan(over, again, reach, NOW), BY, NOW)
    assert [(one.number, one.kind) for one in book.outbox] == [(1, "resolved"), (2, "opened")]
    assert [one.number for one in intents.held(book, "job")] == [1]


@dataclass
class Life:
    """An incident's life with jobs that die, a service that fails and silences: what was heard, in order."""

    book: Book = field(default_factory=Book)
    now: datetime = NOW
    reach: Reached = field(default_factory=Reached)
    heard: dict[str, list[tuple[Intent, int]]] = field(default_factory=dict)

    def plan(self, after: Book) -> None:
        self.book = intents.plan(self.book, after, self.reach, self.now)

    def begin(self) -> None:
        if all(not one.is_open for one in self.book.incidents):
            new = incident(number=len(self.book.incidents) + 1)
            self.plan(replace(self.book, incidents=(*self.book.incidents, new)))

    def change(self, change: Callable[[Incident], Incident]) -> None:
        if any(one.is_open for one in self.book.incidents):
            self.plan(changed(self.book, KEY, change))

    def silence(self) -> None:
        self.reach.silent = not self.reach.silent

    def later(self) -> None:
        self.now += LEASE

    def tell(self, *, hears: bool = True, dies: bool = False, fails: bool = False) -> None:
        """A job that says what it may; one that dies does so before or after it was heard."""
        self.plan(self.book)
        job, tried = Claim(holder="job"), set[str]()
        while held := intents.held(
            book := intents.claim(self.book, replace(job, tried=frozenset(tried)), self.now), "job"
        ):
            self.book, intent = book, held[0]
            tried.add(intent.id)
            one = next(one for one in book.incidents if one.number == intent.number)
            if hears:
                self.heard.setdefault(f"{intent.target} {intent.number}", []).append((intent, one.change))
            if dies:
                # Its name is never used again.
                free = tuple(replace(each, holder="dead" * bool(each.holder)) for each in book.outbox)
                self.book = replace(book, outbox=free)
                return
            receipt = Receipt(ref="17", at=self.now, said=one.change)
            self.book = intents.released(book, intent, "not reached") if fails else intents.said(book, intent, receipt)


EVENTS: dict[str, Callable[[Life], None]] = {
    "begins": Life.begin,
    "changes": lambda life: life.change(same),
    "acknowledged": lambda life: life.change(acknowledged),
    "escalated": lambda life: life.change(escalated),
    "resolved": lambda life: life.change(resolved),
    "silence": Life.silence,
    "lease over": Life.later,
    "told": Life.tell,
    "killed before": lambda life: life.tell(hears=False, dies=True),
    "killed after": lambda life: life.tell(dies=True),
    "not reached": lambda life: life.tell(hears=False, fails=True),
    "no answer": lambda life: life.tell(fails=True),
}


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(sorted(EVENTS)), max_size=25))
def test_whatever_happens_everybody_ends_up_knowing_how_it_is(happens: list[str]) -> None:
    life = Life()
    life.begin()
    for what in happens:
        EVENTS[what](life)
    life.reach.silent = False
    for _ in range(3):
        life.later()
        life.tell()
    assert life.book.outbox == ()
    for one in life.book.incidents:
        assert one.is_open or intents.is_settled(life.book, one, life.reach, NOW)
        for target in life.reach.places:
            told = life.heard.get(f"{target} {one.number}", [])
            assert told or not one.is_open
            assert not told or told[-1][1] == one.change
    for told in life.heard.values():
        kinds = [intent.kind for intent, _ in told]
        assert kinds[0] in {"opened", "escalated"} or told[0][0].tries > 1
        assert "resolved" not in kinds or set(kinds[kinds.index("resolved") :]) == {"resolved"}
        ids = [intent.id for intent, _ in told]
        assert all(intent.tries > 1 for n, (intent, _) in enumerate(told) if intent.id in ids[:n])
        assert [change for _, change in told] == sorted(change for _, change in told)
