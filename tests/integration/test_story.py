"""What only a whole shows: an incident's life in one repository, two that share all services, and where secrets go."""

import json
import secrets
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from edgetpu_ci import codec, config, history
from edgetpu_ci.alerting import keeper, responding
from edgetpu_ci.kpis import boundary
from edgetpu_ci.store.folder import Folder
from edgetpu_ci.world import run_process
from tests.fakes import actions, story
from tests.fakes.hub import TOKEN
from tests.fakes.kpi_reports import figure, report
from tests.fakes.loopback import Reply, Request
from tests.fakes.slack_server import HOOK, Slack
from tests.fakes.tracker import Tracker
from tests.fakes.watched import SECRETS, Town, Watched, watched
from tests.fakes.world import Said, world

NAMES = ("ci", "emergency", "security", "leads", "management", "development")
CHANNELS = {f"#{name}": f"C0{name.upper():X<8}" for name in NAMES}
AT_ONCE = {CHANNELS[f"#{name}"] for name in ("ci", "emergency", "security", "leads")}


@pytest.fixture(name="town")
def _town() -> Iterator[Town]:
    slack = Slack(channels=CHANNELS)
    with Town(slack=slack) as town:
        slack.url = town.addresses["slack"]
        yield town


class House:
    """A repository in the town, the store of its jobs, and what these print."""

    def __init__(self, folder: Path, town: Town, name: str = "acme/detector", more: str = "") -> None:
        self.store = Folder(folder / "store")
        self.issues = Tracker(token=TOKEN, repository=name, permissions={"ada": "write"}, at=town.clock.now())
        where = f'{{use: folder, with: {{path: "{folder / "store"}"}}}}'
        self.of: Watched = watched(folder, town, self.issues, name, store=where, more=more)
        self.town, self.said, self.green, self.red = town, Said(), self.of.head, ""

    def look(self, minutes: float = 0) -> None:
        """`alerts`, some minutes later."""
        clock = self.town.clock
        clock.go(clock.now() + timedelta(minutes=minutes))
        here = world(
            self.of.checkout(),
            env=self.of.env,
            now=clock.now,
            token=lambda: secrets.token_hex(8),
            run=run_process,
            github=lambda: actions.connect(self.of.api, TOKEN),
            sleep=lambda _: None,
            out=self.said.append,
            warn=self.said.append,
        )
        told = responding.catch_up(config.load(here.cwd / config.FILE), here.cwd / "edgetpu-ci-report", here)
        self.said += map(str, told.problems)

    def built(self, streak: int, minutes: float = 5) -> None:
        """So many builds have failed in a row now: a run kept its report, and its alerts are looked after."""
        at = self.town.clock.now() + timedelta(minutes=minutes)
        self.red = self.red or self.of.commit("Another delegate (#12)", {"a": b"b"})
        before = [(boundary.FAILED, self.red, 702, 55), (boundary.PASSED, self.green, 701, 65)]
        began = tuple(
            (name, boundary.written(boundary.Build(sha, number, at - timedelta(minutes=ago))))
            for name, sha, number, ago in before
        )
        value = figure("failure_streak", streak, details=(("workflow", "ci.yml"), *began) if streak else ())
        run = codec.encode_json(report([value]))
        kept = json.loads(run)
        kept["run"] |= {"id": f"{at:%Y%m%dT%H%M%SZ}-0", "at": at.isoformat(), "commit": self.of.head, "branch": "main"}
        kept["run"] |= {"url": f"{self.of.server.url}/actions/runs/{9000 + self.of.jobs}"}
        self.store.append(history.KPIS, kept["run"]["id"], json.dumps(kept).encode())
        self.look(minutes)


def threads(slack: object, channel: str) -> list[list[str]]:
    """Of each message in a channel its headline, and the first words of what stands in its thread."""
    assert isinstance(slack, Slack)
    here = Slack(messages=[one for one in slack.messages if one["channel"] == CHANNELS[channel]])
    return [[line.partition(",")[0].partition(" by ")[0] for line in thread] for thread in here.threads()]


