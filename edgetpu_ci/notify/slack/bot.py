"""Slack as an app with a bot token sees it: post, update, find again, attach a picture."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse

from edgetpu_ci.errors import DeniedError, MissingError
from edgetpu_ci.notify.slack import patience, refusal
from edgetpu_ci.notify.slack.wire import Client, SilenceError, Wire
from edgetpu_ci.render.slack.message import Message
from edgetpu_ci.world import World

EVENT: Final = "edgetpu_ci"
"""The type of our messages' metadata, by which a later run finds them again."""

_PAGE: Final = 100
_CLOCKS: Final = timedelta(minutes=10)
"""How far Slack's clock may be from ours."""

_ID: Final = re.compile("[CDG][A-Z0-9]{8,}")


def is_id(channel: str) -> bool:
    """Whether this is a channel's ID: by its name nothing can be found in it."""
    return bool(_ID.fullmatch(channel))


class Bot:
    """What a token may do, within one deadline. All raise LaterError, MissingError or DeniedError.

    `secret` is the name of the variable that holds the token. A message's reference is its channel's ID and its time:
    "C0123ABCD:1700000000.000100". Its `mark` is a name that nobody sees, for `find`.
    """

    def __init__(self, token: str, base_url: str, secret: str, world: World) -> None:
        self._secret = secret
        self._client = Client(Wire(world), token, base_url)

    def known(self) -> str:
        """That Slack knows the token; it posts nothing."""
        self._ask("know the token", self._client.auth_test)
        return "it knows the token"

    def post(self, channel: str, message: Message, *, mark: str, thread: str = "", aloud: bool = False) -> str:
        """Say it; its reference. In a `thread` (a reference), and `aloud` in the channel too."""
        where: dict[str, Any] = {"thread_ts": _split(thread)[1], "reply_broadcast": aloud} if thread else {}
        post = partial(self._client.chat_postMessage, channel=channel, **where, **_body(message, mark))
        answer = self._ask(f"post in {channel}", post)
        if not (answer["channel"] and answer["ts"]):
            raise refusal.unanswered(f"post in {channel}", "no reference")
        return f"{answer['channel']}:{answer['ts']}"

    def update(self, ref: str, message: Message, *, mark: str) -> None:
        """Put this in the place of what was said."""
        channel, ts = _split(ref)
        update = partial(self._client.chat_update, channel=channel, ts=ts, **_body(message, mark))
        self._ask(f"update the message {ref}", update)

    def find(self, channel: str, mark: str, since: datetime, *, thread: str = "") -> str:
        """The reference of what bears the mark and was said since; empty without one, or where the app may not look."""
        look = partial(self._client.conversations_history)
        if thread:
            look = partial(self._client.conversations_replies, ts=_split(thread)[1])
        shown = {"oldest": f"{(since - _CLOCKS).timestamp():.6f}", "limit": _PAGE, "include_all_metadata": True}
        try:
            answer = self._ask(f"look into {channel}", partial(look, channel=channel, **shown), "channels:history")
        except (DeniedError, MissingError):
            return ""
        return next((f"{channel}:{one['ts']}" for one in answer["messages"] or () if _mark(one) == mark), "")

    def attach(self, ref: str, name: str, data: bytes, description: str) -> None:
        """A picture in the thread of what was said; `description` is for those who do not see it."""
        channel, ts = _split(ref)
        upload = partial(
            self._client.files_upload_v2,
            filename=name,
            content=data,
            title=description,
            alt_txt=description,
            channel=channel,
            thread_ts=ts,
        )
        self._ask(f"take the picture {name}", upload, "files:write")

    def _ask(self, what: str, call: Callable[[], SlackResponse], needed: str = "chat:write") -> SlackResponse:
        try:
            return call()
        except SlackApiError as error:
            raise refusal.refused(what, _refusal(error.response, needed), self._secret) from None
        except SilenceError as error:
            raise refusal.unanswered(what, str(error)) from None
        except (SlackClientError, ValueError, TypeError) as error:  # Of half an answer, or one that lacks something.
            raise refusal.unanswered(what, type(error).__name__) from None


def _refusal(answer: SlackResponse, needed: str) -> refusal.Refusal:
    return refusal.Refusal(
        status=answer.status_code,
        error=str(answer.get("error", "")),
        needed=str(answer.get("needed") or needed),
        seconds=patience.asked(answer.headers),
    )


def _body(message: Message, mark: str) -> dict[str, Any]:
    return {
        "text": message.text,
        "blocks": message.blocks,
        "metadata": {"event_type": EVENT, "event_payload": {"id": mark}},
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _mark(found: dict[str, Any]) -> str:
    metadata = found.get("metadata") or {}
    return str(metadata.get("event_payload", {}).get("id", "")) if metadata.get("event_type") == EVENT else ""


def _split(ref: str) -> tuple[str, str]:
    channel, _, ts = ref.partition(":")
    return channel, ts
