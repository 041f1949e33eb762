"""Messages of each kind as we say them in Slack: their snapshots are tested, and scripts/slack-preview shows them."""

from edgetpu_ci.digest import Known, compose
from edgetpu_ci.incidents.record import Context, Incident, Kind
from edgetpu_ci.render.slack import digest as rendering
from edgetpu_ci.render.slack import incident
from edgetpu_ci.render.slack.message import Message
from tests.fakes import digests
from tests.fakes import slack_notices as notices
from tests.fakes.slack_notices import notice

_OPEN = notices.incident()
_MANY = notices.incident(*[notices.alert(f"workflow-{n}.yml") for n in range(200)])
_HOSTILE = notices.incident(notices.alert(notices.HOSTILE, notices.HOSTILE))
_EVIL = Context(
    repository=notices.HOSTILE,
    author=notices.HOSTILE,
    pull_request=notices.HOSTILE,
    owner=notices.HOSTILE,
    links=((notices.HOSTILE, "https://ok.example/?q=<!here>"), (notices.HOSTILE, "https://ok.example/")),
)
_TAKEN = notices.acknowledged(notices.escalated(_OPEN))


def _of_digest(known: Known) -> list[Message]:
    """The message, and that of its thread."""
    digest = compose(known)
    details = rendering.thread(digest, next(iter(known.kpis), None))
    return [rendering.whole(digest, threaded=True), *([details] if details else [])]


SAMPLES: dict[str, list[tuple[Message, bool]]] = {
    "opened": [
        (incident.standing(notice("opened", _OPEN)), False),
        (incident.change(notice("opened", _OPEN)), True),
    ],
    "escalated": [
        (incident.standing(notice("escalated", notices.escalated(_OPEN))), False),
        (incident.change(notice("escalated", notices.escalated(_OPEN))), True),
    ],
    "acknowledged": [
        (incident.standing(notice("acknowledged", _TAKEN)), False),
        (incident.change(notice("acknowledged", _TAKEN)), True),
    ],
    "resolved": [
        (incident.standing(notice("resolved", notices.resolved(_TAKEN))), False),
        (incident.change(notice("resolved", notices.resolved(_TAKEN))), True),
    ],
    "webhook": [(incident.alone(notice("escalated", notices.escalated(_OPEN))), False)],
    "many": [
        (incident.standing(notice("updated", _MANY)), False),
        (incident.change(notice("updated", _MANY)), True),
    ],
    "bare": [(incident.standing(notice("opened", _OPEN, Context())), False)],
    **{
        story.__name__.replace("_", "-"): [(message, place == 1) for place, message in enumerate(_of_digest(story()))]
        for story in (digests.digest_attention, digests.digest_quiet, digests.digest_incomplete, digests.digest_huge)
    },
    "hostile": [
        (incident.standing(notice("opened", _HOSTILE, _EVIL)), False),
        (incident.change(notice("opened", _HOSTILE, _EVIL)), True),
    ],
}
"""By name: messages, and whether each stands in the thread of the one before."""

STORY: list[tuple[Kind, Incident]] = [
    ("opened", _OPEN),
    ("escalated", notices.escalated(_OPEN)),
    ("acknowledged", _TAKEN),
    ("resolved", notices.resolved(_TAKEN)),
]
"""One incident from its opening to its end."""