def test_four_failing_builds_and_what_becomes_of_them_are_told_once_each(tmp_path: Path, town: Town) -> None:
    house = House(tmp_path, town)
    house.built(3)
    assert town.of("PagerDuty") == []
    house.built(4)
    assert {one["channel"] for one in house_slack(town).messages} == AT_ONCE
    opened = json.dumps(house_slack(town).messages[0])
    for said in (
        "build failure streak of ci.yml is 4, above 3",
        house.red[:7],
        "by octocat in",
        "#12",
        house.green[:7],
    ):
        assert said in opened
    house.look(16)
    assert threads(town.slack, "#management") == [["🔴 CRITICAL: build failure streak", "📣 *Escalated*"]]
    house.issues.comment(1, "/ack", "ada", "MEMBER")
    house.look(1)
    house.look(20)
    assert threads(town.slack, "#development") == [], "escalation has stopped"
    house.built(0)
    house.built(0)
    house.look(10)
    one = ["✅ RESOLVED: build failure streak", "🚨 *Opened*", "✏️ *Updated*", "📣 *Escalated*", "👀 *Acknowledged*"]
    assert threads(town.slack, "#ci") == [[*one, "✅ *Resolved*"]]
    assert [[event["event_action"] for event in one.events] for one in town.pagerduty.alerts] == [
        ["trigger", "acknowledge", "resolve"]
    ]
    assert (len(town.pagerduty.pages), town.pagerduty.dropped) == (1, [])
    assert [(issue.state, issue.reason) for issue in house.issues.issues.values()] == [("closed", "completed")]
    assert (house.said, house.issues.violations) == ([], [])
    assert (keeper.load(house.store).incidents, keeper.load(house.store).outbox) == ((), ())


def house_slack(town: Town) -> Slack:
    assert isinstance(town.slack, Slack)
    return town.slack


def test_two_repositories_with_one_channel_and_one_key_have_an_incident_each(tmp_path: Path, town: Town) -> None:
    one, other = House(tmp_path / "one", town), House(tmp_path / "other", town, "acme/other")
    for house in (one, other):
        house.built(4)
    other.issues.comment(1, "/ack", "ada", "MEMBER")
    other.look(1)
    for _ in range(2):
        one.built(0)
    assert {alert.events[0]["payload"]["source"] or "": alert.state for alert in town.pagerduty.alerts} == {
        "acme/detector": "resolved",
        "acme/other": "acknowledged",
    }
    assert len({alert.dedup_key for alert in town.pagerduty.alerts}) == 2
    told = {channel: threads(town.slack, channel) for channel in ("#ci", "#leads")}
    assert told["#ci"] == told["#leads"]
    over, taken = sorted(told["#ci"], key=len, reverse=True)
    assert (over[0], over[-1]) == ("✅ RESOLVED: build failure streak", "✅ *Resolved*")
    assert (taken[0], taken[-1]) == ("👀 ACKNOWLEDGED: build failure streak", "👀 *Acknowledged*")
    for channel in story.channels(town.heard).values():
        for ts, message in channel.messages.items():
            written = json.dumps([message, *channel.threads[ts]])
            assert ("acme/detector" in written) != ("acme/other" in written)
    assert [(house.issues.issues[1].state, len(house.issues.issues)) for house in (one, other)] == [
        ("closed", 1),
        ("open", 1),
    ]
    assert (one.said, other.said) == ([], [])


MORE = """\
    - use: webhook
    - use: alertmanager
      with: {{url: "{alertmanager}", token: ALERTMANAGER_TOKEN}}
"""
PLANTED = {
    **SECRETS,
    "SLACK_WEBHOOK_URL": f"https://hooks.example.org{HOOK}",
    "PAGERDUTY_TOKEN": "planted-reader-of-pagerduty",
    "EDGETPU_CI_WEBHOOK_SECRET": "planted-signature-of-webhooks",
    "ALERTMANAGER_TOKEN": "planted-bearer-of-alertmanager",
}


def echo(request: Request) -> Reply:
    """A service that refuses, and says in whatever words what it was sent."""
    login = request.headers.get("authorization", "")
    said = f"echo of {login} {request.target} {request.body.decode()}"
    known = {"ok": False, "error": said, "message": said, "errors": [said], "code": 400}
    return Reply(status=400, body=json.dumps(known).encode(), headers={"content-type": "application/json"})


@pytest.mark.parametrize("echoing", [False, True], ids=["all is well", "who is told echoes what it was sent"])
def test_no_secret_is_written_anywhere_or_told_to_others(tmp_path: Path, town: Town, *, echoing: bool) -> None:
    hook = town.door("webhook", echo if echoing else lambda _: Reply(status=200))
    alerts = town.door("Alertmanager", echo if echoing else lambda _: Reply(status=200, body=b"[]"))
    if echoing:
        town.addresses |= {"slack": town.door("Slack", echo), "pagerduty": town.door("PagerDuty", echo)}
    house = House(tmp_path, town, more=MORE.format(alertmanager=alerts))
    text = (
        (house.of.work / "edgetpu-ci.yml").read_text().replace("routing_keys:", "token: PAGERDUTY_TOKEN, routing_keys:")
    )
    house.of.commit("Who acknowledged is asked", {"edgetpu-ci.yml": text.encode()})
    house.of.secrets |= {**PLANTED, "EDGETPU_CI_WEBHOOK_URL": f"{hook}/planted"}
    if echoing:
        house.issues.fail(400, times=20, message=f"echo of {TOKEN}")
    house.built(4)
    house.look(16)
    written = {f"{path}": path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    printed = "\n".join(house.said)
    assert story.leaks(town, PLANTED, {**written, "what was printed": printed.encode()}) == []
    assert ("echo of" in printed) is echoing
