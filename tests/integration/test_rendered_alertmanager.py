"""Alertmanager with the configuration that we render: it tells whom we would tell, and is understood."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import unquote

import pytest
from msgspec.structs import replace

from edgetpu_ci import config
from edgetpu_ci.config import Config, Step
from edgetpu_ci.config.alerting import Alerting, Silence
from edgetpu_ci.incidents import keys
from edgetpu_ci.stack import silences
from edgetpu_ci.stack.escalation import LABEL
from edgetpu_ci.stack.place import Place
from tests.fakes import engines, routed, routers, routing_drawn
from tests.fakes.alertmanager import Alertmanager
from tests.fakes.pagerduty import PagerDuty, complaints

EXAMPLE = Path(__file__).parents[2] / "examples/alerts/edgetpu-ci.yml"
PLACES = 6
"""The page and the channels of the level and of whom the matrix names at once; and the one of the step."""

CONFIGURATIONS, SCENARIOS, SEED = 4, 15, 16
GROUP = {"alertname": "build_failure_streak", "repo": "owner/name", "branch": 'feature/<!channel> "x"'}
LABELS = {**GROUP, "severity": "critical", "priority": "p0", "subject": "ci.yml"}
SAID = {
    "summary": "Build & deploy",
    "description": "4 builds failed in a row, more than 3",
    "commit": "c0ffee",
    "owner": "<@U0123>",
    "runbook_url": "https://github.com/owner/name/blob/HEAD/runbooks/build_failure_streak.md",
    "other_url": "javascript:alert(1)",
}

pytestmark = pytest.mark.skipif(not engines.find("prometheus-alertmanager"), reason="there is no Alertmanager")


def example(url: str = "https://127.0.0.1:1") -> Config:
    """That of the documentation, its Slack and PagerDuty elsewhere."""
    settings = config.load(EXAMPLE)
    given: dict[str, dict[str, Any]] = {"slack": {"base_url": f"{url}/"}, "pagerduty": {"url": url}}
    told = (Step(use=one.use, with_={**one.with_, **given.get(one.use, {})}) for one in settings.alerting.notify)
    return replace(settings, alerting=replace(settings.alerting, notify=tuple(told)))


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[routed.Heard, Alertmanager]]:
    """What was told of two alerts of one incident and the first step of one of them."""
    with routed.listening() as (base, heard):
        url = f"{base}/0"
        with routed.running(tmp_path_factory.mktemp("example"), example(url), url) as there:
            labels = [LABELS, {**LABELS, "subject": "nightly.yml"}, {**LABELS, LABEL: "15_min"}]
            routed.post(there, ((one, SAID) for one in labels))
            engines.until(lambda: 0 in heard and len(heard[0].bodies) == PLACES)
            yield heard[0], Alertmanager(url=there, pagerduty=PagerDuty())


def slack(heard: routed.Heard, channel: str) -> dict[str, str]:
    """The one message in a channel."""
    (found,) = [body["attachments"][0] for body in heard.bodies if body.get("channel") == channel]
    return dict(found)


def page(heard: routed.Heard) -> dict[str, Any]:
    """The one event for PagerDuty."""
    (found,) = [body for body in heard.bodies if "dedup_key" in body]
    return found


def test_the_same_alerts_are_told_to_the_same(tmp_path: Path) -> None:
    draw = Random(SEED)  # noqa: S311 - drawn again the same
    with routed.listening() as (base, heard):
        drawn = [routing_drawn.drawn(draw, number, base, SCENARIOS) for number in range(CONFIGURATIONS)]
        routed.live(tmp_path, drawn, base, heard)
    found = routed.compare(drawn, heard, routers.right)
    assert (found.scenarios, found.first, found.differing) == (CONFIGURATIONS * SCENARIOS, "", 0)
    for name, mutant in routers.MUTANTS.items():
        assert routed.compare(drawn, heard, mutant).differing, name


def test_pagerduty_is_told_under_the_key_of_our_incident(heard: tuple[routed.Heard, Alertmanager]) -> None:
    assert page(heard[0])["dedup_key"] == keys.group_key("critical", GROUP)


def test_pagerduty_takes_what_it_is_told(heard: tuple[routed.Heard, Alertmanager]) -> None:
    event = page(heard[0])
    assert complaints(event) == []
    assert event["payload"]["summary"] == (
        'owner/name feature/<!channel> "x" CRITICAL build_failure_streak (2 alerts): '
        "4 builds failed in a row, more than 3"
    )
    assert (
        event["payload"]["custom_details"].items()
        >= {"commit": "c0ffee", "owner": "<@U0123>", "priority": "p0"}.items()
    )
    assert event["links"][0] == {"href": SAID["runbook_url"], "text": "runbook"}


def test_slack_is_told_what_is_wrong_and_where_to_read_on(heard: tuple[routed.Heard, Alertmanager]) -> None:
    message = slack(heard[0], "#ci")
    assert message["title"] == "CRITICAL build_failure_streak (2 alerts)"
    first, second, third, *_ = message["text"].splitlines()
    assert first == 'owner/name feature/&lt;!channel&gt; "x"'
    assert second.startswith(
        "• Build &amp; deploy: 4 builds failed in a row, more than 3, subject ci.yml, commit c0ffee"
    )
    assert third.endswith(f" <{SAID['runbook_url']}|runbook>")
    assert "owner: &lt;@U0123&gt;" in message["text"]
    assert "javascript" not in message["text"]


def test_who_hears_later_reads_why(heard: tuple[routed.Heard, Alertmanager]) -> None:
    assert slack(heard[0], "#management")["text"].startswith("Nobody acknowledged it within 15 min.\n")


def test_a_silence_by_the_link_stops_the_steps_too(heard: tuple[routed.Heard, Alertmanager]) -> None:
    told, there = heard
    link = re.search(r"<(\S+)\|silence it>", slack(told, "#ci")["text"])
    assert link
    matchers = re.findall(r'(\w+)=("(?:[^"\\]|\\.)*")', unquote(link[1].replace("&amp;", "&")).partition("filter=")[2])
    given = [{"name": name, "value": json.loads(text), "isRegex": False, "isEqual": True} for name, text in matchers]
    assert len(given) == len(GROUP)
    until = {"startsAt": "2026-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z"}
    there.post("silences", {"matchers": given, "createdBy": "somebody", "comment": "on it", **until})
    assert [one["status"]["state"] for one in there.get("alerts")] == ["suppressed"] * 3


def test_a_script_makes_each_silence_once(heard: tuple[routed.Heard, Alertmanager], tmp_path: Path) -> None:
    _, there = heard
    starts = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    until = starts + timedelta(hours=1)
    planned = Silence(reason="It's being moved", starts=starts, until=until, match={"alertname": "package_unavailable"})
    over = Silence(reason="It was moved", until=starts - timedelta(days=1))
    settings = Config(alerting=Alerting(silences=(planned, over)))
    script = tmp_path / "silences.sh"
    script.write_text(silences.files(settings, Place())[silences.FILE], encoding="utf-8")
    for _ in range(2):
        routed.silence(script, there.url)
    made = [one for one in there.get("silences") if one["createdBy"] == "edgetpu-ci.yml"]
    (found,) = [one for one in made if one["status"]["state"] == "pending"]
    assert found["comment"] == "It's being moved"
    assert (datetime.fromisoformat(found["startsAt"]), datetime.fromisoformat(found["endsAt"])) == (starts, until)
    assert [(one["name"], one["value"]) for one in found["matchers"]] == [("alertname", "package_unavailable")]
