"""Who hears of what nobody acknowledged: each step once, on time where a job looked, and what was missed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from edgetpu_ci import codec
from edgetpu_ci.alerting.reaching import Reaching
from edgetpu_ci.config.alerting import Alerting
from edgetpu_ci.incidents import escalation, intents
from edgetpu_ci.incidents.escalation import Plan
from edgetpu_ci.incidents.incident import MOST_EVENTS, event
from edgetpu_ci.incidents.record import Alert, Book, Event, Incident, Intent, Muted, Receipt, Sighting

START = datetime(2026, 11, 25, 12, tzinfo=UTC)
ALERTING = codec.convert(
    {
        "rules": [
            {
                "name": "build_failure_streak",
                "match": "*/failure_streak",
                "above": 3,
                "severity": "critical",
                "priority": "p0",
                "response_time": "< 20 minutes",
                "escalation": "development_team",
            }
        ],
        "notify": [{"use": "slack"}],
        "contacts": {
            name: {"slack": f"#{name}"}
            for name in ("security_team", "lead", "cto", "manager", "external", "development_team")
        },
        "escalation_matrix": {
            "p0_critical": {
                "immediate": ["security_team", "lead"],
                "30_min": ["external"],
                "15_min": ["manager", "cto"],
            }
        },
    },
    Alerting,
    "alerting",
)
PLAN = Plan(alerting=ALERTING, rules=ALERTING.rules)
SILENT = Muted(match={"branch": "main"}, until=START + timedelta(days=1), reason="moving")
TOLERANCE = timedelta(minutes=5)


class Ways(NamedTuple):
    """The part of a bound notifier that says where."""

    address: Callable[[dict[str, str], str], str]


def minutes(number: float) -> datetime:
    return START + timedelta(minutes=number)


def incident(**given: Any) -> Incident:
    labels = {"alertname": "build_failure_streak", "branch": "main", "repo": "o/r"}
    seen = Sighting(at=START, value=4)
    alert = Alert(fingerprint="f", rule="build_failure_streak", labels=labels, state="firing", bad=seen, last=seen)
    made = Incident(
        key="1a2b3c4d5e", number=7, labels=labels, severity="critical", alerts=(alert,), opened_at=START, priority="p0"
    )
    return replace(made, **given)


def looked_at(*times: float, of: Incident | None = None) -> Incident:
    """What becomes of an incident when jobs look at it so many minutes after it opened."""
    found = of or incident()
    for time in times:
        found = escalation.due(found, PLAN, minutes(time))
    return found


def told(found: Incident) -> list[str]:
    return [step.contact for step in found.steps]


def test_the_clock_runs_from_when_it_was_first_to_be_said() -> None:
    assert looked_at(3, 17.9).steps == ()
    assert told(looked_at(3, 18)) == ["cto", "manager"]
    assert looked_at(3, 18).told_at == minutes(3)


def test_each_step_is_taken_once_and_is_a_change_to_be_said() -> None:
    found = looked_at(0, 15, 16, 20, 31, 60)
    assert told(found) == ["cto", "manager", "development_team", "external"]
    assert found.change == 1 + 3
    assert [event.text for event in found.timeline] == [
        "cto is told, as nobody acknowledged it within 15 min",
        "manager is told, as nobody acknowledged it within 15 min",
        "development_team is told, as nobody acknowledged it within 20 min",
        "external is told, as nobody acknowledged it within 30 min, 1 min late",
    ]


def test_steps_and_refusals_keep_a_long_timeline_within_its_limit() -> None:
    long = incident()
    for n in range(MOST_EVENTS):
        long = event(long, "updated", str(n), START)
    found = escalation.due(replace(long, told_at=START), PLAN, minutes(60))
    assert len(found.timeline) == MOST_EVENTS
    assert (found.timeline[0], found.timeline[-1].kind) == (long.timeline[0], "escalated")
    book = Book(incidents=(found,))
    intent = Intent(id="i", key=found.key, number=found.number, kind="updated", change=2, target="slack #a")
    refused = intents.refused(book, intent, Event(at=START, kind="updated", text="slack #a refused to be told"), "")
    assert len(refused.incidents[0].timeline) == MOST_EVENTS


def test_what_is_late_is_still_done_and_says_by_how_much() -> None:
    found = looked_at(0, 47)
    assert told(found) == ["cto", "manager", "development_team", "external"]
    assert [(step.taken - step.due).total_seconds() / 60 for step in found.steps] == [32, 32, 27, 17]
    assert found.timeline[0].text.endswith("within 15 min, 32 min late")
    assert found.change == 2


@pytest.mark.parametrize("ended", ["acknowledged_at", "resolved_at"])
def test_who_takes_it_on_or_mends_it_stops_the_clock(ended: str) -> None:
    assert told(looked_at(15, 40, of=incident(told_at=START, **{ended: minutes(10)}))) == []


def test_what_nothing_may_be_said_of_has_no_clock_and_begins_anew() -> None:
    quiet = escalation.due(looked_at(0, 15), PLAN, minutes(16), is_silent=True)
    assert quiet.told_at is None
    assert told(escalation.due(quiet, PLAN, minutes(60), is_silent=True)) == ["cto", "manager"]
    again = looked_at(70, 89, of=quiet)
    assert (again.told_at, told(again)) == (minutes(70), ["cto", "manager"])
    assert told(looked_at(100, of=again))[2:] == ["development_team", "external"]


def test_without_a_row_of_its_priority_only_the_response_time_counts() -> None:
    assert told(looked_at(0, 300, of=incident(priority=""))) == ["development_team"]


def test_a_response_time_without_an_escalation_reminds_whoever_was_told() -> None:
    (rule,) = ALERTING.rules
    plan = Plan(alerting=replace(ALERTING, escalation_matrix={}), rules=[replace(rule, escalation="")])
    found = escalation.due(incident(told_at=START), plan, minutes(20))
    assert [(step.contact, step.after) for step in found.steps] == [("", "20 min")]
    assert [(line.kind, line.text) for line in found.timeline] == [
        ("escalated", "nobody acknowledged it within 20 min")
    ]
    late = escalation.audit(Book(incidents=(incident(told_at=START),)), plan, minutes(40), TOLERANCE)
    assert [one.what for one in late] == ["whoever was told was not reminded"]
    routed = replace(ALERTING, routing={"critical": ("slack",)}, escalation_matrix={})
    way = Ways(address=lambda _labels, channel: channel or "#ci")
    reach = Reaching(alerting=routed, rules=plan.rules, bound={"slack": way}, muted=())  # type: ignore[dict-item]
    assert reach.escalated(found, found.steps[0]) == ("slack #ci",)


def test_a_rule_that_is_gone_or_an_alert_that_is_over_has_no_response_time() -> None:
    over = replace(incident().alerts[0], state="resolved")
    assert told(looked_at(0, 300, of=incident(priority="", alerts=(over,)))) == []
    gone = replace(PLAN, rules=())
    assert escalation.due(incident(priority="", told_at=START), gone, minutes(300)).steps == ()


def test_a_clock_that_was_ahead_delays_nothing() -> None:
    for ahead in (incident(told_at=minutes(600)), incident(told_at=minutes(600), opened_at=minutes(600))):
        assert told(looked_at(0, 15, of=ahead)) == ["cto", "manager"]


def test_a_clock_that_was_years_behind_hurries_nothing() -> None:
    behind = escalation.due(looked_at(0), PLAN, START - timedelta(days=365 * 56))
    assert told(behind) == []
    assert told(looked_at(14, of=behind)) == []
    assert told(looked_at(15, of=behind)) == ["cto", "manager"]


@settings(max_examples=60)
@given(st.lists(st.integers(0, 90), min_size=1, max_size=8).map(sorted))
def test_however_often_jobs_look_the_same_steps_are_taken(times: list[int]) -> None:
    found = looked_at(0, *times)
    expected = [one for one in escalation.ladder(found, PLAN) if one.at <= minutes(times[-1])]
    assert [(step.contact, step.due) for step in found.steps] == [(one.contact, one.at) for one in expected]
    assert found.change - 1 == len({step.taken for step in found.steps})


def missed(found: Incident, at: float, *outbox: Intent, silences: tuple[Muted, ...] = ()) -> list[str]:
    book = Book(incidents=(found,), outbox=outbox, silences=silences)
    return [escalation.sentence(one) for one in escalation.audit(book, PLAN, minutes(at), TOLERANCE)]


def test_a_step_that_nobody_took_is_missed_after_the_tolerance() -> None:
    assert missed(looked_at(0), 20) == []
    assert missed(looked_at(0), 21) == [
        "build_failure_streak 1a2b3c4d-7: cto was not told; due 2026-11-25 12:15 UTC, 6 min late",
        "build_failure_streak 1a2b3c4d-7: manager was not told; due 2026-11-25 12:15 UTC, 6 min late",
    ]


def test_a_step_that_came_late_stays_missed_while_nobody_answers() -> None:
    late = looked_at(0, 27)
    assert [line.partition(": ")[2] for line in missed(late, 27)] == [
        "cto was told late; due 2026-11-25 12:15 UTC, 12 min late",
        "manager was told late; due 2026-11-25 12:15 UTC, 12 min late",
        "development_team was told late; due 2026-11-25 12:20 UTC, 7 min late",
    ]
    assert missed(replace(late, acknowledged_at=minutes(28)), 28) == []


def test_steps_in_time_are_not_missed() -> None:
    assert missed(looked_at(0, 15, 20, 30), 300) == []


def test_what_was_written_down_and_never_said_is_missed() -> None:
    waits = Intent(
        id="a", key="1a2b3c4d5e", number=7, kind="opened", change=1, target="slack #lead", trouble="not reached"
    )
    step = replace(waits, id="b", kind="escalated", change=2, target="slack #cto", text="cto, manager", trouble="")
    other = replace(waits, key="other")
    said = missed(looked_at(0, 15, 20, 30), 32, waits, step, other)
    assert [line.partition(": ")[2] for line in said] == [
        "slack #lead has not heard (not reached); due 2026-11-25 12:00 UTC, 32 min late",
        "slack #cto has not heard; due 2026-11-25 12:15 UTC, 17 min late",
    ]


def test_what_no_job_looked_at_since_is_missed() -> None:
    assert missed(incident(), 10) == [
        "build_failure_streak 1a2b3c4d-7: nobody was told of it; due 2026-11-25 12:00 UTC, 10 min late"
    ]
    assert missed(incident(receipts={"slack #a": Receipt(ref="1", at=START)}), 10) == []


def test_of_what_nothing_may_be_said_nothing_is_missed() -> None:
    assert missed(looked_at(0), 300, silences=(SILENT,)) == []


def test_a_book_is_escalated_whole_but_for_what_is_silenced() -> None:
    taken_on = incident(number=8, told_at=START, acknowledged_at=START)
    book = Book(incidents=(incident(told_at=START), taken_on))
    after = escalation.escalate(book, PLAN, minutes(15))
    assert list(map(told, after.incidents)) == [["cto", "manager"], []]
    after = escalation.escalate(replace(book, silences=(SILENT,)), PLAN, minutes(15))
    assert list(map(told, after.incidents)) == [[], []]
