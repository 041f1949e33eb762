"""Incidents as a notifier is given them, one for each thing there may be to say."""

from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from edgetpu_ci.incidents.record import Alert, Context, Event, Incident, Intent, Kind, Notice, Sighting
from tests.fakes.world import AT

KEY: Final = "3f9a1c07" * 8
_SITE: Final = "https://github.com/acme/detector"
_LINKS: Final = (
    ("run", f"{_SITE}/actions/runs/815"),
    ("report", f"{_SITE}/actions/runs/815#summary"),
    ("runbook", f"{_SITE}/blob/main/runbooks/build_failure_streak.md"),
    ("issue", f"{_SITE}/issues/93"),
    ("commit", f"{_SITE}/commit/c0ffee1"),
    ("pull request", f"{_SITE}/pull/12"),
    ("compare", f"{_SITE}/compare/9f8e7d6...c0ffee1"),
    ("code", f"{_SITE}/blob/c0ffee1/src/detect.py#L42"),
)
CONTEXT: Final = Context(
    repository="acme/detector",
    author="octocat",
    pull_request="#12",
    commits=4,
    owner="development_team",
    links=_LINKS,
    recent=(0, 0, 1, 0, 1, 2, 3, 4),
)
HOSTILE: Final = (
    "<!channel> <@U012AB> *bold* `code` <https://evil.example|click> @here :tada: > q\n\u202e_x_ " + "A" * 3000
)


def alert(name: str = "ci.yml", because: str = "") -> Alert:
    """The builds of a workflow fail."""
    return Alert(
        fingerprint=f"{len(name):016x}",
        rule="build_failure_streak",
        labels={"alertname": "build_failure_streak", "branch": "main", "repo": "acme/detector", "subject": name},
        state="firing",
        good=Sighting(at=AT - timedelta(hours=2), value=0, commit="9f8e7d6", url=f"{_SITE}/actions/runs/811"),
        bad=Sighting(at=AT, value=1, commit="c0ffee1", url=f"{_SITE}/actions/runs/812"),
        last=Sighting(at=AT + timedelta(hours=3), value=4, commit="d15ea5e", url=f"{_SITE}/actions/runs/815"),
        bad_runs=4,
        since=AT,
        because=because or f"{name} failed 4 times in a row; more than 3 is too many.",
        where="src/detect.py:42",
    )


def incident(*alerts: Alert) -> Incident:
    """One that was opened three hours after the first bad run."""
    return Incident(
        key=KEY,
        number=7,
        labels={"alertname": "build_failure_streak", "branch": "main", "repo": "acme/detector"},
        severity="critical",
        priority="p0",
        alerts=alerts or (alert(),),
        opened_at=_at(180),
        timeline=(Event(at=_at(180), kind="opened", text="4 builds of ci.yml failed in a row."),),
    )


def _at(minutes: int) -> datetime:
    return AT + timedelta(minutes=minutes)


def acknowledged(one: Incident) -> Incident:
    """Somebody takes care of it."""
    event = Event(at=_at(199), kind="acknowledged", text="Taken on by a comment on #93.", by="octocat")
    return replace(
        one, acknowledged_at=event.at, acknowledged_by="octocat", change=one.change + 1, timeline=(*one.timeline, event)
    )


def escalated(one: Incident) -> Incident:
    """Nobody took care of it in time."""
    event = Event(at=_at(195), kind="escalated", text="Nobody acknowledged it within 15 min: tech_lead is told.")
    return replace(one, change=one.change + 1, timeline=(*one.timeline, event))


def resolved(one: Incident) -> Incident:
    """It is over."""
    event = Event(at=_at(270), kind="resolved", text="2 good runs in a row, the first of them of 5eed5ee.")
    over = tuple(replace(each, state="resolved", resolved_at=event.at) for each in one.alerts)
    return replace(one, alerts=over, resolved_at=event.at, change=one.change + 1, timeline=(*one.timeline, event))


def notice(kind: Kind, one: Incident, context: Context = CONTEXT, address: str = "#dev-quality") -> Notice:
    """What a notifier is asked to say of it."""
    intent = Intent(
        id=f"{one.key[:8]}-{one.number}-{one.change}-{kind}",
        key=one.key,
        number=one.number,
        kind=kind,
        change=one.change,
        target=f"slack {address}",
    )
    return Notice(intent=intent, incident=one, address=address, context=context)
