"""PagerDuty's Events API v2 and its list of incidents, by their documentation; no code or text of theirs.

What is documented: the fields (PagerDuty/api-schema, reference/events-v2), the sizes, which event meets which alert and
which answer means what (PagerDuty/developer-docs, docs/events-API-v2). Not documented, and ours: the words of most
complaints, and that a key nobody has is refused and not dropped.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import jsonschema

from tests.fakes.loopback import Reply, Request
from tests.fakes.world import AT

SERVICE: Final = "c0ffee" * 5 + "00"
OTHER: Final = "facade" * 5 + "11"
THIRD: Final = "decade" * 5 + "22"
TOKEN: Final = "u+read_only_token"  # noqa: S105 - of nothing
MOST_BYTES: Final = 512 * 1000
"""512 KB, the smaller way to read it."""

_TEXT: Final = {"type": "string"}
_LINKS: Final = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["href"],
        "properties": {"href": {"type": "string", "pattern": "^https?://[!-~]+$"}, "text": _TEXT},
        "additionalProperties": False,
    },
}
_OF_BOTH: Final = {
    "summary": {"type": "string", "minLength": 1, "maxLength": 1024},
    "source": {"type": "string", "minLength": 1},
    "timestamp": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)$"},
    "custom_details": {"type": "object"},
}
_ALERT: Final = {
    "type": "object",
    "required": ["routing_key", "event_action"],
    "properties": {
        "routing_key": {"type": "string", "minLength": 32, "maxLength": 32},
        "event_action": {"enum": ["trigger", "acknowledge", "resolve"]},
        "dedup_key": {"type": "string", "minLength": 1, "maxLength": 255},
        "client": _TEXT,
        "client_url": {"type": "string", "pattern": "^https?://[!-~]+$"},
        "links": _LINKS,
        "images": {"type": "array"},
        "payload": {
            "type": "object",
            "required": ["summary", "source", "severity"],
            "properties": {
                **_OF_BOTH,
                "severity": {"enum": ["critical", "error", "warning", "info"]},
                **dict.fromkeys(("component", "group", "class"), _TEXT),
            },
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
    "if": {"properties": {"event_action": {"const": "trigger"}}},
    "then": {"required": ["payload"]},
    "else": {"required": ["dedup_key"]},
}
_CHANGE: Final = {
    "type": "object",
    "required": ["routing_key", "payload"],
    "properties": {
        "routing_key": {"type": "string", "pattern": "^[^R].{31}$"},
        "links": _LINKS,
        "payload": {
            "type": "object",
            "required": ["summary"],
            "properties": _OF_BOTH,
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}


@dataclass
class There:
    """An alert there, with the incident it makes: its state and every event that met it."""

    routing_key: str
    dedup_key: str
    number: int
    state: str = "triggered"
    events: list[dict[str, Any]] = field(default_factory=list)
    acknowledged_at: datetime | None = None


@dataclass
class PagerDuty:
    """Three services, by their keys; `faults` are given out first, `pages` are what somebody was woken with."""

    alerts: list[There] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    dropped: list[dict[str, Any]] = field(default_factory=list)
    faults: list[Reply] = field(default_factory=list)
    arrived: list[Request] = field(default_factory=list)

    def answer(self, request: Request) -> Reply:
        """What it answers."""
        self.arrived.append(request)
        if self.faults:
            return self.faults.pop(0)
        path = urlsplit(request.target).path
        if request.verb == "GET" and path == "/incidents":
            return self._incidents(request)
        schema = {"/v2/enqueue": _ALERT, "/v2/change/enqueue": _CHANGE}.get(path)
        if request.verb != "POST" or schema is None:
            return Reply(status=404)
        return self._taken(request.body, schema)

    def open(self, dedup_key: str, routing_key: str = SERVICE) -> There | None:
        """The alert that is not over, if there is one."""
        found = [one for one in self.alerts if (one.routing_key, one.dedup_key) == (routing_key, dedup_key)]
        return found[-1] if found and found[-1].state != "resolved" else None

    def _taken(self, body: bytes, schema: Mapping[str, Any]) -> Reply:
        if len(body) > MOST_BYTES:
            return _invalid(f"Event is {len(body)} bytes, more than {MOST_BYTES}", status=413)
        try:
            event = json.loads(body)
        except ValueError:
            return _invalid("JSON parse error")
        errors = complaints(event, schema)
        if errors or event["routing_key"] not in {SERVICE, OTHER, THIRD, *(one.routing_key for one in self.alerts)}:
            return _invalid(*errors or ["Invalid routing key"])
        if "event_action" not in event:
            self.changes.append(event)
        else:
            self._happened(event)
        done = {"status": "success", "message": "Event processed", "dedup_key": event.get("dedup_key", "")}
        return Reply(status=202, body=json.dumps(done).encode())

    def _happened(self, event: dict[str, Any]) -> None:
        """A trigger joins the open alert with its keys or opens one; other events without one are dropped."""
        known = self.open(event["dedup_key"], event["routing_key"])
        if event["event_action"] != "trigger" and known is None:
            self.dropped.append(event)
            return
        if known is None:
            known = There(event["routing_key"], event["dedup_key"], number=len(self.alerts) + 1)
            self.alerts.append(known)
            self.pages.append(event["payload"]["summary"])
        known.events.append(event)
        if event["event_action"] == "acknowledge":
            self.acknowledge(known, AT)
        elif event["event_action"] == "resolve":
            known.state = "resolved"

    @staticmethod
    def acknowledge(known: There, at: datetime) -> None:
        """Somebody takes it on."""
        known.state, known.acknowledged_at = "acknowledged", known.acknowledged_at or at

    def _incidents(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"Token token={TOKEN}":
            return Reply(status=401, body=b'{"error": {"code": 2006, "message": "You cannot access this resource"}}')
        assert request.headers["accept"] == "application/vnd.pagerduty+json;version=2"
        query = parse_qs(urlsplit(request.target).query)
        assert query["date_range"] == ["all"], "else only a month is looked through"
        found = [
            {
                "incident_number": one.number,
                "status": one.state,
                "acknowledgements": [
                    {"at": one.acknowledged_at.isoformat(), "acknowledger": {"summary": "Somebody with a Name"}}
                ]
                if one.acknowledged_at
                else [],
            }
            for one in self.alerts
            if one.dedup_key in query["incident_key"] and one.state in query["statuses[]"]
        ]
        return Reply(status=200, body=json.dumps({"incidents": found, "limit": 25, "more": False}).encode())


def complaints(event: object, schema: Mapping[str, Any] = _ALERT) -> list[str]:
    """What is wrong with an event, by the documentation."""
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(event)]


def _invalid(*errors: str, status: int = 400) -> Reply:
    said = {"status": "invalid event", "message": "Event object is invalid", "errors": list(errors)}
    return Reply(status=status, body=json.dumps(said).encode())
