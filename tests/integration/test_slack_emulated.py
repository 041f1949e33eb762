"""Against the Slack of the npm package `emulate`: another's idea of it, where ours could be wrong in both places."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from edgetpu_ci.errors import DeniedError
from edgetpu_ci.notify import slack
from tests.fakes import slack_notices as notices
from tests.fakes.emulate import pass_on, room, started
from tests.fakes.loopback import Reply, Request, serve
from tests.fakes.slack import active, faults
from tests.fakes.slack_notices import CONTEXT, notice
from tests.fakes.world import Said, world

_CHANNEL = "C000000001"
_TOKENS = {"xoxb-all": ["chat:write", "files:write", "channels:history"], "xoxb-reads": ["channels:history"]}
_SEED = {
    "slack": {
        "tokens": [{"token": token, "type": "bot", "scopes": scopes} for token, scopes in _TOKENS.items()],
        "strict_scopes": True,
    }
}
_OPEN = notices.incident()


class Emulated:
    """It, and a person who reads there."""

    def __init__(self, socket: Path) -> None:
        self.socket, self.url, self.sent = socket, "", list[dict[str, Any]]()

    def answer(self, request: Request) -> Reply:
        if request.headers.get("content-type", "").startswith("application/json"):
            self.sent.append(json.loads(request.body))
        return pass_on(self.socket, request)

    def read(self, method: str, **given: str) -> list[dict[str, Any]]:
        headers = {"authorization": "Bearer xoxb-all", "content-type": "application/json"}
        body = json.dumps({"channel": _CHANNEL, **given}).encode()
        reply = pass_on(self.socket, Request(verb="POST", target=f"/api/{method}", headers=headers, body=body))
        found: list[dict[str, Any]] = json.loads(reply.body)["messages"]
        return found


@contextmanager
def _emulated() -> Iterator[Emulated]:
    with room() as place:
        there = Emulated(place)
        with serve(there.answer) as port:
            there.url = f"http://localhost:{port}"
            with started("slack", place, there.url, _SEED):
                yield there


def test_an_incident_from_its_opening_to_its_end(tmp_path: Path) -> None:
    with _emulated() as there:
        options = slack.Options(base_url=f"{there.url}/api/", channel=_CHANNEL)
        said = Said()
        outside = world(tmp_path, env={"SLACK_BOT_TOKEN": "xoxb-all"}, warn=said.append)
        opening = notice("opened", _OPEN, replace(CONTEXT, chart=lambda: b"\x89PNG"), address=_CHANNEL)
        opened = slack.tell(options, opening, outside)
        again = slack.tell(options, replace(opening, context=CONTEXT, perhaps=True), outside)
        over = notice("resolved", notices.resolved(_OPEN), address=_CHANNEL)
        slack.tell(options, replace(over, earlier=again), outside)

        [shown] = there.read("conversations.history")
        assert shown["blocks"][0]["text"]["text"] == "✅ RESOLVED: build failure streak"
        story = there.read("conversations.replies", ts=shown["ts"])
        assert [each["text"].partition(":")[0] for each in story[1:]] == ["🚨 Opened", "", "✅ Resolved"]
        assert [file["mimetype"] for each in story for file in each.get("files", [])] == ["image/png"]
        assert (opened.ref, said) == (f"{_CHANNEL}:{shown['ts']}", [])
        messages = [sent for sent in there.sent if "blocks" in sent]
        assert [fault for sent in messages for fault in faults(sent)] == []
        assert active(messages) == []


def test_what_it_refuses(tmp_path: Path) -> None:
    with _emulated() as there:
        options = slack.Options(base_url=f"{there.url}/api/")
        for token, channel, said in (
            ("xoxb-all", "C00NOWHERE", "channel_not_found"),
            ("xoxb-reads", _CHANNEL, "give the app the scope chat:write"),
        ):
            asked = notice("opened", _OPEN, address=channel)
            with pytest.raises(DeniedError, match=said):
                slack.tell(options, asked, world(tmp_path, env={"SLACK_BOT_TOKEN": token}))
