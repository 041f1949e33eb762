"""What can go wrong between GitHub and us: each takes the answer that would have come, and gives what comes."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from tests.fakes.loopback import Reply

Answer = Callable[[], Reply]
Fault = Callable[[Answer], Reply]

ALWAYS = 1_000_000


@dataclass(kw_only=True)
class Failure:
    """Befalls the next `times` requests whose verb and target the pattern finds, after the first `spared`."""

    pattern: str
    fault: Fault
    times: int = ALWAYS
    spared: int = 0

    def befalls(self) -> bool:
        """Whether it happens this time; it is used up then."""
        if self.spared:
            self.spared -= 1
            return False
        self.times -= 1
        return self.times >= 0


def status(code: int, message: str = "Server Error", **headers: str) -> Fault:
    """Refused; `retry_after="1"` is the header Retry-After."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _answer: refusal(code, message, **named)


def cut(answer: Answer) -> Reply:
    """The connection ends in the middle of the page, whose cost is spent."""
    return replace(answer(), cut=True)


def reset(_answer: Answer) -> Reply:
    """The connection ends before anything came."""
    raise ConnectionResetError


def hang(seconds: float) -> Fault:
    """The answer comes late."""

    def fault(answer: Answer) -> Reply:
        time.sleep(seconds)
        return answer()

    return fault


def garbled(_answer: Answer) -> Reply:
    """A page of HTML, as from something between us and GitHub."""
    return Reply(status=200, body=b"<html><body>Unicorn!</body></html>", headers={"content-type": "text/html"})


def errors(kind: str, message: str) -> Fault:
    """GraphQL: HTTP says all is well, and the answer is none."""
    return lambda _answer: json_reply({"data": None, "errors": [{"type": kind, "message": message}]})


def partial(*path: str | int, kind: str = "SERVICE_UNAVAILABLE", message: str = "Something went wrong") -> Fault:
    """GraphQL: the data with a part that is null, and an error that says so."""

    def fault(answer: Answer) -> Reply:
        reply = answer()
        shown = json.loads(reply.body)
        _void(shown, ("data", *path))
        shown.setdefault("errors", []).append({"type": kind, "path": path, "message": message})
        return replace(reply, body=json.dumps(shown).encode())

    return fault


def _void(shown: Any, path: tuple[str | int, ...]) -> None:
    for key in path[:-1]:
        shown = shown[key]
    shown[path[-1]] = None


def refusal(code: int, message: str, **headers: str) -> Reply:
    """An answer that is none, as GitHub words it."""
    body = {"message": message, "documentation_url": "https://docs.github.com/rest", "status": str(code)}
    return replace(json_reply(body, **headers), status=code)


def json_reply(value: object, **headers: str) -> Reply:
    """An answer of content."""
    return Reply(status=200, body=msgspec.json.encode(value), headers=headers)
