"""Who acknowledged what in PagerDuty, by its REST API: that, and since when; no names are taken from there."""

from datetime import datetime
from urllib.parse import urlencode

from msgspec import Struct

from edgetpu_ci.incidents.record import Acknowledged, Incident
from edgetpu_ci.notify.asking import Service, ask
from edgetpu_ci.world import World


class _Acknowledgement(Struct):
    at: datetime


class _There(Struct):
    incident_number: int
    acknowledgements: tuple[_Acknowledgement, ...] = ()


class _Page(Struct):
    incidents: tuple[_There, ...]


def acknowledged(events: str, variable: str, incident: Incident, world: World) -> list[Acknowledged]:
    """What PagerDuty says of one of ours, where events go to `events` and `variable` has the token.

    DeliveryError where it does not tell, DeniedError where the token may not know.
    """
    headers = {
        "Authorization": f"Token token={world.env.get(variable, '').strip()}",
        "Accept": "application/vnd.pagerduty+json;version=2",
    }
    step = f"check that {variable} has a token that may read incidents"
    service = Service(name="PagerDuty", url=events.replace("//events.", "//api.", 1), headers=headers, step=step)
    query = urlencode({"incident_key": incident.key, "statuses[]": "acknowledged", "date_range": "all"})
    page = ask(service, f"/incidents?{query}", _Page, world)
    return [_acknowledged(there, incident) for there in page.incidents if there.acknowledgements]


def _acknowledged(there: _There, incident: Incident) -> Acknowledged:
    return Acknowledged(
        key=incident.key,
        number=incident.number,
        by="on call",
        at=max(min(said.at for said in there.acknowledgements), incident.opened_at),
        how=f"PagerDuty's incident {there.incident_number}",
    )
