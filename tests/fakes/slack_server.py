"""Slack's API and webhooks in memory: with its limits, scopes, answers and, on demand, faults."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.loopback import Reply, Request, serve
from tests.fakes.slack import faults

TOKEN = "xoxb-planted-secret"  # noqa: S105 - a fake one
HOOK = "/services/T0/B0/planted-secret"


@dataclass(kw_only=True)
class Slack:
    """`messages` as they stand, `faults` to answer with before anything else, `calls` the methods asked for.

    `down` is asked before each call: what it gives is the answer.
    """

    url: str = ""
    scopes: set[str] = field(default_factory=lambda: {"chat:write", "files:write", "channels:history"})
    channels: dict[str, str] = field(default_factory=lambda: {"#dev-quality": "C0QUALITY1", "#other": "C0OTHER001"})
    closed: set[str] = field(default_factory=set)
    messages: list[dict[str, Any]] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    troubles: list[Reply] = field(default_factory=list)
    down: Callable[[str], Reply | None] = lambda _method: None

    @property
    def base_url(self) -> str:
        """For the notifier's options."""
        return f"{self.url}/api/"

    @property
    def hook(self) -> str:
        """The address of the webhook."""
        return self.url + HOOK

    def threads(self) -> list[list[str]]:
        """What is read: of each message its header, then the first line of each answer in its thread."""
        firsts = [one for one in self.messages if not one.get("thread_ts")]
        return [
            [_first(one), *(_first(each) for each in self.messages if each.get("thread_ts") == one["ts"])]
            for one in firsts
        ]

    def answer(self, request: Request) -> Reply:
        """One call."""
        path = urlsplit(request.target).path
        method = path.rpartition("/")[2] if path.startswith("/api/") else path
        self.calls.append(method)
        if trouble := self.down(method) or (self.troubles.pop(0) if self.troubles else None):
            return trouble
        if path.startswith("/services/"):
            return self._hooked(path, json.loads(request.body))
        if path.startswith("/upload/"):
            self.files.append({"id": path.rpartition("/")[2], "data": request.body})
            return Reply(status=200, body=b"OK")
        return self._called(method, request)

    def _called(self, method: str, request: Request) -> Reply:
        given = _given(request)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return _refused("invalid_auth")
        calls = {
            "chat.postMessage": ("chat:write", self._post),
            "chat.update": ("chat:write", self._update),
            "auth.test": ("chat:write", lambda _given: _taken(team="acme")),
            "conversations.history": ("channels:history", self._history),
            "conversations.replies": ("channels:history", self._replies),
            "files.getUploadURLExternal": ("files:write", self._upload),
            "files.completeUploadExternal": ("files:write", self._complete),
        }
        if method not in calls:
            return _refused("unknown_method")
        scope, call = calls[method]
        return call(given) if scope in self.scopes else _refused("missing_scope", needed=scope)

    def _post(self, given: dict[str, Any]) -> Reply:
        channel = self.channels.get(given["channel"], given["channel"])
        if channel not in self.channels.values():
            return _refused("channel_not_found")
        if channel in self.closed:
            return _refused("not_in_channel")
        if found := faults(given):
            return _refused("invalid_blocks", response_metadata={"messages": found})
        ts = f"{1_800_000_000 + len(self.messages)}.000100"
        self.messages.append({**given, "channel": channel, "ts": ts})
        return _taken(channel=channel, ts=ts)

    def _update(self, given: dict[str, Any]) -> Reply:
        place = self._place(given["channel"], given["ts"])
        if place is None:
            return _refused("message_not_found")
        if faults(given):
            return _refused("invalid_blocks")
        self.messages[place] |= given
        return _taken(channel=given["channel"], ts=given["ts"])

    def _place(self, channel: str, ts: str) -> int | None:
        found = (n for n, one in enumerate(self.messages) if (one["channel"], one["ts"]) == (channel, ts))
        return next(found, None)

    def _history(self, given: dict[str, Any]) -> Reply:
        if given["channel"] not in self.channels.values():
            return _refused("channel_not_found")
        found = [one for one in self.messages if one["channel"] == given["channel"] and not one.get("thread_ts")]
        return _taken(messages=_seen(found, given))

    def _replies(self, given: dict[str, Any]) -> Reply:
        found = [one for one in self.messages if given["ts"] in (one["ts"], one.get("thread_ts"))]
        return _taken(messages=_seen(found, given))

    def _upload(self, given: dict[str, Any]) -> Reply:
        name = f"F{len(self.files)}"
        assert int(given["length"]) > 0
        return _taken(file_id=name, upload_url=f"{self.url}/upload/v1/{name}")

    def _complete(self, given: dict[str, Any]) -> Reply:
        [told] = json.loads(given["files"])
        file = next(one for one in self.files if one["id"] == told["id"])
        file |= {**told, "channel": given["channel_id"], "thread_ts": given["thread_ts"]}
        return _taken(files=[told])

    def _hooked(self, path: str, given: dict[str, Any]) -> Reply:
        if path != HOOK:
            return Reply(status=404, body=b"no_service")
        if not given:
            return Reply(status=400, body=b"no_text")
        if faults(given):
            return Reply(status=400, body=b"invalid_blocks")
        self.messages.append({**given, "channel": "C0QUALITY1", "ts": str(len(self.messages))})
        return Reply(status=200, body=b"ok")


def _seen(messages: list[dict[str, Any]], asked: dict[str, Any]) -> list[dict[str, Any]]:
    """As many as are asked for, none older, and their metadata only where it is asked for."""
    found = [one for one in messages if float(one["ts"]) >= float(asked["oldest"])][-int(asked["limit"]) :]
    if asked.get("include_all_metadata") == "1":
        return found
    return [{name: value for name, value in one.items() if name != "metadata"} for one in found]


def _given(request: Request) -> dict[str, Any]:
    if request.headers.get("content-type", "").startswith("application/json"):
        given: dict[str, Any] = json.loads(request.body)
        return given
    return dict(parse_qsl(request.body.decode()))


def _taken(**said: object) -> Reply:
    return Reply(status=200, body=json.dumps({"ok": True, **said}).encode())


def _refused(error: str, **said: object) -> Reply:
    return Reply(status=200, body=json.dumps({"ok": False, "error": error, **said}).encode())


def slow_down(seconds: int) -> Reply:
    """Too many messages."""
    headers = {"Retry-After": str(seconds)}
    return Reply(status=429, headers=headers, body=b'{"ok": false, "error": "ratelimited"}')


def _first(message: dict[str, Any]) -> str:
    text: str = message["blocks"][0]["text"]["text"]
    return text.split("\n", maxsplit=1)[0]


@contextmanager
def slack_server() -> Iterator[Slack]:
    """One of its own for a test."""
    server = Slack()
    with serve(server.answer) as port:
        server.url = f"http://127.0.0.1:{port}"
        yield server
