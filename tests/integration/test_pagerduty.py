"""PagerDuty hears of incidents: over HTTP, by a stand-in that keeps its documented limits."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from dataclasses import replace as replace_world
from datetime import timedelta
from itertools import count
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from edgetpu_ci.alerting import beside
from edgetpu_ci.config.step import Step
from edgetpu_ci.errors import ConfigError, DeliveryError, DeniedError, LaterError
from edgetpu_ci.incidents.record import Incident, Kind, Receipt
from edgetpu_ci.notify import Bound, bind, pagerduty
from edgetpu_ci.notify.pagerduty import Options
from edgetpu_ci.render import pagerduty as events
from edgetpu_ci.world import World
from tests.fakes import reports
from tests.fakes.clock import Clock
from tests.fakes.loopback import Reply, dripping, serve
from tests.fakes.notices import RUN, RUNBOOK, alert, incident, notice
from tests.fakes.pagerduty import MOST_BYTES, OTHER, SERVICE, TOKEN, PagerDuty
from tests.fakes.world import AT, Said, world

TARGET = "pagerduty PAGERDUTY_P0"
ENV = {"PAGERDUTY_P0": SERVICE, "PAGERDUTY_ROUTING_KEY": OTHER, "PAGERDUTY_TOKEN": TOKEN}
KEYS = {"p0": "PAGERDUTY_P0", "default": "PAGERDUTY_ROUTING_KEY"}
STREAK = incident(alert())


@dataclass
class Job:
    """A job that tells PagerDuty."""

    there: PagerDuty
    bound: Bound
    world: World
    warned: Said = field(default_factory=Said)

    def tell(
        self, kind: Kind, about: Incident = STREAK, earlier: Receipt | None = None, target: str = TARGET
    ) -> Receipt:
        """One notice."""
        return self.bound.tell(notice(kind, about, target, earlier), self.world)


@contextmanager
def job(folder: Path, env: dict[str, str] | None = None, **options: object) -> Iterator[Job]:
    """A job in a world with a PagerDuty of its own."""
    there, clock, warned = PagerDuty(), Clock(), Said()
    with serve(there.answer) as port:
        known = {"routing_keys": KEYS, "url": f"http://127.0.0.1:{port}", **options}
        parts = {"sleep": clock.sleep, "monotonic": clock.monotonic, "warn": warned.append}
        here = world(folder, env=ENV if env is None else env, **parts)
        bound = bind(Step(use="pagerduty", with_=known), "notify")
        yield Job(there, bound, here, warned)
    assert not any(secret in f"{warned} {here.ledger.log}" for secret in ENV.values())


def test_an_incident_pages_once_and_is_over(tmp_path: Path) -> None:
    with job(tmp_path) as ci:
        opened = ci.tell("opened")
        there = ci.there.open(STREAK.key)
        assert there
        assert (there.state, ci.there.pages) == (
            "triggered",
            ["owner/name main: build_failure_streak: 4 builds failed in a row, more than 3"],
        )
        ci.tell("acknowledged", earlier=opened)
        assert there.state == "acknowledged"
        ci.tell("escalated", earlier=opened)
        assert (there.state, len(ci.there.pages)) == ("acknowledged", 1)
        ci.tell("resolved", earlier=opened)
        assert (there.state, ci.there.open(STREAK.key)) == ("resolved", None)
        ci.tell("opened", replace(STREAK, number=2))
        assert [one.state for one in ci.there.alerts] == ["resolved", "triggered"]


def test_what_a_page_says(tmp_path: Path) -> None:
    with job(tmp_path) as ci:
        ci.tell("opened", incident(alert(), alert(subject="edge")))
        (event,) = ci.there.alerts[0].events
    told = {
        "labels": "priority=p0, severity=critical",
        "state": "firing",
        "because": "4 builds failed in a row, more than 3",
        "since": "2026-03-04 05:05 UTC",
        "first bad commit": "a" * 40,
        "last good commit": "b" * 40,
    }
    assert event["payload"].pop("custom_details") == {
        "incident": f"build_failure_streak {STREAK.key[:8]}-1",
        "priority": "p0",
        "author of the first bad commit": "committer",
        "pull request": "#12",
        "commits since the last good one": 3,
        "alerts": [told, {**told, "labels": "priority=p0, severity=critical, subject=edge"}],
    }
    assert event == {
        "routing_key": SERVICE,
        "event_action": "trigger",
        "dedup_key": STREAK.key,
        "client": "edgetpu-ci",
        "client_url": RUNBOOK,
        "links": [{"href": RUNBOOK, "text": "runbook"}, {"href": RUN, "text": "latest run"}],
        "payload": {
            "summary": "owner/name main: build_failure_streak: 4 builds failed in a row, more than 3 (and 1 more)",
            "source": "owner/name",
            "timestamp": "2026-03-04T05:05:07Z",
            "severity": "critical",
            "group": "main",
            "class": "build_failure_streak",
        },
    }


def test_saying_it_twice_pages_once(tmp_path: Path) -> None:
    with job(tmp_path) as ci:
        ci.tell("opened")
        ci.tell("opened")
        assert (len(ci.there.pages), len(ci.there.alerts)) == (1, 1)


def test_an_update_does_not_page_again_what_was_closed_by_hand(tmp_path: Path) -> None:
    with job(tmp_path) as ci:
        opened = ci.tell("opened")
        ci.there.alerts[0].state = "resolved"
        assert ci.tell("updated", earlier=opened) == opened
        assert len(ci.there.pages) == 1


def test_who_hears_of_it_first_by_an_update_is_paged(tmp_path: Path) -> None:
    with job(tmp_path) as ci:
        ci.tell("updated")
        assert [one.state for one in ci.there.alerts] == ["triggered"]


def test_what_was_taken_on_before_it_could_be_told_is_acknowledged_at_once(tmp_path: Path) -> None:
    with job(tmp_path) as ci:
        ci.tell("opened", replace(STREAK, acknowledged_at=STREAK.opened_at, acknowledged_by="octocat"))
        assert [one.state for one in ci.there.alerts] == ["acknowledged"]


def test_what_was_never_opened_is_dropped_there(tmp_path: Path) -> None:
    with job(tmp_path) as ci:
        ci.tell("acknowledged")
        ci.tell("resolved")
        assert (len(ci.there.dropped), ci.there.alerts) == (2, [])


def test_a_key_of_its_own_for_each_priority() -> None:
    options = Options(routing_keys=KEYS)
    found = [pagerduty.address(options, {"priority": name}, "#c") for name in ("p0", "p0_critical", "p1", "")]
    assert found == ["PAGERDUTY_P0", "PAGERDUTY_P0", "PAGERDUTY_ROUTING_KEY", "PAGERDUTY_ROUTING_KEY"]


@pytest.mark.parametrize("kind", ["acknowledged", "resolved"])
def test_a_key_that_was_renewed_cannot_close_what_the_old_one_opened(tmp_path: Path, kind: Kind) -> None:
    with job(tmp_path) as ci:
        opened = ci.tell("opened")
        renewed = replace_env(ci, PAGERDUTY_P0=OTHER)
        with pytest.raises(DeniedError, match=r"PAGERDUTY_P0 has another key than when .* close by hand in PagerDuty"):
            renewed.tell(kind, earlier=opened)
        assert ci.there.dropped == []


def test_a_key_that_was_renewed_pages_anew_and_says_so(tmp_path: Path) -> None:
    with job(tmp_path) as ci:
        opened = ci.tell("opened")
        renewed = replace_env(ci, PAGERDUTY_P0=OTHER)
        again = renewed.tell("escalated", earlier=opened)
        assert "opened anew; close by hand" in ci.warned[0]
        renewed.tell("resolved", earlier=again)
        assert [(one.routing_key, one.state) for one in ci.there.alerts] == [
            (SERVICE, "triggered"),
            (OTHER, "resolved"),
        ]


def replace_env(ci: Job, **env: str) -> Job:
    """The same job with other variables."""
    parts = {"sleep": ci.world.sleep, "monotonic": ci.world.monotonic, "warn": ci.warned.append}
    return Job(ci.there, ci.bound, world(ci.world.cwd, env={**ENV, **env}, **parts), ci.warned)


def test_the_receipt_knows_the_key_again_and_does_not_tell_it(tmp_path: Path) -> None:
    with job(tmp_path) as ci:
        receipt = ci.tell("opened")
    assert receipt.ref.startswith("PAGERDUTY_P0 ")
    assert SERVICE not in receipt.ref
    assert len(receipt.ref) == len("PAGERDUTY_P0 ") + 12


FAULTS = [Reply(status=500), Reply(status=503, body=b"<html>garbage"), Reply(status=202, body=b"12", cut=True)]


@pytest.mark.parametrize("fault", [*FAULTS, Reply(status=429, headers={"retry-after": "2"})])
def test_a_page_comes_through_a_fault_and_is_one(tmp_path: Path, fault: Reply) -> None:
    with job(tmp_path) as ci:
        ci.there.faults = [fault]
        ci.tell("opened")
        assert len(ci.there.pages) == 1


def test_a_limit_is_told_with_the_time_it_asks_for(tmp_path: Path) -> None:
    with job(tmp_path) as ci:
        ci.there.faults = [Reply(status=429, headers={"retry-after": "180"})]
        with pytest.raises(LaterError, match="PagerDuty answered 429; it is tried again later") as raised:
            ci.tell("opened")
    assert raised.value.seconds == 180


def test_a_limit_without_a_time_is_left_to_the_next_job(tmp_path: Path) -> None:
    with job(tmp_path) as ci:
        ci.there.faults = [Reply(status=429)]
        with pytest.raises(DeliveryError, match="answered 429"):
            ci.tell("opened")
        assert len(ci.there.arrived) == 1


def test_a_service_that_hangs_is_left_to_the_next_job(tmp_path: Path) -> None:
    clock = Clock()

    def tick() -> float:
        clock.at += 8
        return clock.at

    here = world(tmp_path, env=ENV, sleep=clock.sleep, monotonic=tick)
    opened = notice("opened", STREAK, TARGET)
    with dripping() as url, pytest.raises(DeliveryError, match=r"PagerDuty did not answer \(ReadTimeout\)"):
        pagerduty.tell(Options(routing_keys=KEYS, url=url), opened, here)


def test_a_refusal_in_its_own_words(tmp_path: Path) -> None:
    stranger = "b" * 32
    with job(tmp_path, {**ENV, "PAGERDUTY_P0": stranger}) as ci, pytest.raises(DeniedError) as raised:
        ci.tell("opened")
    assert str(raised.value) == "PagerDuty answered 400: Event object is invalid: Invalid routing key."


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"errors": 3}', b"\xff"])
def test_a_refusal_without_words(tmp_path: Path, body: bytes) -> None:
    with job(tmp_path) as ci:
        ci.there.faults = [Reply(status=400, body=body)]
        with pytest.raises(DeniedError, match=r"^PagerDuty answered 400\.$"):
            ci.tell("opened")


def test_a_contact_whose_variable_is_not_set(tmp_path: Path) -> None:
    with job(tmp_path) as ci, pytest.raises(DeniedError, match="PAGERDUTY_CTO is not set"):
        ci.tell("opened", target="pagerduty PAGERDUTY_CTO")


@pytest.mark.parametrize(("length", "shown"), [(1024, 1024), (1025, 1024), (9000, 1024)])
def test_the_summary_at_and_over_its_edge(tmp_path: Path, length: int, shown: int) -> None:
    before = "owner/name main: build_failure_streak: "
    with job(tmp_path) as ci:
        ci.tell("opened", incident(alert(because="ä" * (length - len(before)))))
        (page,) = ci.there.pages
    assert (len(page), page.endswith("…")) == (shown, length > 1024)


@pytest.mark.parametrize(("count", "left"), [(20, None), (21, 1), (2000, 1980)])
def test_the_worst_an_incident_can_hold_is_taken(tmp_path: Path, count: int, left: int | None) -> None:
    hostile = '"\\\n\U0001f525' * 3000
    worst = replace(alert(because=hostile, subject=hostile, metric=hostile), where=hostile)
    with job(tmp_path) as ci:
        told = notice("opened", incident(*[worst] * count), TARGET)
        links = tuple((hostile, f"https://example.com/{n:_>1980}") for n in range(30))
        context = replace(told.context, author=hostile, pull_request=hostile, owner=hostile, links=links)
        intent = replace(told.intent, text=hostile)
        ci.bound.tell(replace(told, context=context, intent=intent), ci.world)
        (event,) = ci.there.alerts[0].events
        assert len(ci.there.arrived[0].body) < MOST_BYTES // 4
    details = event["payload"]["custom_details"]
    assert (len(details["alerts"]), details.get("more alerts"), len(event["links"])) == (20, left, 20)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "", "https://a b", "file:///etc/passwd", "https://x/\n"])
def test_what_is_no_address_is_no_link(tmp_path: Path, url: str) -> None:
    told = notice("opened", STREAK, TARGET)
    with job(tmp_path) as ci:
        ci.bound.tell(replace(told, context=replace(told.context, links=(("evil", url),))), ci.world)
        (event,) = ci.there.alerts[0].events
    assert [link["href"] for link in event["links"]] == [RUN]


def test_an_incident_that_is_grouped_by_little_still_has_a_source() -> None:
    bare = replace(alert(), labels={"severity": "error"})
    about = replace(STREAK, labels={}, alerts=(bare,))
    told = replace(notice("opened", about, TARGET))
    payload = events.event(replace(told, context=replace(told.context, repository="")), "trigger", SERVICE).payload
    assert payload
    assert (payload.source, payload.summary) == (
        "edgetpu-ci",
        "build_failure_streak: 4 builds failed in a row, more than 3",
    )


@pytest.mark.parametrize(
    ("options", "env", "sentence"),
    [
        ({"routing_keys": {"p0": "PAGERDUTY_P0"}}, ENV, "has no `default`"),
        ({}, {}, "PAGERDUTY_P0 is not set"),
        ({}, {**ENV, "PAGERDUTY_P0": "a" * 31}, "PAGERDUTY_P0 holds no integration key"),
        ({}, {**ENV, "PAGERDUTY_P0": "a" * 33}, "PAGERDUTY_P0 holds no integration key"),
        ({}, {**ENV, "PAGERDUTY_P0": "-" * 32}, "PAGERDUTY_P0 holds no integration key"),
        ({"url": "http://events.example.com"}, ENV, "give one with https://"),
        ({"url": "events.pagerduty.com"}, ENV, "give one with https://"),
        ({"url": "https://[events"}, ENV, "give one with https://"),
        ({"changes": True}, {**ENV, "PAGERDUTY_P0": "R" + "a" * 31}, "has the key of a ruleset"),
        ({"token": "PAGERDUTY_API"}, ENV, "PAGERDUTY_API is not set"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is(
    tmp_path: Path, options: dict[str, object], env: dict[str, str], sentence: str
) -> None:
    with job(tmp_path, env, **options) as ci, pytest.raises(ConfigError, match=sentence) as raised:
        ci.bound.check(ci.world)
    assert not any(value in str(raised.value) for value in env.values())


def test_what_works_passes(tmp_path: Path) -> None:
    with job(tmp_path, changes=True, token="PAGERDUTY_TOKEN") as ci:  # noqa: S106 - the name of a variable
        ci.bound.check(ci.world)
    assert ci.there.arrived == []


def test_a_run_of_the_main_line_is_a_change_at_each_service(tmp_path: Path) -> None:
    report = reports.regressed()
    run = replace(report.run, aside="", pull_request=None, commit="c" * 40, url=RUN)
    labels = {"repo": "owner/name", "branch": "main"}
    with job(tmp_path, changes=True) as ci:
        beside.follow(replace(report, run=run), labels, [ci.bound], ci.world)
        assert [change["routing_key"] for change in ci.there.changes] == [SERVICE, OTHER]
        change = ci.there.changes[0]
        assert change["payload"]["summary"] == "owner/name main ccccccc: 2 of 16 verdicts failed"
        assert change["links"] == [{"href": RUN, "text": "run"}]
        beside.follow(replace(report, run=replace(run, aside="a branch")), labels, [ci.bound], ci.world)
        beside.follow(replace(report, run=replace(run, pull_request=3)), labels, [ci.bound], ci.world)
        assert (len(ci.there.changes), ci.there.pages) == (2, [])


def test_changes_are_told_only_where_they_are_wanted_and_cost_no_run(tmp_path: Path) -> None:
    report = reports.regressed()
    report = replace(report, run=replace(report.run, aside="", pull_request=None))
    with job(tmp_path) as ci:
        beside.follow(report, {}, [ci.bound], ci.world)
        assert ci.there.arrived == []
    with job(tmp_path, changes=True) as ci:
        ci.there.faults = [Reply(status=400)]
        beside.follow(report, {}, [ci.bound], ci.world)
        assert ci.warned == ["warning: PagerDuty answered 400."]


def test_a_key_that_is_not_set_costs_a_run_no_more_than_a_warning(tmp_path: Path) -> None:
    report = reports.regressed()
    report = replace(report, run=replace(report.run, aside="", pull_request=None))
    with job(tmp_path, {}, changes=True) as ci:
        beside.follow(report, {}, [ci.bound], ci.world)
        (warning,) = ci.warned
    assert warning.startswith("warning: PAGERDUTY_P0 is not set; it holds the integration key")


def test_who_is_on_call_acknowledges_there(tmp_path: Path) -> None:
    about = replace(STREAK, receipts={TARGET: Receipt(ref="", at=AT)})
    elsewhere = replace(STREAK, receipts={"slack #ci": Receipt(ref="", at=AT)})
    with job(tmp_path, token="PAGERDUTY_TOKEN") as ci:  # noqa: S106 - the name of a variable
        ci.tell("opened")
        assert ci.bound.answers([about, elsewhere], ci.world) == []
        ci.there.acknowledge(ci.there.alerts[0], AT + timedelta(minutes=3))
        (said,) = ci.bound.answers([about, elsewhere], ci.world)
    assert (said.key, said.number, said.by, said.how) == (STREAK.key, 1, "on call", "PagerDuty's incident 1")
    assert said.at == AT + timedelta(minutes=3)


def test_an_acknowledgement_of_an_earlier_incident_is_not_before_this_one(tmp_path: Path) -> None:
    about = replace(STREAK, receipts={TARGET: Receipt(ref="", at=AT)})
    with job(tmp_path, token="PAGERDUTY_TOKEN") as ci:  # noqa: S106 - the name of a variable
        ci.tell("opened")
        ci.there.acknowledge(ci.there.alerts[0], AT - timedelta(days=3))
        (said,) = ci.bound.answers([about], ci.world)
    assert said.at == STREAK.opened_at


@pytest.mark.parametrize(
    ("fault", "kind", "sentence"),
    [
        (Reply(status=401), DeniedError, "answered 401 .*; check that PAGERDUTY_TOKEN has a token"),
        (Reply(status=302, headers={"location": "/login"}), DeliveryError, "answered 302 .*; the next run asks again"),
        (Reply(status=500), DeliveryError, "answered 500 .*; the next run asks again"),
        (Reply(status=429), DeliveryError, "answered 429 .*; the next run asks again"),
        (Reply(status=200, body=b"<html>"), DeliveryError, "What PagerDuty says cannot be read"),
    ],
)
def test_pagerduty_does_not_tell(tmp_path: Path, fault: Reply, kind: type[DeliveryError], sentence: str) -> None:
    about = replace(STREAK, receipts={TARGET: Receipt(ref="", at=AT)})
    with job(tmp_path, token="PAGERDUTY_TOKEN") as ci:  # noqa: S106 - the name of a variable
        ci.there.faults = [fault] * 3
        with pytest.raises(DeliveryError, match=sentence) as raised:
            ci.bound.answers([about], ci.world)
    assert type(raised.value) is kind


def test_a_pagerduty_that_drips_is_given_up(tmp_path: Path) -> None:
    about = replace(STREAK, receipts={TARGET: Receipt(ref="", at=AT)})
    with job(tmp_path, token="PAGERDUTY_TOKEN") as ci, pytest.raises(DeliveryError, match="ReadTimeout"):  # noqa: S106
        # Between asking and the first piece of the answer lie 32 seconds.
        ci.bound.answers([about], replace_world(ci.world, monotonic=count(0, 16).__next__))


def test_without_a_token_nobody_asks(tmp_path: Path) -> None:
    about = replace(STREAK, receipts={TARGET: Receipt(ref="", at=AT)})
    with job(tmp_path) as ci:
        assert (ci.bound.answers([about], ci.world), ci.there.arrived) == ((), [])


def test_events_are_encoded_as_they_are_typed() -> None:
    event = events.event(notice("resolved", STREAK, TARGET), "resolve", SERVICE)
    known = {"routing_key": SERVICE, "event_action": "resolve", "dedup_key": STREAK.key}
    assert msgspec.json.decode(msgspec.json.encode(event)) == known
