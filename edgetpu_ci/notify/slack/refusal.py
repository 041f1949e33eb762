"""What Slack's refusals mean, and what helps. Pure.

Names of errors: docs.slack.dev, reference/methods/chat.postMessage and its neighbours, and
messaging/sending-messages-using-incoming-webhooks.
"""

import re
from typing import Final

from msgspec import Struct

from edgetpu_ci.errors import DeliveryError, DeniedError, LaterError, MissingError
from edgetpu_ci.render import words

_APP: Final = "give {secret} the Bot User OAuth Token of the app, anew"
_ADDRESS: Final = "give {secret} the address of a webhook the app has, anew"
_NAME: Final = "name a channel that is in use"
_INVITE: Final = "invite the app there: /invite @edgetpu-ci"
_ASK: Final = "ask whoever administers the workspace to let the app post there"
_OURS: Final = "edgetpu-ci made what Slack does not take; please report it"
_NEXT: Final = {
    "channel_not_found": f"check its name; into a private one, {_INVITE}",
    "not_in_channel": _INVITE,
    "missing_scope": "give the app the scope {needed}, and install it again",
    **dict.fromkeys(("is_archived", "channel_is_archived"), _NAME),
    **dict.fromkeys(("restricted_action", "action_prohibited"), _ASK),
    **dict.fromkeys(("invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"), _APP),
    **dict.fromkeys(("no_service", "no_service_id", "no_team", "team_disabled", "invalid_token"), _ADDRESS),
    **dict.fromkeys(("msg_too_long", "msg_blocks_too_long", "invalid_blocks", "invalid_blocks_format"), _OURS),
    **dict.fromkeys(("invalid_payload", "no_text", "invalid_arguments", "unknown_method"), _OURS),
}
_PASSING: Final = frozenset(
    ("ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout")
)
_GONE: Final = frozenset(("message_not_found", "thread_not_found", "cant_update_message", "edit_window_closed"))
"""There is nothing to bring up to date: it was deleted, or another app said it, whose token this job had before."""

_WORD: Final = re.compile("[a-z_]{1,80}")
"""What else stands there, something between us and Slack said: a proxy, a page to log in."""
_LIMITED, _BROKEN = 429, 500


class Refusal(Struct, frozen=True, kw_only=True):
    """What Slack answered: HTTP's status, its word for the error, the scope it asks for, and seconds to wait."""

    status: int
    error: str
    needed: str = ""
    seconds: float = 0.0


def refused(what: str, refusal: Refusal, secret: str) -> DeliveryError:
    """The failure to raise: LaterError when the same may succeed later, MissingError, or DeniedError.

    `what` is what was tried ("post in #ci"), `secret` the name of the variable with the secret.
    """
    said = refusal.error if _WORD.fullmatch(refusal.error) else f"status {refusal.status}, and no word of Slack's"
    if not _WORD.fullmatch(refusal.error) or refusal.error in _PASSING or _passes(refusal.status):
        return LaterError(f"Slack could not {what} now ({said}); it is tried again later.", refusal.seconds)
    if refusal.error in _GONE:
        return MissingError(f"Slack could not {what}: it is no longer there, or not ours ({said}).")
    step = _NEXT.get(refusal.error, "see docs/slack.md").format(secret=secret, needed=words.plain(refusal.needed))
    return DeniedError(f"Slack did not {what} ({said}): {step}.")


def _passes(status: int) -> bool:
    return status == _LIMITED or status >= _BROKEN


def unanswered(what: str, why: str) -> LaterError:
    """No answer, so that nobody knows whether it was done; `why` is the kind of trouble."""
    return LaterError(f"Slack did not answer when asked to {what} ({why}); it is tried again later.")
