"""The read side of a GitHub that holds a whole repository, counts what is asked, and enforces its limits.

with FakeHub(large()) as hub:
    world = world(tmp_path, env=hub.env)
    ...
    assert hub.violations == []

Requests and answers are held against GitHub's own description (`judge`).
"""

import hashlib
import json
import re
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final, Self
from urllib.parse import parse_qsl, urlsplit

from graphql import DocumentNode

from tests.fakes.hub import failures, graphql, rest, weight
from tests.fakes.hub.endpoints import NEEDS
from tests.fakes.hub.failures import ALWAYS, Failure, Fault, json_reply, refusal
from tests.fakes.hub.judge import Judge
from tests.fakes.hub.limits import MINUTE, Limit
from tests.fakes.hub.replies import Asked, reply
from tests.fakes.hub.repository import Repository
from tests.fakes.loopback import Reply, Request, serve

EVERYTHING: Final = frozenset(NEEDS.values()) | {"checks: read"}
"""What a personal token can be given of what is asked for."""

ALL: Final = frozenset(
    f"{name}: read"
    for name in (
        "actions",
        "checks",
        "contents",
        "deployments",
        "issues",
        "metadata",
        "pages",
        "pull-requests",
        "security-events",
        "vulnerability-alerts",
    )
)
"""What a job's own token can be given of it."""

TOKEN: Final = "ghs_hubtokenhubtokenhubtoken"  # noqa: S105 - a fake one
_SECONDARY: Final = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class FakeHub:
    """Answers what readers ask: `most` requests, and apart GraphQL points, an hour; `at_once` at a time.

    `a_minute` is how many of both a minute. `heaviest` is how many nodes a query may have before GitHub gives it up
    (502). `objects` are further answers by path (see `endpoints`); `before` is called with each request.
    """

    of: Repository
    now: Callable[[], datetime] = _now
    most: int = 1000
    a_minute: int = ALWAYS
    at_once: int = 100
    granted: frozenset[str] = ALL
    heaviest: int = weight.MOST_NODES
    objects: dict[str, Any] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    before: Callable[[Request], object] = lambda _request: None
    url: str = ""
    requests: Counter[str] = field(default_factory=Counter)
    asked: deque[str] = field(default_factory=deque)
    under_way: int = 0
    most_under_way: int = 0
    _judge: Judge = field(default_factory=Judge)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _counting: threading.Lock = field(default_factory=threading.Lock)
    _stack: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        self.limits = {name: Limit(now=self.now, most=self.most) for name in ("core", "graphql")}
        self._minute = Limit(now=self.now, most=self.a_minute, span=MINUTE)

    def __enter__(self) -> Self:
        self.url = f"http://127.0.0.1:{self._stack.enter_context(serve(self.answer))}"
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def env(self) -> dict[str, str]:
        """The environment of a job of this repository."""
        return {"GITHUB_REPOSITORY": self.of.name, "GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": self.url}

    @property
    def points(self) -> int:
        """GraphQL points spent."""
        return self.limits["graphql"].total

    @property
    def violations(self) -> list[str]:
        """What was asked or answered against GitHub's description."""
        return self._judge.violations

    def fail(self, pattern: str, status: int, times: int = ALWAYS, **headers: str) -> None:
        """Refuse what the pattern finds in verb and target."""
        self.befall(pattern, failures.status(status, "Refused", **headers), times)

    def befall(self, pattern: str, fault: Fault, times: int = ALWAYS, *, spared: int = 0) -> None:
        """Let a fault happen to what the pattern finds, after the first `spared`."""
        self.failures.append(Failure(pattern=pattern, fault=fault, times=times, spared=spared))

    def answer(self, request: Request) -> Reply:
        """What it answers, within its limits."""
        self.before(request)
        resource = "graphql" if urlsplit(request.target).path == "/graphql" else "core"
        with self._counted(request, resource) as fault:
            found = fault(lambda: self._locked(request, resource))
        usual = {"date": format_datetime(self.now(), usegmt=True), "content-type": "application/json; charset=utf-8"}
        return replace(found, headers=usual | self.limits[resource].headers(resource) | found.headers)

    @contextmanager
    def _counted(self, request: Request, resource: str) -> Iterator[Fault]:
        """Count a request while it is under way; what befalls it."""
        where = f"{request.verb} {request.target}"
        with self._counting:
            self.requests[resource] += 1
            self.asked.append(where)
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
            fitting = (one for one in self.failures if re.search(one.pattern, where) and one.befalls())
            fault = next((one.fault for one in fitting), _none)
        try:
            yield fault
        finally:
            with self._counting:
                self.under_way -= 1

    def _locked(self, request: Request, resource: str) -> Reply:
        with self._lock:
            if request.headers.get("authorization") != f"Bearer {TOKEN}":
                return refusal(401, "Bad credentials")
            if self.under_way > self.at_once or not self._minute.spend(1):
                return refusal(403, _SECONDARY, **{"retry-after": "60"})
            return self._query(request) if resource == "graphql" else self._get(request)

    def _get(self, request: Request) -> Reply:
        limit, parts = self.limits["core"], urlsplit(request.target)
        if parts.path == "/rate_limit":
            return json_reply(self._rates())
        if limit.over():
            return refusal(403, "API rate limit exceeded for installation.")
        asked = Asked(url=self.url, path=parts.path, query=dict(parse_qsl(parts.query)))
        found = reply(self.of, self.objects, self.granted, asked)
        self._judge.hold(request, found)
        tag = _tag(request, found)
        if request.headers.get("if-none-match") == tag:
            return Reply(status=304, headers={"etag": tag})
        limit.spend(1)
        return replace(found, headers=found.headers | {"etag": tag})

    def _rates(self) -> dict[str, Any]:
        core, points = (self.limits[name].shown() for name in ("core", "graphql"))
        search = {"limit": 30, "remaining": 30, "used": 0, "reset": core["reset"]}
        return {"resources": {"core": core, "graphql": points, "search": search}, "rate": core}

    def _query(self, request: Request) -> Reply:
        sent = json.loads(request.body)
        document, variables = graphql.understood(sent["query"]), sent.get("variables") or {}
        if not isinstance(document, DocumentNode):
            self._judge.violations += document
            return json_reply({"errors": [{"message": message} for message in document]})
        if faults := weight.faults(document, variables):
            self._judge.violations += [fault["message"] for fault in faults]
            return json_reply({"errors": faults})
        found = weight.weigh(document, variables)
        if not self.limits["graphql"].spend(found.points):
            return json_reply({"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]})
        if found.nodes > self.heaviest:
            return refusal(502, "We couldn't respond to your request in time.")
        rate = self._rate_limit(found)
        return json_reply(graphql.answer(document, variables, self.of, rate, self.granted))

    def _rate_limit(self, asked: weight.Weight) -> dict[str, Any]:
        limit = self.limits["graphql"]
        return {
            "cost": asked.points,
            "limit": limit.most,
            "nodeCount": asked.nodes,
            "remaining": limit.left,
            "resetAt": rest.text(limit.resets),
            "used": limit.spent,
        }


def _none(answer: Callable[[], Reply]) -> Reply:
    return answer()


def _tag(request: Request, found: Reply) -> str:
    """It depends on who asks, as GitHub's does: a token that changes never meets its old tags."""
    seen = b"\0".join(
        (request.headers.get("accept", "").encode(), request.headers.get("authorization", "").encode(), found.body)
    )
    return f'W/"{hashlib.sha256(seen).hexdigest()}"'
