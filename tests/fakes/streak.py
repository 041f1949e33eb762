"""Incidents as tests tell of them: a build that failed four times in a row, and what became of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from edgetpu_ci.incidents.record import Alert, Context, Event, Incident, Intent, Kind, Notice, Receipt, Sighting

REPO = "acme/detector"
KEY = "f329e9e042cf" + "0" * 52
BEGAN = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
BAD, GOOD = "c0ffee" + "1" * 34, "600d" + "2" * 36
ESCALATED = "cto is told, as nobody acknowledged it within 15 min"
LABELS = {
    "alertname": "build_failure_streak",
    "branch": "main",
    "priority": "p0",
    "repo": REPO,
    "severity": "critical",
    "subject": "ci.yml",
}
CONTEXT = Context(
    repository=REPO,
    author="octocat",
    pull_request="#12",
    commits=3,
    owner="@acme/builders",
    links=(
        ("compare", f"https://github.example/{REPO}/compare/{GOOD}...{BAD}"),
        ("run", f"https://github.example/{REPO}/actions/runs/31"),
        ("report", f"https://github.example/{REPO}/blob/edgetpu-ci-data/documents/kpis/2026-03/20260304T050600Z.json"),
        ("runbook", f"https://github.example/{REPO}/blob/{BAD}/runbooks/build_failure_streak.md"),
    ),
)


def seen(minutes: int = 0, commit: str = BAD, value: float = 4) -> Sighting:
    """A run so many minutes after it began."""
    url = f"https://github.example/{REPO}/actions/runs/{31 + minutes}"
    return Sighting(at=BEGAN + timedelta(minutes=minutes), value=value, commit=commit, url=url)


def alert(**parts: Any) -> Alert:
    """The workflow ci.yml that failed."""
    known: dict[str, Any] = {
        "fingerprint": "0" * 16,
        "rule": "build_failure_streak",
        "labels": LABELS,
        "state": "firing",
        "bad": seen(),
        "last": seen(),
        "good": seen(-180, GOOD, 0),
        "bad_runs": 4,
        "since": BEGAN,
        "because": "ci.yml failed 4 times in a row, more than 3",
        "where": ".github/workflows/ci.yml:17",
    }
    return Alert(**{**known, **parts})


def opened(**parts: Any) -> Incident:
    """Of which nobody heard yet."""
    known: dict[str, Any] = {
        "key": KEY,
        "number": 1,
        "labels": {name: LABELS[name] for name in ("alertname", "branch", "repo")},
        "severity": "critical",
        "priority": "p0",
        "alerts": (alert(),),
        "opened_at": BEGAN,
        "timeline": (event("opened", "ci.yml failed 4 times in a row, more than 3"),),
    }
    return Incident(**{**known, **parts})


def event(kind: Kind, text: str, by: str = "", minutes: int = 0) -> Event:
    """A line of the timeline."""
    return Event(at=BEGAN + timedelta(minutes=minutes), kind=kind, text=text, by=by)


def acknowledged(**parts: Any) -> Incident:
    """Taken on after 20 minutes."""
    before = opened()
    line = event("acknowledged", "a comment on #1", "ada", 20)
    known = {
        "change": 2,
        "acknowledged_at": line.at,
        "acknowledged_by": line.by,
        "timeline": (*before.timeline, event("escalated", ESCALATED, minutes=15), line),
    }
    return replace(before, **{**known, **parts})


def resolved(**parts: Any) -> Incident:
    """Over after two hours and ten minutes."""
    before = acknowledged()
    over = event("resolved", "ci.yml passed twice in a row", minutes=130)
    good = alert(state="resolved", resolved_at=over.at, last=seen(130, value=0), good_runs=2)
    known = {"change": 3, "resolved_at": over.at, "alerts": (good,), "timeline": (*before.timeline, over)}
    return replace(before, **{**known, **parts})


def notice(incident: Incident, kind: Kind = "opened", *, address: str = REPO, text: str = "", **parts: Any) -> Notice:
    """What a notifier is told; `ref` is of what it said before."""
    ref = parts.pop("ref", "")
    name = f"{incident.key}/{incident.number}/{incident.change}/issue {address}"
    intent = Intent(
        id=name,
        key=incident.key,
        number=incident.number,
        kind=kind,
        change=incident.change,
        target=f"issue {address}",
        text=text,
    )
    earlier = Receipt(ref=ref, at=incident.opened_at) if ref else None
    known = {"context": CONTEXT, "earlier": earlier}
    return Notice(intent=intent, incident=incident, address=address, **{**known, **parts})
