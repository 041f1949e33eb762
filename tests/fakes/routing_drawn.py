"""Configurations of alerting and alerts under them, drawn at random: all are right, some are strange."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from edgetpu_ci import config
from edgetpu_ci.config import Config, checking
from edgetpu_ci.config.alerting import Alerting
from edgetpu_ci.config.observability import Observability, Stack
from edgetpu_ci.incidents import keys
from edgetpu_ci.stack import hearing
from edgetpu_ci.stack.escalation import LABEL
from tests.fakes.routers import Numbered, right

SCENARIOS: Final = 20
"""Sets of alerts beside each other, each of a repository of its own, under one configuration."""

_STRANGE = ("main", 'a"b\\c', "<!channel>", "{{ . }}", "ümlaut/ß", "x, y=~z")
_LEVELS = ("info", "warning", "error", "critical")
_TIMES = ("10 min", "15_min", "1_hour", "4_hours", "2_days")


@dataclass(frozen=True)
class Setting:
    """A configuration, its number, and the alerts that fire under it."""

    number: int
    settings: Config
    alerts: Sequence[Numbered]


def drawn(draw: Random, number: int, base: str, scenarios: int = SCENARIOS) -> Setting:
    """A configuration that is right, whose Slack and PagerDuty are below `base`, and alerts."""
    settings = _divided(draw, _alerting(draw, f"{base}/{number}"))
    checking.check(settings.alerting, [one.use for one in settings.observability.stack.notify])
    alerts = [labels for n in range(scenarios) for labels in _scenario(draw, settings, f"{number}/{n}")]
    return Setting(number, settings, [Numbered(n, labels) for n, labels in enumerate(alerts)])


def _divided(draw: Random, alerting: Alerting) -> Config:
    """Where Alertmanager has some ways to itself, jobs have the others."""
    own = [one for one in alerting.notify if one.use in hearing.TOLD]
    if draw.random() < 0.6:
        return Config(alerting=alerting)
    stack = msgspec.convert({"notify": msgspec.to_builtins(own)}, Stack)
    others = tuple(one for one in alerting.notify if one.use not in hearing.TOLD)
    return Config(alerting=replace(alerting, notify=others), observability=Observability(stack=stack))


def _alerting(draw: Random, url: str) -> Alerting:
    ways = [way for way in ("pagerduty", "slack", "issue", "webhook") if draw.random() < 0.8]
    contacts = {name: _contact(draw, ways) for name in ("one", "two", "three", "emergency_contacts") if ways}
    names = [*ways, *contacts, *(["all_channels"] if ways else [])]
    some = partial(_some, draw)
    written = {
        "notify": [{"use": way, "with": _options(draw, way, url)} for way in ways],
        "contacts": contacts,
        "routing": {level: some(names, 3) for level in _LEVELS if draw.random() < 0.7},
        "escalation_matrix": {
            row: {"immediate": some(contacts, 2), **{after: some(contacts, 2) for after in some(_TIMES, 3)}}
            for row in ("p0_critical", "p1", "p2_medium")
        },
        "rules": [_rule(draw, n, contacts) for n in range(draw.randint(2, 7))],
        "group_by": draw.choice([["alertname", "branch", "repo"], ["repo"], ["subject", "repo", "alertname"]]),
        "inhibit": [_inhibition(draw) for _ in range(draw.randint(0, 2))],
        "silences": [_silence(draw) for _ in range(draw.randint(0, 2))],
    }
    return msgspec.convert(written, Alerting)


def _some(draw: Random, names: Sequence[str] | Mapping[str, Any], most: int) -> list[str]:
    found = list(names)
    return draw.sample(found, k=min(draw.randint(0, most), len(found)))


def _contact(draw: Random, ways: Sequence[str]) -> dict[str, str]:
    address = {"slack": f"#{draw.choice('xyz')}", "pagerduty": f"PAGERDUTY_{draw.choice('ABC')}", "issue": "@someone"}
    return {way: address.get(way, "OTHER_HOOK") for way in draw.sample([*ways], k=draw.randint(1, len(ways)))}


def _options(draw: Random, way: str, url: str) -> dict[str, Any]:
    if way == "pagerduty":
        other = {} if draw.random() < 0.3 else {draw.choice(["p0", "p1"]): "PAGERDUTY_B"}
        return {"url": url, "routing_keys": {"default": "PAGERDUTY_A", **other}}
    if way == "slack":
        channel = {} if draw.random() < 0.2 else {"channel": "#ci"}
        told = {"webhook": "SLACK_WEBHOOK_URL"} if draw.random() < 0.3 else {"base_url": f"{url}/"}
        return {**channel, **told}
    return {}


def _rule(draw: Random, number: int, contacts: Mapping[str, Any]) -> dict[str, Any]:
    response = draw.choice([{}, {}, {"response_time": draw.choice(_TIMES)}])
    escalated = {"escalation": draw.choice([*contacts])} if response and contacts and draw.random() < 0.6 else {}
    return {
        "name": f"alert_{number}",
        "match": "*/latency_p99_ms",
        "above": 1,
        "severity": draw.choice(_LEVELS),
        "priority": draw.choice(["", "p0", "p1", "p2"]),
        "channel": draw.choice(["", "", "#own", "#x"]),
        **response,
        **escalated,
    }


def _labels(draw: Random) -> dict[str, str]:
    found = {
        "alertname": f"alert_{draw.randrange(4)}",
        "severity": draw.choice(_LEVELS),
        "branch": draw.choice(_STRANGE[:3]),
        "subject": draw.choice("ab"),
    }
    return {name: found[name] for name in _some(draw, found, 2)}


def _inhibition(draw: Random) -> dict[str, Any]:
    return {"source": _labels(draw), "target": _labels(draw), "equal": _some(draw, ("repo", "branch", "subject"), 3)}


def _silence(draw: Random) -> dict[str, Any]:
    now = datetime.now(UTC)
    starts, until = draw.choice([(None, 2), (-1, 2), (1, 2), (-2, -1)])
    match = {**_labels(draw), "branch": draw.choice(_STRANGE)}
    given = {"reason": 'It is "being" moved', "until": now + timedelta(hours=until), "match": match}
    return {**given, "starts": now + timedelta(hours=starts)} if starts else given


def _scenario(draw: Random, settings: Config, repo: str) -> Iterator[dict[str, str]]:
    """Different alerts of one repository, some with the steps that nobody acknowledging them asks for."""
    seen: set[str] = set()
    rules = config.alert_rules(settings)
    for _ in range(draw.randint(1, 5)):
        rule = draw.choice(rules)
        own = {"alertname": rule.name, "severity": rule.severity, "priority": rule.priority}
        labels = {**own, "repo": repo, "branch": draw.choice(_STRANGE), "subject": draw.choice("ab")}
        labels = {name: value for name, value in labels.items() if value}
        if (name := keys.fingerprint(labels)) not in seen:
            seen.add(name)
            yield labels
            ours = right(settings)
            yield from ({**labels, LABEL: step} for step in sorted(ours.later(rule, labels)) if draw.random() < 0.5)
