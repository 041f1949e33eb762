import msgspec
import pytest
from hypothesis import given, settings

from edgetpu_ci.incidents.record import Context, Event
from edgetpu_ci.render.slack import incident
from tests.fakes import slack_notices as notices
from tests.fakes import snapshots
from tests.fakes.slack import active, faults
from tests.fakes.slack_notices import CONTEXT, notice
from tests.fakes.slack_samples import SAMPLES
from tests.fakes.world import AT
from tests.unit.test_slack_blocks import LONG


def read(message: object) -> str:
    """All that a message shows, as it is sent."""
    return msgspec.json.encode(message).decode()


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_is_within_all_limits_and_calls_nobody(name: str) -> None:
    for message, _ in SAMPLES[name]:
        made = msgspec.to_builtins(message)
        assert faults(made) == []
        assert active([made["text"], made["blocks"]]) == []


@pytest.mark.parametrize("name", ["opened", "acknowledged", "resolved", "webhook"])
def test_what_is_said(name: str) -> None:
    shown = [msgspec.json.format(msgspec.json.encode(message), indent=1).decode() for message, _ in SAMPLES[name]]
    snapshots.check(f"slack-{name}.json", "\n".join(shown))


@settings(max_examples=25, deadline=None)
@given(LONG)
def test_an_incident_full_of_foreign_text_calls_nobody(foreign: str) -> None:
    one = notices.acknowledged(notices.incident(*[notices.alert(foreign, foreign)] * 3))
    context = Context(repository=foreign, author=foreign, owner=foreign, pull_request=foreign, links=((foreign,) * 2,))
    for made in map(
        msgspec.to_builtins, (incident.alone(notice("updated", one, context)), incident.change(notice("opened", one)))
    ):
        assert faults(made) == []
        assert active([made["text"], made["blocks"]]) == []


def test_the_newest_line_of_the_timeline_is_said_where_the_intent_has_no_words() -> None:
    said = read(incident.change(notice("escalated", notices.escalated(notices.incident()))))
    assert "tech_lead is told" in said
    assert "acme/detector · main · build_failure_streak 3f9a1c07-7" in said


def test_of_two_steps_the_newer_is_said() -> None:
    twice = notices.escalated(notices.incident())
    later = msgspec.structs.replace(twice.timeline[-1], text="Nobody acknowledged it within 30 min: cto is told.")
    twice = msgspec.structs.replace(twice, timeline=(*twice.timeline, later))
    assert "cto is told" in read(incident.change(notice("escalated", twice)))


def test_a_group_without_the_label_is_of_the_repository_that_tells() -> None:
    named = {"alertname": "build_failure_streak"}
    alone = msgspec.structs.replace(notices.incident(), labels=named)
    assert "*acme/detector*" in read(incident.standing(notice("opened", alone)))


def test_the_words_of_the_intent_come_before_the_newest_line() -> None:
    known = notice("escalated", notices.escalated(notices.incident()))
    worded = msgspec.structs.replace(known, intent=msgspec.structs.replace(known.intent, text="the cto is told, late"))
    said = read(incident.change(worded))
    assert ("the cto is told, late" in said, "tech_lead" in said) == (True, False)


def test_a_step_of_escalation_says_in_the_message_why_it_is_taken_and_how_late() -> None:
    late = Event(at=AT, kind="escalated", text="cto is told, as nobody acknowledged it within 15 min, 7 min late")
    other = Event(at=AT, kind="escalated", text="lead is told, as nobody acknowledged it within 15 min")
    one = msgspec.structs.replace(notices.incident(), timeline=(late, other))
    asked = notice("escalated", one)
    to = msgspec.structs.replace(asked, intent=msgspec.structs.replace(asked.intent, text="cto"))
    said = read(incident.change(to))
    assert "within 15 min, 7 min late" in said
    assert "lead" not in said


def test_a_group_shows_three_and_the_thread_the_rest() -> None:
    group = notices.incident(*[notices.alert(f"{n}.yml") for n in range(5)])
    assert "… +2 more" in read(incident.standing(notice("opened", group)))
    assert all(f"{n}.yml failed" in read(incident.change(notice("opened", group))) for n in range(5))


def test_a_run_of_the_same_commit_that_was_good_is_told_by_its_time() -> None:
    known = notices.alert()
    again = msgspec.structs.replace(known, bad=msgspec.structs.replace(known.bad, commit="9f8e7d6"))
    said = read(incident.standing(notice("opened", notices.incident(again))))
    assert "9f8e7d6..9f8e7d6" not in said
    assert r"*Since the last good*\n<!date" in said


def test_the_course_is_shown_where_there_is_one() -> None:
    assert "▁▁▃▁▃▅▆█  0 → 4" in read(incident.standing(notice("opened", notices.incident())))
    alone = msgspec.structs.replace(CONTEXT, recent=(1.0,))
    assert "Course" not in read(incident.standing(notice("opened", notices.incident(), alone)))


def test_who_may_acknowledge_is_told_how_where_there_is_no_issue() -> None:
    bare = msgspec.structs.replace(CONTEXT, links=())
    said = read(incident.standing(notice("opened", notices.incident(), bare)))
    assert "by nobody yet: `edgetpu-ci incidents acknowledge 3f9a1c07-7`" in said
