"""An incident by an incoming webhook: a message for each change, for it can neither update nor answer."""

from slack_sdk.webhook import WebhookResponse

from edgetpu_ci.errors import DeliveryError
from edgetpu_ci.incidents.record import Notice, Receipt
from edgetpu_ci.notify.slack import patience, refusal
from edgetpu_ci.notify.slack.wire import Hook, SilenceError, Wire
from edgetpu_ci.render.slack import incident
from edgetpu_ci.render.slack.message import Message
from edgetpu_ci.world import World

_GOOD, _WHAT = "ok", "take the message"
_EMPTY = frozenset({"no_text", "invalid_payload", "missing_text_or_fallback_or_attachments"})
"""What it says of a message with nothing in it, and only where it would have taken another."""


def tell(url: str, secret: str, notice: Notice, world: World) -> Receipt:
    """Say it; LaterError or DeniedError. There is no reference."""
    send(url, secret, incident.alone(notice), world)
    return Receipt(ref="", at=world.now(), said=notice.incident.change)


def send(url: str, secret: str, message: Message, world: World) -> None:
    """Send a message; LaterError or DeniedError, in which the address does not stand. `secret` is its variable."""
    try:
        answer = Hook(Wire(world), url).send(
            text=message.text, blocks=message.blocks, unfurl_links=False, unfurl_media=False
        )
    except SilenceError as error:
        raise refusal.unanswered(_WHAT, str(error)) from None
    if answer.body.strip() != _GOOD:
        raise _refused(answer, secret)


def reach(url: str, secret: str, world: World) -> str:
    """That it would take a message, by one that has nothing in it; LaterError or DeniedError where it would not."""
    try:
        answer = Hook(Wire(world), url).send_dict({})
    except SilenceError as error:
        raise refusal.unanswered(_WHAT, str(error)) from None
    if answer.body.strip() not in _EMPTY:
        raise _refused(answer, secret)
    return "the webhook answers"


def _refused(answer: WebhookResponse, secret: str) -> DeliveryError:
    seconds = patience.asked(answer.headers)
    given = refusal.Refusal(status=answer.status_code, error=answer.body.strip(), seconds=seconds)
    return refusal.refused(_WHAT, given, secret)
