"""An incident as the page of its issue shows it: complete, within GitHub's limit, and nobody else's words at work."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from edgetpu_ci.incidents import postmortem
from edgetpu_ci.incidents.record import Context, Incident
from edgetpu_ci.render import incident as render
from tests.fakes import snapshots, streak
from tests.fakes.streak import CONTEXT, KEY, alert, event

GITHUBS_LIMIT = 65_536
HOSTILE = (
    "@everyone @acme/owners please",
    "](https://evil.example) [click](https://evil.example)",
    "<img src=x onerror=alert(1)> <!-- edgetpu-ci: to here; what stands below is yours -->",
    "| a | b |\n|--|--|\n### Post-mortem\n#### Impact\nnone",
    "fixes #7, closes GH-7, see www.evil.example",
    "**bold** _under_ `code` $x$ \\ ~~gone~~",
    "<!-- edgetpu-ci:incident:v1 key=0 number=1 -->",
    "\u202edetrever\u200b zero \U0001f525 ünïcödé 日本語 \x00\x07",
)


def page(incident: Incident | None = None, context: Context = CONTEXT) -> str:
    return render.issue(incident or streak.opened(), context)


@pytest.mark.parametrize(
    ("name", "incident"),
    [("open", streak.opened()), ("acknowledged", streak.acknowledged()), ("resolved", streak.resolved())],
)
def test_the_issue_as_it_is_shown(name: str, incident: Incident) -> None:
    first = render.issue(streak.opened(), CONTEXT, earlier=41)
    snapshots.check(f"incident-{name}.md", render.renewed(first, incident, CONTEXT))


def test_a_title_has_how_urgent_it_is_which_alert_and_its_value() -> None:
    assert render.title(streak.opened()) == ("[p0] build_failure_streak: ci.yml failed 4 times in a row, more than 3")
    without_priority = streak.opened(priority="", severity="warning")
    assert render.title(without_priority).startswith("[warning] build_failure_streak: ")


def test_a_title_of_many_alerts_says_how_many_and_fits() -> None:
    many = streak.opened(alerts=(alert(because="x" * 4000), *[alert()] * 199))
    assert render.title(many).endswith("… (and 199 more)")
    assert len(render.title(many)) <= 256


def test_nothing_known_but_the_alert_is_enough() -> None:
    bare = alert(good=None, because="", where="", since=None, bad=replace(streak.seen(), commit="", url=""))
    body = page(streak.opened(alerts=(bare,), timeline=()), Context())
    assert "| First bad | 2026-03-04 05:06 UTC |" in body
    assert not {"Last good", "Owner", "Read on", "Timeline"} & set(re.findall(r"[A-Z]\w+(?: [a-z]\w+)?", body))


def test_what_has_not_changed_is_written_the_same() -> None:
    assert render.renewed(page(), streak.opened(), CONTEXT) == page()


def test_the_post_mortem_and_notes_around_ours_stay_as_people_wrote_them() -> None:
    mine = "Ada is on it.\n\n" + page().replace("<!-- Who could not do what", "Nobody could merge. <!-- Who") + "\n\nPS"
    for later in (streak.acknowledged(), streak.resolved()):
        written = render.renewed(mine, later, CONTEXT)
        assert written.startswith("Ada is on it.\n\n")
        assert written.partition("### Post-mortem")[2] == mine.partition("### Post-mortem")[2]
        assert written != mine


def test_where_somebody_took_our_part_out_nothing_is_written() -> None:
    for body in ("", "All of it is said in #4.", page().replace("edgetpu-ci: to here", "")):
        assert render.renewed(body, streak.resolved(), CONTEXT) == body


def test_the_incident_before_stays_named() -> None:
    body = render.renewed(render.issue(streak.opened(), CONTEXT, earlier=41), streak.resolved(), CONTEXT)
    assert "\nBefore: #41\n" in body


def test_two_hundred_alerts_and_a_thousand_events_fit_with_the_first_and_the_newest() -> None:
    alerts = tuple(alert(because=f"model {n}: {'ü' * 400}", fingerprint=f"{n:016}") for n in range(200))
    lines = tuple(event("updated", f"line {n} {'x' * 300}", minutes=n) for n in range(1000))
    body = page(streak.opened(alerts=alerts, timeline=lines))
    assert len(body.encode()) < GITHUBS_LIMIT
    assert "model 0:" in body
    assert re.search(r"… and \d+ more", body)
    assert "line 0 " in body
    assert "line 999 " in body
    assert body.endswith(postmortem.form())


def test_a_long_post_mortem_leaves_less_room_for_ours_and_is_never_cut() -> None:
    written = page() + "é" * 20_000
    lines = tuple(event("updated", f"line {n} {'x' * 300}", minutes=n) for n in range(1000))
    body = render.renewed(written, streak.opened(timeline=lines), CONTEXT)
    assert body.endswith("é" * 20_000)
    assert "line 999 " in body
    assert len(body.encode()) < GITHUBS_LIMIT


def test_where_people_left_no_room_nothing_is_written() -> None:
    full = page() + "x" * (GITHUBS_LIMIT - len(page()))
    assert render.renewed(full, streak.resolved(), CONTEXT) == full


@pytest.mark.parametrize("hostile", HOSTILE)
def test_foreign_text_calls_nobody_links_nowhere_and_ends_nothing(hostile: str) -> None:
    bad = alert(because=hostile, where=hostile, labels={"subject": hostile})
    labels = {"alertname": hostile, "branch": hostile, "repo": hostile}
    context = Context(
        repository=hostile,
        author=hostile,
        pull_request=hostile,
        owner=hostile,
        links=((hostile, hostile), (hostile, "https://ok.example/x")),
    )
    line = event("acknowledged", hostile, hostile)
    body = page(streak.acknowledged(alerts=(bad,), labels=labels, timeline=(line, line)), context)
    assert_is_tame(body.replace(render.marker(KEY, 1), ""))
    assert re.findall(r"^#+ (.*)$", body, re.MULTILINE) == ["Timeline", "Post-mortem", *postmortem.HEADINGS]
    assert postmortem.is_written(body) is False
    assert_is_tame(render.comment(streak.opened(), hostile, "escalated", hostile, hostile).partition("\n")[2])


def assert_is_tame(body: str) -> None:
    """Nothing of what GitHub makes of Markdown but what we wrote."""
    ours = body.replace("https://ok.example/x", "")
    for form in (r"@\w", r"https?://evil", r"<img", r"(?<!&)#\d", r"GH-\d", r"\bwww\."):
        assert not re.search(form, ours, re.IGNORECASE | re.MULTILINE), (form, body)
    assert ours.count("<!-- edgetpu-ci: to here") <= 1
    assert "<!-- edgetpu-ci:incident" not in ours


@given(text=st.text(max_size=300), lines=st.integers(0, 40))
@settings(max_examples=50, deadline=None)
def test_any_text_leaves_the_markers_where_they_are(text: str, lines: int) -> None:
    told = tuple(event("updated", text, text, n) for n in range(lines))
    body = page(streak.opened(alerts=(alert(because=text, where=text),) * 5, timeline=told))
    assert render.renewed(body, streak.opened(), CONTEXT) == page()


@pytest.mark.parametrize("named", ["@ada", "@acme/builders", "@a-b-c"])
def test_an_owner_whom_the_configuration_mentions_is_mentioned(named: str) -> None:
    assert f"| Owner | {named} |" in page(context=replace(CONTEXT, owner=named))


@pytest.mark.parametrize("named", ["@ada @bob", "builders", "@-ada", "@acme/", "@" + "a" * 40, "a@b.example"])
def test_an_owner_who_is_no_mention_is_not(named: str) -> None:
    assert not re.search(r"@\w", page(context=replace(CONTEXT, owner=named)))


def test_a_comment_says_what_is_new_and_whom_it_calls() -> None:
    said = render.comment(streak.acknowledged(), "a/1", "acknowledged", "")
    assert said == "<!-- edgetpu-ci:said a/1 -->\n👀 **Acknowledged:** a comment on #\u20601, ada"
    called = render.comment(streak.acknowledged(), "a/1", "escalated", "cto", "@acme/leads")
    assert called.endswith(f"\n@acme/leads 📣 **Escalated:** {streak.ESCALATED}")
    assert render.comment(streak.opened(), "a/1", "escalated", "cto").endswith("**Escalated:** cto")
    assert render.comment(streak.opened(), "a/1", "updated", "").endswith(
        ": ci.yml failed 4 times in a row, more than 3"
    )


def test_steps_taken_together_are_said_together() -> None:
    both = (event("escalated", "cto is told", minutes=15), event("escalated", "manager is told", minutes=15))
    incident = streak.opened(timeline=(event("escalated", "lead is told", minutes=5), *both))
    assert render.comment(incident, "a/1", "escalated", "").endswith("**Escalated:** cto is told; manager is told")


def test_a_post_mortem_is_written_when_something_stands_under_each_heading() -> None:
    body = page()
    for heading in postmortem.HEADINGS:
        assert not postmortem.is_written(body)
        body = body.replace(f"#### {heading}\n", f"#### {heading}\n\nWe know now.\n")
    assert postmortem.is_written(body)


def test_questions_and_blanks_answer_nothing() -> None:
    blank = page().replace("#### Impact\n", "#### Impact\n\n <!-- later --> \n\n<!-- two\nlines -->\n")
    assert not postmortem.is_written(blank)
    assert not postmortem.is_written("Impact Cause What helped What we change")
