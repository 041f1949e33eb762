import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from msgspec.structs import replace

from edgetpu_ci.config.step import Step
from edgetpu_ci.errors import ConfigError, DeniedError, LaterError
from edgetpu_ci.incidents.record import Incident, Kind, Receipt
from edgetpu_ci.notify import bind, slack
from tests.fakes import slack_notices as notices
from tests.fakes.clock import Clock
from tests.fakes.loopback import Reply, dripping
from tests.fakes.slack_notices import CONTEXT, notice
from tests.fakes.slack_server import TOKEN, Slack, slack_server, slow_down
from tests.fakes.world import Said, world

_OPEN = notices.incident()
_PNG = b"\x89PNG and so on"


@pytest.fixture(name="there")
def _there() -> Iterator[Slack]:
    with slack_server() as server:
        yield server


class Job:
    """One that tells Slack things; `clock` only moves when it waits, `said` is what it warned of."""

    def __init__(self, folder: Path, there: Slack, **env: str) -> None:
        self.clock, self.said = Clock(), Said()
        self.options = slack.Options(base_url=there.base_url, channel="#dev-quality")
        self.world = world(
            folder,
            env=env or {"SLACK_BOT_TOKEN": TOKEN},
            sleep=self.clock.sleep,
            monotonic=self.clock.monotonic,
            warn=self.said.append,
        )

    def tell(self, kind: Kind, one: Incident, *, earlier: Receipt | None = None, **parts: object) -> Receipt:
        return slack.tell(self.options, replace(notice(kind, one), earlier=earlier, **parts), self.world)


@pytest.fixture(name="job")
def _job(tmp_path: Path, there: Slack) -> Job:
    return Job(tmp_path, there)


def test_an_incident_is_one_message_kept_up_to_date_with_its_story_in_the_thread(job: Job, there: Slack) -> None:
    opened = job.tell("opened", _OPEN)
    assert opened.ref == "C0QUALITY1:1800000000.000100"
    taken = notices.acknowledged(_OPEN)
    told = job.tell("acknowledged", taken, earlier=opened)
    assert (told.ref, told.said) == (opened.ref, 2)
    job.tell("resolved", notices.resolved(taken), earlier=told)
    [[header, *story]] = there.threads()
    assert header == "✅ RESOLVED: build failure streak"
    assert [line.split(",")[0] for line in story] == ["🚨 *Opened*", "👀 *Acknowledged* by octocat", "✅ *Resolved*"]
    assert not any(message["unfurl_links"] or message["unfurl_media"] for message in there.messages)
    assert all(message["text"] for message in there.messages)


def test_what_was_never_begun_is_not_looked_for(job: Job, there: Slack) -> None:
    job.tell("opened", _OPEN, address="C0QUALITY1")
    assert there.calls == ["chat.postMessage", "chat.postMessage"]


def test_an_escalation_is_shown_in_the_channel_too_for_an_update_rings_for_nobody(job: Job, there: Slack) -> None:
    opened = job.tell("opened", _OPEN)
    job.tell("escalated", notices.escalated(_OPEN), earlier=opened)
    assert [message.get("reply_broadcast") for message in there.messages] == [None, False, True]


def test_a_message_somebody_deleted_is_said_anew(job: Job, there: Slack) -> None:
    opened = job.tell("opened", _OPEN)
    there.messages.clear()
    again = job.tell("resolved", notices.resolved(_OPEN), earlier=opened)
    assert [thread[0] for thread in there.threads()] == ["✅ RESOLVED: build failure streak"]
    assert again.said == 2


def test_what_a_killed_job_said_is_found_again_and_not_said_twice(job: Job, there: Slack) -> None:
    job.tell("opened", _OPEN, address="C0QUALITY1")
    again = job.tell("opened", _OPEN, address="C0QUALITY1", perhaps=True)
    assert again.ref == "C0QUALITY1:1800000000.000100"
    assert [len(thread) for thread in there.threads()] == [2]


def test_a_job_killed_before_the_details_adds_them(job: Job, there: Slack) -> None:
    job.tell("opened", _OPEN, address="C0QUALITY1")
    there.messages.pop()
    job.tell("opened", _OPEN, address="C0QUALITY1", perhaps=True)
    assert [len(thread) for thread in there.threads()] == [2]


