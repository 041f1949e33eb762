"""Where an alert is said."""

from typing import Any

import pytest

from edgetpu_ci import codec
from edgetpu_ci.config.alerting import Alerting, AlertRule
from edgetpu_ci.incidents import routing


def only(address: str) -> Any:
    return lambda _labels, _channel: address


ADDRESSES: routing.Addresses = {
    "slack": lambda _labels, channel: channel or "#ci",
    "pagerduty": lambda labels, _channel: f"PAGERDUTY_{labels['priority'].upper()}" if "priority" in labels else "",
    "issue": only("o/r"),
}
SETTINGS = codec.convert(
    {
        "notify": [{"use": "slack"}, {"use": "pagerduty"}, {"use": "issue"}],
        "contacts": {
            "emergency_contacts": {"slack": "#emergency"},
            "security_team": {"slack": "#security", "pagerduty": "PAGERDUTY_SECURITY"},
            "cto": {"slack": "@cto"},
        },
        "escalation_matrix": {"p0_critical": {"immediate": ["security_team"], "15_min": ["cto"]}},
    },
    Alerting,
    "alerting",
)


def said(settings: Alerting = SETTINGS, addresses: routing.Addresses = ADDRESSES, **rule: Any) -> tuple[str, ...]:
    made = codec.convert({"name": "a", "match": "*", "above": 1, **rule}, AlertRule, "a rule")
    labels = {"alertname": "a"} | ({"priority": made.priority} if made.priority else {})
    return routing.targets(settings, addresses, made, labels)


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("info", ()),
        ("warning", ("issue o/r", "slack #ci")),
        ("error", ("issue o/r", "slack #ci")),
        ("critical", ("slack #ci", "issue o/r", "slack #emergency")),
    ],
)
def test_each_level_takes_its_ways(level: str, expected: tuple[str, ...]) -> None:
    assert said(severity=level) == expected


def test_a_channel_stands_in_place_of_the_usual_one() -> None:
    assert said(channel="#dev-quality") == ("issue o/r", "slack #dev-quality")


def test_a_channel_is_told_also_where_its_level_takes_no_slack() -> None:
    assert said(severity="info", channel="#dev") == ("slack #dev",)


def test_whom_the_matrix_tells_at_once_hears_with_the_first_and_later_ones_do_not() -> None:
    assert said(severity="critical", priority="p0") == (
        "slack #ci",
        "pagerduty PAGERDUTY_P0",
        "issue o/r",
        "slack #emergency",
        "slack #security",
        "pagerduty PAGERDUTY_SECURITY",
    )


def test_the_same_place_is_told_once() -> None:
    assert said(priority="p0", channel="#security") == (
        "issue o/r",
        "slack #security",
        "pagerduty PAGERDUTY_SECURITY",
    )


def test_a_way_that_is_not_listed_is_none() -> None:
    assert said(addresses={"issue": only("o/r")}, severity="error") == ("issue o/r",)


def test_a_contact_is_not_told_by_a_way_that_is_not_listed() -> None:
    assert said(addresses={"slack": only("#ci")}, priority="p0") == ("slack #ci", "slack #security")


def test_a_table_of_ones_own_may_name_contacts_and_leave_levels_out() -> None:
    settings = codec.convert(
        {"routing": {"info": ["cto"]}, "contacts": {"cto": {"slack": "@cto"}}}, Alerting, "alerting"
    )
    assert said(settings, severity="info") == ("slack @cto",)
    assert said(settings) == ("issue o/r", "slack #ci")
