"""What is rendered for Alertmanager: who is told of what, with which secrets, and who hears later."""

import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from edgetpu_ci import config, stack
from edgetpu_ci.config import Config
from edgetpu_ci.config.observability import Observability
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.stack import alertmanager, escalation, messages, silences
from edgetpu_ci.stack.place import Place
from tests.fakes import engines, snapshots

EXAMPLE = Path(__file__).parents[2] / "examples/alerts/edgetpu-ci.yml"
WAYS = [{"use": "pagerduty"}, {"use": "issue"}, {"use": "slack", "with": {"channel": "#ci"}}]
FAILED = {"name": "failed", "match": "*/build_failure_streak", "above": 3, "severity": "critical"}
SLOW = {"name": "slow", "match": "*/build_time", "above": 300}


def settings(*rules: dict[str, Any], **alerting: Any) -> Config:
    """A configuration with these alerts."""
    return msgspec.convert({"alerting": {"rules": rules, "notify": WAYS, **alerting}}, Config)


def written(config: Config) -> Any:
    """What Alertmanager reads."""
    return yaml.safe_load(alertmanager.files(config, Place())[alertmanager.FILE])


def routes(config: Config) -> list[tuple[str, str, bool]]:
    """By which matchers who is told, and whether the next routes are looked at too."""
    found = written(config)["route"]["routes"]
    return [(", ".join(one["matchers"]), one["receiver"], one.get("continue", False)) for one in found]


def receiver(config: Config, name: str) -> Any:
    """The one of that name."""
    (found,) = [one for one in written(config)["receivers"] if one["name"] == name]
    return found


def level(name: str) -> str:
    """The matcher of a level."""
    return f'severity="{name}"'


LEVELS = [
    (level("critical"), "pagerduty PAGERDUTY_ROUTING_KEY, slack #ci", False),
    (level("error"), "pagerduty PAGERDUTY_ROUTING_KEY, slack #ci", False),
    (level("warning"), "slack #ci", False),
    (level("info"), "nobody", False),
]


def test_each_level_tells_whom_routing_names() -> None:
    assert routes(settings(FAILED, SLOW)) == LEVELS


def test_what_no_level_takes_is_told_to_nobody() -> None:
    root = written(settings(FAILED))["route"]
    assert (root["receiver"], root["group_by"]) == ("nobody", ["alertname", "branch", "repo"])


def test_a_channel_stands_in_place_of_the_usual_one() -> None:
    found = routes(settings({**SLOW, "channel": "#speed"}))
    assert found[2] == ('severity="warning", alertname="slow"', "slack #speed", False)


def test_whom_the_matrix_names_at_once_hears_beside_the_level() -> None:
    more = {"contacts": {"lead": {"slack": "#leads"}}, "escalation_matrix": {"p0": {"immediate": ["lead"]}}}
    found = routes(settings({**FAILED, "priority": "p0"}, {**FAILED, "name": "other"}, **more))
    assert found[:2] == [('severity="critical", alertname="failed"', "slack #leads", True), LEVELS[0]]


PAGERS = {"use": "pagerduty", "with": {"routing_keys": {"p0": "PD_P0", "default": "PD_OTHER"}}}


def test_the_key_that_most_page_by_is_that_of_the_level() -> None:
    urgent = [{**FAILED, "name": name, "priority": "p0"} for name in ("a", "b")]
    found = routes(settings(FAILED, *urgent, notify=[PAGERS]))
    assert found[:2] == [
        ('severity="critical", alertname="failed"', "pagerduty PD_OTHER", False),
        (level("critical"), "pagerduty PD_P0", False),
    ]


def test_alerts_that_are_told_alike_share_a_route() -> None:
    found = routes(settings({**SLOW, "channel": "#speed"}, {**SLOW, "name": "slower", "channel": "#speed"}))
    assert found[2][0] == 'severity="warning", alertname=~"slow|slower"'


def test_what_only_a_job_can_tell_is_said_in_the_file() -> None:
    ways = [*WAYS, {"use": "webhook"}, {"use": "alertmanager", "with": {"url": "http://alertmanager:9093"}}]
    text = alertmanager.files(settings(FAILED, notify=ways), Place())[alertmanager.FILE]
    assert text.splitlines()[1] == "# Only a job of edgetpu-ci can tell by: issue, webhook."


TO_ITSELF: list[dict[str, Any]] = [{"use": "slack", "with": {"channel": "#all"}}, {"use": "pagerduty"}]


def test_alertmanager_may_tell_by_other_ways_than_jobs() -> None:
    contacts = {"cto": {"slack": "#cto", "issue": "@cto"}, "writer": {"issue": "@writer"}}
    routing = {"warning": ["issue", "slack", "writer"], "critical": ["all_channels", "cto"]}
    found = settings(FAILED, SLOW, notify=[{"use": "issue"}], routing=routing, contacts=contacts)
    assert {to for _, to, _ in routes(found)} == {"nobody"}
    found = msgspec.structs.replace(found, observability=stack_of(TO_ITSELF))
    told = {which: to for which, to, _ in routes(found)}
    assert told[level("critical")] == "slack #all, pagerduty PAGERDUTY_ROUTING_KEY, slack #cto"
    assert told[level("warning")] == "slack #all"
    assert alertmanager.secrets(found) == ("PAGERDUTY_ROUTING_KEY", "SLACK_BOT_TOKEN")
    text = alertmanager.files(found, Place())[alertmanager.FILE]
    assert text.splitlines()[1] == "# Only a job of edgetpu-ci can tell by: issue."