def test_without_the_scope_to_look_it_is_said_again(job: Job, there: Slack) -> None:
    there.scopes.remove("channels:history")
    job.tell("opened", _OPEN, address="C0QUALITY1")
    job.tell("opened", _OPEN, address="C0QUALITY1", perhaps=True)
    assert [len(thread) for thread in there.threads()] == [2, 2]


def test_two_repositories_in_one_channel_keep_apart_and_are_named(job: Job, there: Slack) -> None:
    other = replace(_OPEN, key="0" * 64, labels={**_OPEN.labels, "repo": "acme/other"})
    first, second = job.tell("opened", _OPEN), job.tell("opened", other)
    assert first.ref != second.ref
    shown = [message["blocks"][1]["text"]["text"].split("\n")[0] for message in there.messages[::2]]
    assert shown == ["*acme/detector · main*", "*acme/other · main*"]


def test_a_picture_goes_into_the_thread_once(job: Job, there: Slack) -> None:
    opened = job.tell("opened", _OPEN, context=replace(CONTEXT, chart=lambda: _PNG))
    job.tell("acknowledged", notices.acknowledged(_OPEN), earlier=opened, context=replace(CONTEXT, chart=lambda: _PNG))
    [file] = there.files
    assert (f"{file['channel']}:{file['thread_ts']}", _PNG in file["data"]) == (opened.ref, True)


def test_details_that_fail_leave_the_message_said(job: Job, there: Slack) -> None:
    there.scopes.remove("files:write")
    receipt = job.tell("opened", _OPEN, context=replace(CONTEXT, chart=lambda: _PNG))
    assert receipt.ref
    [warning] = job.said
    assert "give the app the scope files:write, and install it again" in warning


def test_a_webhook_says_each_change_as_a_message_of_its_own(tmp_path: Path, there: Slack) -> None:
    job = Job(tmp_path, there, SLACK_WEBHOOK_URL=there.hook)
    opened = job.tell("opened", _OPEN)
    job.tell("escalated", notices.escalated(_OPEN), earlier=opened)
    assert opened.ref == ""
    assert [thread[0] for thread in there.threads()] == ["🔴 CRITICAL: build failure streak"] * 2
    assert "▁▁▃▁▃▅▆█" in str(there.messages[0]["blocks"])
    assert "tech_lead is told" in str(there.messages[1]["blocks"])


def test_who_first_had_a_webhook_and_then_a_token_is_told_anew(job: Job, there: Slack) -> None:
    job.tell("acknowledged", notices.acknowledged(_OPEN), earlier=Receipt(ref="", at=job.world.now(), said=1))
    assert [thread[0] for thread in there.threads()] == ["👀 ACKNOWLEDGED: build failure streak"]


def test_it_waits_as_long_as_slack_asks(job: Job, there: Slack) -> None:
    there.troubles = [slow_down(3), Reply(status=503)]
    job.tell("opened", _OPEN)
    assert job.clock.slept == [3, 2]
    assert len(there.threads()) == 1


@pytest.mark.parametrize(
    ("trouble", "seconds", "slept"),
    [
        (slow_down(900), 900, []),
        (slow_down(12), 12, [12, 12]),
        (slow_down(int("9" * 400)), 86_400, []),
        (Reply(status=503, body=b"<html>"), 0, [1, 2, 4]),
        # It may have been said, and would be twice.
        (Reply(status=500, body=b"<html>"), 0, []),
        (Reply(status=200, body=b'{"ok": false, "error": "internal_error"}'), 0, []),
        (Reply(status=200, body=b'{"ok": tr', cut=True), 0, []),
    ],
)
def test_what_does_not_pass_in_time_is_left_to_the_next_run(
    tmp_path: Path, there: Slack, trouble: Reply, seconds: float, slept: list[float]
) -> None:
    there.down = lambda _method: trouble
    ways = [{"SLACK_BOT_TOKEN": TOKEN}, *([{"SLACK_WEBHOOK_URL": there.hook}] if trouble.status != 200 else [])]
    for env in ways:
        job = Job(tmp_path, there, **env)
        with pytest.raises(LaterError) as failed:
            job.tell("opened", _OPEN)
        assert (failed.value.seconds, job.clock.slept) == (seconds, slept)
        assert "planted-secret" not in str(failed.value)


