"""Beside Alertmanager itself: the same alerts are inhibited and silenced."""

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec import Struct

from edgetpu_ci.config.alerting import Alerting, Inhibition
from edgetpu_ci.incidents import keys, muting
from edgetpu_ci.incidents.record import Book, Muted
from tests.fakes import alertmanager as engine
from tests.fakes.alertmanager import Alertmanager
from tests.fakes.engines import until

SCENARIOS = 80
VALUES = {
    "alertname": ["a", "b", "c"],
    "severity": ["none", "other", ""],
    "branch": ["main", "dev", ""],
    "machine": ["pi5", ""],
}


class Scenario(Struct):
    """Some alerts of a repository, with rules and silences of its own."""

    alerts: list[dict[str, str]]
    rules: list[Inhibition]
    silences: list[Muted]


def scenario(draw: random.Random, number: int, now: datetime) -> Scenario:
    own = {"repo": f"muting/{number}"}

    def some(least: int, most: int) -> dict[str, str]:
        names = draw.sample(sorted(VALUES), draw.randint(least, most))
        return own | {name: draw.choice(VALUES[name]) for name in names}

    drawn = [some(4, 4) for _ in range(draw.randint(1, 6))]
    alerts = {keys.fingerprint(labels): {n: v for n, v in labels.items() if v} for labels in drawn}
    equal = tuple(draw.sample(["branch", "machine", "severity"], draw.randint(0, 2)))
    return Scenario(
        alerts=[*alerts.values()],
        rules=[Inhibition(source=some(1, 2), target=some(0, 2), equal=equal) for _ in range(draw.randint(1, 3))],
        silences=[
            Muted(match=some(0, 2), until=now + timedelta(hours=1), reason="moving") for _ in range(draw.randint(0, 1))
        ],
    )


def ours(scenarios: list[Scenario], now: datetime) -> dict[str, tuple[bool, bool]]:
    """Whether each alert is inhibited, and silenced."""
    return {
        keys.fingerprint(labels): (
            muting.is_inhibited(labels, one.alerts, one.rules),
            muting.is_silenced(labels, Book(silences=tuple(one.silences)), Alerting(), now),
        )
        for one in scenarios
        for labels in one.alerts
    }


def matchers(match: dict[str, str]) -> list[str]:
    return [f'{name} = "{value}"' for name, value in match.items()]


def configured(scenarios: list[Scenario]) -> str:
    rules = [
        {
            "source_matchers": matchers(rule.source),
            "target_matchers": matchers(rule.target),
            "equal": list(rule.equal),
        }
        for one in scenarios
        for rule in one.rules
    ]
    return f"inhibit_rules: {json.dumps(rules)}\n"


def post(there: Alertmanager, scenarios: list[Scenario], now: datetime) -> None:
    for silence in (silence for one in scenarios for silence in one.silences):
        match = [{"name": name, "value": value, "isRegex": False} for name, value in silence.match.items()]
        span = {"startsAt": now.isoformat(), "endsAt": silence.until.isoformat()}
        there.post("silences", {"matchers": match, **span, "createdBy": "tests", "comment": silence.reason})
    there.post("alerts", [{"labels": labels} for one in scenarios for labels in one.alerts])


def test_the_same_alerts_are_inhibited_and_silenced(tmp_path: Path) -> None:
    if not engine.find():
        pytest.skip("there is no Alertmanager; scripts/engines brings one")
    draw, now = random.Random(8), datetime.now(UTC)  # noqa: S311 - drawn again the same
    scenarios = [scenario(draw, number, now) for number in range(SCENARIOS)]
    expected = ours(scenarios, now)
    assert {(True, False), (False, True), (True, True), (False, False)} == set(expected.values())
    with engine.running(tmp_path, configured(scenarios)) as there:
        post(there, scenarios, now)

        def theirs() -> dict[str, tuple[bool, bool]]:
            states = {one["fingerprint"]: one["status"] for one in there.get("alerts")}
            return {name: (bool(how["inhibitedBy"]), bool(how["silencedBy"])) for name, how in states.items()}

        until(lambda: theirs() == expected)