def test_ways_of_jobs_are_none_of_alertmanagers_where_it_has_its_own() -> None:
    step = {"escalation_matrix": {"p0": {"15_min": ["cto"]}}, "contacts": {"cto": {"slack": "#cto"}}}
    found = settings({**FAILED, "priority": "p0", "channel": "#own"}, **step)
    found = msgspec.structs.replace(found, observability=stack_of([{"use": "pagerduty"}]))
    assert {to for _, to, _ in routes(found)} == {"pagerduty PAGERDUTY_ROUTING_KEY", "nobody"}
    assert twins(found) == []


def test_an_option_of_its_own_way_that_there_is_none_of_is_named_with_its_place() -> None:
    wrong = stack_of([{"use": "slack", "with": {"chanel": "#ci"}}])
    with pytest.raises(ConfigError, match=r"observability\.stack\.notify\[0\]\.with"):
        alertmanager.files(msgspec.structs.replace(settings(FAILED), observability=wrong), Place())


def stack_of(ways: Sequence[dict[str, Any]]) -> Observability:
    """With ways that Alertmanager has to itself."""
    return msgspec.convert({"stack": {"notify": ways}}, Observability)


def test_secrets_are_files_called_as_their_variables() -> None:
    found = receiver(settings(FAILED), LEVELS[0][1])
    (page,), (message,) = found["pagerduty_configs"], found["slack_configs"]
    assert page["routing_key_file"] == "/etc/alertmanager/secrets/PAGERDUTY_ROUTING_KEY"
    token = "/etc/alertmanager/secrets/SLACK_BOT_TOKEN"  # noqa: S105 - a file
    assert message["http_config"]["authorization"] == {"credentials_file": token}
    assert written(settings(FAILED))["global"] == {
        "pagerduty_url": "https://events.pagerduty.com/v2/enqueue",
        "slack_api_url": "https://slack.com/api/chat.postMessage",
    }


@pytest.mark.parametrize(
    ("options", "is_webhook"),
    [({"webhook": "HOOK"}, True), ({"webhook": "HOOK", "token": "TOKEN"}, False), ({"token": "TOKEN"}, False)],
)
def test_slack_is_told_by_the_bot_unless_only_a_webhook_is_named(options: dict[str, str], is_webhook: bool) -> None:  # noqa: FBT001
    found = settings(FAILED, notify=[{"use": "slack", "with": {"channel": "#ci", **options}}])
    (message,) = receiver(found, "slack #ci")["slack_configs"]
    address = {"slack_api_url_file": "/etc/alertmanager/secrets/HOOK"}
    assert (written(found)["global"] == address, "http_config" not in message) == (is_webhook, is_webhook)


def test_a_channel_is_no_template() -> None:
    found = written(settings({**SLOW, "channel": "#{{ .Status }}"}))
    channels = [message["channel"] for one in found["receivers"] for message in one.get("slack_configs", [])]
    assert '#{{"{"}}{{"{"}} .Status }}' in channels


def test_inhibitions_are_as_ours() -> None:
    rules = [{"source": {"alertname": "failed"}, "target": {"severity": 'a "word" \\ of\nmore'}}]
    assert written(settings(FAILED, inhibit=rules))["inhibit_rules"] == [
        {
            "source_matchers": ['alertname="failed"'],
            "target_matchers": ['severity="a \\"word\\" \\\\ of\\nmore"'],
            "equal": ["repo", "branch"],
        }
    ]


def test_without_alerts_there_is_nothing() -> None:
    assert all(part.files(Config(), Place()) == {} for part in (alertmanager, escalation, silences))


MATRIX = {"p0": {"15_min": ["cto"], "4 hours": ["cto", "pager"]}}
CONTACTS = {"cto": {"slack": "#cto"}, "pager": {"pagerduty": "PD_LAST"}, "writer": {"issue": "@writer"}}


def twins(config: Config) -> list[tuple[str, str, str]]:
    """Which alert has which step after which time."""
    text = escalation.files(config, Place()).get(escalation.FILE)
    rules = yaml.safe_load(text)["groups"][0]["rules"] if text else []
    return [(one["alert"], one["labels"]["escalation"], one["for"]) for one in rules]


def test_a_step_is_the_same_alert_that_fires_later() -> None:
    found = settings({**FAILED, "priority": "p0", "for": "5 min"}, escalation_matrix=MATRIX, contacts=CONTACTS)
    assert twins(found) == [("failed", "15_min", "1200s"), ("failed", "4_h", "14700s")]
    own, *_ = yaml.safe_load(stack.files(found, Place())["prometheus/rules/alerts.yml"])["groups"][0]["rules"]
    twin, *_ = yaml.safe_load(escalation.files(found, Place())[escalation.FILE])["groups"][0]["rules"]
    later = {"for": "1200s", "labels": {**own["labels"], "escalation": "15_min"}}
    assert twin == own | later


