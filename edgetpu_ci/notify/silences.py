"""What is silenced in an Alertmanager, and since when; who did it is not taken from there."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from msgspec import Struct, field

from edgetpu_ci.incidents.incident import firing
from edgetpu_ci.incidents.record import Acknowledged, Incident
from edgetpu_ci.notify.asking import Service, ask
from edgetpu_ci.supply import web
from edgetpu_ci.world import World

_ALERTS: Final = "/api/v2/alerts?active=false&inhibited=false&unprocessed=false&silenced=true"
_SILENCES: Final = "/api/v2/silences"


class _State(Struct):
    silenced_by: tuple[str, ...] = field(name="silencedBy", default=())


class _Alert(Struct):
    fingerprint: str
    status: _State


class _Silence(Struct):
    id: str
    starts: datetime = field(name="startsAt")


def since(url: str, headers: Mapping[str, str], world: World) -> dict[str, datetime]:
    """When each alert that is silenced there began to be, by its fingerprint."""
    step = "check its `token`"
    service = Service(name=f"Alertmanager at {web.host(url)}", url=url, headers=headers, step=step)
    alerts = ask(service, _ALERTS, list[_Alert], world)
    starts = {one.id: one.starts for one in ask(service, _SILENCES, list[_Silence], world)} if alerts else {}
    by = {alert.fingerprint: [starts[one] for one in alert.status.silenced_by if one in starts] for alert in alerts}
    return {fingerprint: min(times) for fingerprint, times in by.items() if times}


def acknowledged(incident: Incident, since: Mapping[str, datetime], host: str) -> Acknowledged | None:
    """That somebody silenced all alerts of it that fire."""
    wrong = [alert.fingerprint for alert in firing(incident)]
    times = [since[fingerprint] for fingerprint in wrong if fingerprint in since]
    if not times or len(times) < len(wrong):
        return None
    return Acknowledged(
        key=incident.key,
        number=incident.number,
        by="a silence",
        at=max(*times, incident.opened_at),
        how=f"Alertmanager at {host}",
    )