def test_a_page_of_somebody_between_is_no_answer(tmp_path: Path, there: Slack) -> None:
    there.down = lambda _method: Reply(status=200, body=b"<html>Log in")
    for env in ({"SLACK_BOT_TOKEN": TOKEN}, {"SLACK_WEBHOOK_URL": there.hook}):
        with pytest.raises(LaterError, match=r"\(status 200, and no word of Slack's\); it is tried again later"):
            Job(tmp_path, there, **env).tell("opened", _OPEN)


def test_an_answer_without_what_was_asked_for_is_none(job: Job, there: Slack) -> None:
    empty = Reply(status=200, body=b'{"ok": true}')
    there.troubles = [empty]
    with pytest.raises(LaterError, match=r"did not answer when asked to post in #dev-quality \(no reference\)"):
        job.tell("opened", _OPEN)
    for method in ("files.getUploadURLExternal", "files.completeUploadExternal", "conversations.replies"):
        there.down = {method: empty}.get
        told = job.tell("opened", _OPEN, address="C0QUALITY1", context=replace(CONTEXT, chart=lambda: _PNG))
        assert job.tell("opened", _OPEN, address="C0QUALITY1", perhaps=True).ref == told.ref
        there.messages.clear()
    assert len(job.said) == 2


def test_a_server_that_hangs_is_given_up_within_the_deadline(job: Job, there: Slack) -> None:
    opened = job.tell("opened", _OPEN)
    gone = threading.Event()

    def late(method: str) -> Reply | None:
        if method == "chat.update":
            return None if job.clock.slept else slow_down(29)
        gone.wait(20)
        return Reply(status=500)

    there.down = late
    with pytest.raises(LaterError, match=r"did not answer when asked to post in C0QUALITY1 \(\w*Timeout\)"):
        job.tell("acknowledged", notices.acknowledged(_OPEN), earlier=opened)
    gone.set()


def test_what_is_only_brought_up_to_date_is_asked_again_whatever_the_answer(job: Job, there: Slack) -> None:
    opened = job.tell("opened", _OPEN)
    there.troubles = [Reply(status=502)]
    job.tell("acknowledged", notices.acknowledged(_OPEN), earlier=opened)
    assert (job.clock.slept, there.calls[2:]) == ([1], ["chat.update", "chat.update", "chat.postMessage"])


def test_a_server_that_drips_is_given_up_within_the_deadline(tmp_path: Path) -> None:
    for way in ("SLACK_BOT_TOKEN", "SLACK_WEBHOOK_URL"):
        with dripping() as url:
            clock = count()
            env = {way: TOKEN if way.endswith("TOKEN") else url}
            options = slack.Options(base_url=f"{url}/", channel="#dev-quality")
            with pytest.raises(LaterError, match=r"did not answer when asked to .* \(ReadTimeout\)"):
                slack.tell(options, notice("opened", _OPEN), world(tmp_path, env=env, monotonic=clock.__next__))


def test_a_redirect_gets_neither_the_token_nor_the_message(tmp_path: Path, there: Slack) -> None:
    with slack_server() as elsewhere:
        for env in ({"SLACK_BOT_TOKEN": TOKEN}, {"SLACK_WEBHOOK_URL": there.hook}):
            there.troubles = [Reply(status=302, headers={"Location": elsewhere.hook})]
            with pytest.raises(LaterError, match="status 302"):
                Job(tmp_path, there, **env).tell("opened", _OPEN)
        assert elsewhere.calls == []


@pytest.mark.parametrize("error", ["cant_update_message", "edit_window_closed"])
def test_what_another_app_said_is_said_anew(job: Job, there: Slack, error: str) -> None:
    opened = job.tell("opened", _OPEN)
    there.troubles = [Reply(status=200, body=f'{{"ok": false, "error": "{error}"}}'.encode())]
    again = job.tell("resolved", notices.resolved(_OPEN), earlier=opened)
    assert again.ref != opened.ref
    assert [thread[0] for thread in there.threads()][1:] == ["✅ RESOLVED: build failure streak"]


