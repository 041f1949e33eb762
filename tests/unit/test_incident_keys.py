"""Keys of alerts and incidents are those that Alertmanager makes."""

from hashlib import sha256

import pytest

from edgetpu_ci.incidents.keys import fingerprint, group_key

STREAK = {"alertname": "build_failure_streak", "branch": "main", "repo": "o/r"}


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({}, "cbf29ce484222325"),
        (STREAK | {"severity": "critical", "subject": "ci.yml"}, "9ac60f4fdf05b835"),
        ({"alertname": "x", "subject": 'a "quoted" \\ name\twith é and 雪', "repo": "o/r"}, "43ffbe97550df220"),
        ({"alertname": "x", "repo": "o/r"}, "7af6f1cb09f1fbd6"),
        ({"repo": "o/r", "branch": "", "alertname": "x"}, "7af6f1cb09f1fbd6"),
    ],
)
def test_an_alert_has_the_fingerprint_that_alertmanager_0_25_gave_it(labels: dict[str, str], expected: str) -> None:
    assert fingerprint(labels) == expected


def test_a_label_that_only_moves_its_border_makes_another_alert() -> None:
    assert fingerprint({"a": "bc"}) != fingerprint({"ab": "c"})


def test_an_incident_has_the_key_that_alertmanager_gives_pagerduty() -> None:
    assert group_key("critical", STREAK) == "f329e9e042cffb68a67f1e7b4fb76da1d1bcaa76c167de850a734dd9210b113b"


def test_a_label_that_is_empty_is_none() -> None:
    assert group_key("critical", STREAK | {"machine": ""}) == group_key("critical", STREAK)


def test_values_are_quoted_as_go_does() -> None:
    quoted = r'{}/{severity="warning"}:{subject="a\"b\\c\n\x1b\x7f\u202e\uffff雪\U0001ffff\U000e0001"}'
    value = 'a"b\\c\n\x1b\x7f\u202e\uffff雪\U0001ffff\U000e0001'
    assert group_key("warning", {"subject": value}) == sha256(quoted.encode()).hexdigest()
