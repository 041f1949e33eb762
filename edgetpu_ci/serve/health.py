"""What was looked at and how it is, and the two shapes in which that is told. Pure.

One is that of documents on operational monitoring, the other that of the Internet draft
draft-inadarei-api-health-check-06, which orchestrators know.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal, NamedTuple

State = Literal["healthy", "degraded", "unhealthy"]

PLAIN, DRAFT = "application/json", "application/health+json"

_WORST: Final[tuple[State, ...]] = ("unhealthy", "degraded", "healthy")
_STATUS: Final = {"healthy": "pass", "degraded": "warn", "unhealthy": "fail"}
_COMPONENTS: Final = {"process": "system", "store": "datastore", "history": "datastore"}


class Check(NamedTuple):
    """How one thing is, and `seen`: what of it, in a sentence. `observed` is the number behind it, in `unit`."""

    status: State
    seen: str
    observed: float | None = None
    unit: str = ""


Checks = Mapping[str, Check]


def worst(checks: Checks) -> State:
    """As what is worst; where nothing was looked at, nothing is known to be well."""
    found = {check.status for check in checks.values()}
    return next((state for state in _WORST if state in found), "unhealthy")


def http_status(checks: Checks) -> int:
    """503 where somebody must see to it, else 200."""
    return 503 if worst(checks) == "unhealthy" else 200


def plain(checks: Checks, at: datetime, version: str) -> bytes:
    """`status`, `timestamp`, `version`, and each check with its own status and words."""
    told = {name: _told(check) for name, check in checks.items()}
    return _json({"status": worst(checks), "timestamp": at.isoformat(), "version": version, "checks": told})


def draft(checks: Checks, at: datetime, version: str) -> bytes:
    """The same as the draft has it; a name is `component:measurement`, and `output` is told of what is not well."""
    told = {name: [_observed(name.partition(":")[0], check, at)] for name, check in checks.items()}
    return _json({"status": _STATUS[worst(checks)], "releaseId": version, "checks": told})


def _told(check: Check) -> dict[str, object]:
    numbers = {} if check.observed is None else {"observed": check.observed, "unit": check.unit}
    return {"status": check.status, "seen": check.seen, **numbers}


def _observed(component: str, check: Check, at: datetime) -> dict[str, object]:
    numbers = {} if check.observed is None else {"observedValue": check.observed, "observedUnit": check.unit}
    said = {} if check.status == "healthy" else {"output": check.seen}
    return {
        "componentType": _COMPONENTS.get(component, "component"),
        **numbers,
        "status": _STATUS[check.status],
        "time": at.isoformat(),
        **said,
    }


def _json(value: object) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False).encode() + b"\n"