def test_steps_are_told_first_and_to_nobody_else() -> None:
    found = routes(settings({**FAILED, "priority": "p0"}, escalation_matrix=MATRIX, contacts=CONTACTS))
    which = 'severity="critical", escalation="{}", alertname="failed"'
    assert found[:2] == [
        (which.format("15_min"), "slack #cto", False),
        (which.format("4_h"), "slack #cto, pagerduty PD_LAST", False),
    ]


def test_a_response_time_that_nobody_kept_is_told_to_its_escalation_else_again_to_all() -> None:
    named = {**FAILED, "response_time": "< 1 hour", "escalation": "cto"}
    again = {**SLOW, "response_time": "30 days"}
    found = settings(named, again, contacts=CONTACTS)
    assert twins(found) == [("failed", "1_h", "3600s"), ("slow", "30_d", "2592000s")]
    assert [to for which, to, _ in routes(found) if "escalation" in which] == ["slack #cto", "slack #ci"]


def test_a_step_takes_a_minute_at_least() -> None:
    assert twins(settings({**SLOW, "response_time": "10 s"})) == [("slow", "1_min", "60s")]


def test_steps_at_one_time_are_one() -> None:
    named = {**FAILED, "priority": "p0", "response_time": "15 min", "escalation": "pager"}
    found = settings(named, escalation_matrix={"p0": {"15_min": ["cto"]}}, contacts=CONTACTS)
    assert twins(found) == [("failed", "15_min", "900s")]
    assert routes(found)[0][1] == "slack #cto, pagerduty PD_LAST"


def test_a_step_that_only_a_job_can_take_has_no_twin() -> None:
    found = settings({**FAILED, "priority": "p0"}, escalation_matrix={"p0": {"15_min": ["writer"]}}, contacts=CONTACTS)
    assert (twins(found), routes(found)) == ([], LEVELS)


def test_silences_are_made_by_a_script_that_quotes_them() -> None:
    until = datetime(2027, 1, 4, 13, tzinfo=UTC)
    planned = {
        "reason": "It's $(moved)\nnow",
        "until": until,
        "starts": until.replace(hour=8),
        "match": {"repo": "a b"},
    }
    text = silences.files(settings(silences=[planned, {"reason": "all", "until": until}]), Place())[silences.FILE]
    first, second = [line for line in text.splitlines() if line.startswith("silence 2")]
    assert first == (
        "silence 2027-01-04T13:00:00Z --start=2027-01-04T08:00:00Z "
        """'--comment=It'"'"'s $(moved) now' 'repo="a b"'"""
    )
    assert second == """silence 2027-01-04T13:00:00Z --comment=all 'alertname=~".+"'"""


def test_the_configuration_as_it_is_read() -> None:
    example = settings(
        {**FAILED, "priority": "p0", "owner": "ci"},
        {**SLOW, "channel": "#speed"},
        escalation_matrix=MATRIX,
        contacts=CONTACTS,
        inhibit=[{"source": {"alertname": "failed"}, "target": {"severity": "warning"}}],
    )
    snapshots.check("alertmanager.yml", alertmanager.files(example, Place())[alertmanager.FILE])


@pytest.fixture
def rendered(tmp_path: Path) -> Path:
    """The folder with what is rendered of the example."""
    for path, text in stack.files(config.load(EXAMPLE), Place()).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    return tmp_path


def said(program: str, *arguments: Path | str) -> str:
    """What a program says that is to find nothing wrong."""
    place = engines.find(program)
    if not place:
        pytest.skip(f"there is no {program}")
    return subprocess.run([place, *arguments], check=True, capture_output=True, text=True).stdout


def test_alertmanager_takes_it(rendered: Path) -> None:
    assert "SUCCESS" in said("amtool", "check-config", rendered / alertmanager.FILE)


@pytest.mark.parametrize(
    ("told", "labels"),
    [
        ("slack #dev-quality", ["severity=warning", "alertname=test_coverage_drop"]),
        ("slack #management", ["severity=critical", "alertname=build_failure_streak", "escalation=15_min"]),
        ("slack #ci", ["severity=warning", "alertname=of_another"]),
        ("nobody", ["severity=none"]),
    ],
)
def test_alertmanager_routes_it(rendered: Path, told: str, labels: Sequence[str]) -> None:
    file = f"--config.file={rendered / alertmanager.FILE}"
    assert said("amtool", "config", "routes", "test", file, *labels).strip() == told


def test_prometheus_takes_the_steps(rendered: Path) -> None:
    assert "21 rules found" in said("promtool", "check", "rules", rendered / escalation.FILE)


def test_texts_are_written_beside_it() -> None:
    assert alertmanager.files(settings(FAILED), Place())[messages.FILE].startswith(
        "{{/* Written by `edgetpu-ci render`"
    )
