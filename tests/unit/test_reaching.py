"""Who hears of an incident of several alerts, of which some are muted or over."""

import dataclasses

import pytest
from msgspec.structs import replace

from edgetpu_ci import codec
from edgetpu_ci.alerting.reaching import Reaching
from edgetpu_ci.config.alerting import Alerting
from edgetpu_ci.incidents.record import Incident, Step
from tests.fakes.incidents import NOW, alert, incident, resolved
from tests.fakes.notifier import Recording

ALERTING = codec.convert(
    {
        "rules": [{"name": name, "match": "*/x", "above": 0, "channel": f"#{name}"} for name in ("slow", "broken")],
        "contacts": {"cto": {"slack": "@cto"}},
    },
    Alerting,
    "alerting",
)
SLOW, BROKEN = (
    alert(fingerprint=name, rule=name, labels={"alertname": name, "repo": "owner/name"}) for name in ("slow", "broken")
)
BOTH = incident(alerts=(SLOW, BROKEN))


def reaching(*muted: str) -> Reaching:
    return Reaching(alerting=ALERTING, rules=ALERTING.rules, bound={"slack": Recording().bound()}, muted=muted)


@pytest.mark.parametrize(
    ("one", "muted", "expected"),
    [
        (BOTH, (), ("slack #slow", "slack #broken")),
        (BOTH, ("slow",), ("slack #broken",)),
        (BOTH, ("slow", "broken"), None),
        (incident(alerts=(SLOW, replace(BROKEN, state="resolved"))), (), ("slack #slow",)),
        (incident(alerts=(SLOW, replace(BROKEN, state="resolved"))), ("slow",), None),
        (resolved(incident(alerts=(replace(SLOW, state="resolved"),))), ("slow",), ()),
    ],
)
def test_it_is_told_where_an_alert_that_fires_and_is_not_muted_goes(
    one: Incident, muted: tuple[str, ...], expected: tuple[str, ...] | None
) -> None:
    assert reaching(*muted).targets(one) == expected


def test_a_step_goes_to_its_contact_or_to_where_a_way_leads_the_alert() -> None:
    by_name = Recording().bound()._replace(address=lambda labels, _channel: f"#of-{labels['alertname']}")
    reach = dataclasses.replace(reaching(), bound={"slack": by_name})
    one = incident(labels={}, alerts=(SLOW, BROKEN))
    steps = [Step(contact=contact, after="15 min", due=NOW, taken=NOW) for contact in ("cto", "slack", "nobody")]
    assert [reach.escalated(one, step) for step in steps] == [("slack @cto",), ("slack #of-slow",), ()]