def test_a_server_that_is_not_there_is_tried_by_the_next_run(tmp_path: Path, there: Slack) -> None:
    for env in ({"SLACK_BOT_TOKEN": TOKEN}, {"SLACK_WEBHOOK_URL": "http://127.0.0.1:9/services/planted-secret"}):
        job = Job(tmp_path, there, **env)
        job.options = replace(job.options, base_url="http://127.0.0.1:9/api/")
        with pytest.raises(LaterError, match="did not answer") as failed:
            job.tell("opened", _OPEN)
        assert "planted" not in str(failed.value)


@pytest.mark.parametrize(
    ("error", "step"),
    [
        ("channel_not_found", "check its name; into a private one, invite the app there: /invite @edgetpu-ci"),
        ("not_in_channel", "invite the app there: /invite @edgetpu-ci"),
        ("is_archived", "name a channel that is in use"),
        ("invalid_auth", "give SLACK_BOT_TOKEN the Bot User OAuth Token of the app, anew"),
        ("missing_scope", "give the app the scope chat:write, and install it again"),
        ("msg_too_long", "edgetpu-ci made what Slack does not take; please report it"),
        ("invalid_blocks", "edgetpu-ci made what Slack does not take; please report it"),
        ("something_new", "see docs/slack.md"),
    ],
)
def test_each_refusal_names_the_next_step(job: Job, there: Slack, error: str, step: str) -> None:
    there.troubles = [Reply(status=200, body=f'{{"ok": false, "error": "{error}"}}'.encode())]
    with pytest.raises(DeniedError) as failed:
        job.tell("opened", _OPEN)
    assert str(failed.value) == f"Slack did not post in #dev-quality ({error}): {step}."


def test_what_a_scope_is_called_is_not_taken_at_its_word(job: Job, there: Slack) -> None:
    foreign = b'{"ok": false, "error": "missing_scope", "needed": "chat\\n::error::gone"}'
    there.troubles = [Reply(status=200, body=foreign)]
    with pytest.raises(DeniedError) as failed:
        job.tell("opened", _OPEN)
    assert "\n" not in str(failed.value)


def test_the_server_refuses_as_slack_does(tmp_path: Path, there: Slack) -> None:
    for env, channel, word in (
        ({"SLACK_BOT_TOKEN": "xoxb-wrong"}, "#dev-quality", "invalid_auth"),
        ({"SLACK_BOT_TOKEN": TOKEN}, "#nowhere", "channel_not_found"),
        ({"SLACK_WEBHOOK_URL": f"{there.url}/services/T0/B0/old"}, "", "no_service"),
    ):
        with pytest.raises(DeniedError, match=word):
            Job(tmp_path, there, **env).tell("opened", _OPEN, address=channel)
    there.closed.add("C0QUALITY1")
    with pytest.raises(DeniedError, match="not_in_channel"):
        Job(tmp_path, there).tell("opened", _OPEN)


def test_an_alert_without_a_channel_says_where_to_name_one(job: Job) -> None:
    with pytest.raises(DeniedError, match="give `channel` to its rule, or to notify"):
        job.tell("opened", _OPEN, address="")


def test_an_alert_goes_to_the_channel_of_its_rule_else_to_the_usual_one() -> None:
    bound = bind(Step(use="slack", with_={"channel": "#usual"}), "alerting.notify[0]")
    assert (bound.address({}, ""), bound.address({}, "#own")) == ("#usual", "#own")


@pytest.mark.parametrize(
    ("env", "base_url", "said"),
    [
        ({}, "https://slack.com/api/", "neither SLACK_BOT_TOKEN nor SLACK_WEBHOOK_URL is set"),
        ({"SLACK_BOT_TOKEN": "xoxb planted"}, "https://slack.com/api/", "what SLACK_BOT_TOKEN holds is no secret"),
        (
            {"SLACK_WEBHOOK_URL": "hooks.example/planted"},
            "https://slack.com/api/",
            "what SLACK_WEBHOOK_URL holds is no",
        ),
        ({"SLACK_BOT_TOKEN": TOKEN}, "http://elsewhere.example/api/", "has to be an https:// address"),
    ],
)
def test_what_could_not_be_said_is_found_before(tmp_path: Path, env: dict[str, str], base_url: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as failed:
        slack.check(slack.Options(base_url=base_url), world(tmp_path, env=env))
    assert "planted" not in str(failed.value)
