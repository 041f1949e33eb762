"""The read side of a GitHub that holds a whole repository, counts what is asked, and enforces its limits.

with FakeHub(large()) as hub:
    world = world(tmp_path, env=hub.env)
    ...
    assert hub.violations == []

Every request, and the first item of every list that is answered, is held against GitHub's own description.
"""

import json
import re
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from graphql import DocumentNode

from tests.fakes.contract import contract
from tests.fakes.hub import graphql, rest
from tests.fakes.hub.limits import Limit
from tests.fakes.hub.repository import Repository
from tests.fakes.loopback import Reply, Request, serve

ALL: Final = frozenset(
    {"actions: read", "checks: read", "contents: read", "issues: read", "metadata: read", "pull-requests: read"}
)
"""What a job's own token can be given of what is asked for."""

TOKEN: Final = "ghs_hubtokenhubtokenhubtoken"  # noqa: S105 - a fake one

_NEEDED: Final = (
    (r"/actions/(?!permissions|runners)", "actions: read"),
    (r"/actions/(permissions|runners)", "administration: read"),
    (r"/(community|rules)", "contents: read"),
)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(kw_only=True)
class Failure:
    """An answer given instead, to the next `times` requests whose verb and path the pattern finds."""

    pattern: str
    reply: Reply
    times: int = 1_000_000


@dataclass
class FakeHub:
    """Answers what readers ask. `heaviest` is how many nodes a query may have before GitHub gives it up (502).

    `objects` are further answers by what follows the repository's path; `before` is called with each request.
    """

    of: Repository
    now: Callable[[], datetime] = _now
    most: int = 1000
    granted: frozenset[str] = ALL
    heaviest: int = graphql.MOST_NODES
    objects: dict[str, Any] = field(default_factory=lambda: dict(rest.OBJECTS))
    failures: list[Failure] = field(default_factory=list)
    before: Callable[[Request], object] = lambda _request: None
    url: str = ""
    requests: Counter[str] = field(default_factory=Counter)
    asked: deque[str] = field(default_factory=deque)
    violations: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stack: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        self.limits = {name: Limit(now=self.now, most=self.most) for name in ("core", "graphql")}

    def __enter__(self) -> Self:
        self.url = f"http://127.0.0.1:{self._stack.enter_context(serve(self._answer))}"
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

    def fail(self, pattern: str, status: int, times: int = 1_000_000, **headers: str) -> None:
        """Refuse what the pattern finds."""
        shown = {name.replace("_", "-"): value for name, value in headers.items()}
        self.failures.append(Failure(pattern=pattern, reply=_refusal(status, "Refused", **shown), times=times))

    def _answer(self, request: Request) -> Reply:
        self.before(request)
        with self._lock:
            resource = "graphql" if urlsplit(request.target).path == "/graphql" else "core"
            self.requests[resource] += 1
            self.asked.append(f"{request.verb} {request.target}")
            reply = self._failing(request) or self._unauthorised(request)
            reply = reply or (self._query(request) if resource == "graphql" else self._get(request))
            usual = {"date": format_datetime(self.now(), usegmt=True), "content-type": "application/json"}
            return replace(reply, headers=usual | self.limits[resource].headers(resource) | reply.headers)

    def _failing(self, request: Request) -> Reply | None:
        where = f"{request.verb} {request.target}"
        failure = next((one for one in self.failures if one.times and re.search(one.pattern, where)), None)
        if failure is None:
            return None
        failure.times -= 1
        return failure.reply

    def _unauthorised(self, request: Request) -> Reply | None:
        known = request.headers.get("authorization") == f"Bearer {TOKEN}"
        return None if known else _refusal(401, "Bad credentials")

    def _get(self, request: Request) -> Reply:
        if not self.limits["core"].spend(1):
            return _refusal(403, "API rate limit exceeded")
        parts = urlsplit(request.target)
        query = dict(parse_qsl(parts.query))
        below = parts.path.removeprefix(f"/repos/{self.of.name}")
        if below == parts.path:
            return _refusal(404, "Not Found")
        if (needed := self._missing(below)) is not None:
            return _refusal(403, "Resource not accessible by integration", **{"x-accepted-github-permissions": needed})
        reply = self._found(below, query, parts.path)
        self._hold(request, reply)
        return reply

    def _missing(self, below: str) -> str | None:
        needed = next((needed for pattern, needed in _NEEDED if re.match(pattern, below)), None)
        return None if needed is None or needed in self.granted else needed.replace(": ", "=")

    def _found(self, below: str, query: dict[str, str], path: str) -> Reply:
        if run := re.fullmatch(r"/actions/runs/(\d+)(?:/attempts/(\d+))?(/jobs)?", below):
            return self._of_run(run, query, path)
        if below == "/actions/runs" and "created" not in query:
            return _refusal(422, "In order to protect this service, ask with a filter")
        if below == "/actions/runs":
            return self._paged(*rest.runs(self.of, query), query, path)
        return _json(self.objects[below]) if below in self.objects else _refusal(404, "Not Found")

    def _of_run(self, found: re.Match[str], query: dict[str, str], path: str) -> Reply:
        known = self.of.runs.get(int(found[1]))
        if known is None:
            return _refusal(404, "Not Found")
        if not found[3]:
            return _json(rest.run_shown(known))
        return self._paged(*rest.jobs(known, query, int(found[2]) if found[2] else None), query, path)

    def _paged(self, shown: dict[str, Any], count: int, query: Mapping[str, str], path: str) -> Reply:
        size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
        if page * size >= count:
            return _json(shown)
        further = urlencode({**query, "page": page + 1})
        return _json(shown, link=f'<{self.url}{path}?{further}>; rel="next"')

    def _hold(self, request: Request, reply: Reply) -> None:
        """Against GitHub's description: of a list its first item, for a page takes a second to check."""
        shown = json.loads(reply.body)
        if isinstance(shown, dict):
            shown = {name: value[:1] if isinstance(value, list) else value for name, value in shown.items()}
        body = json.dumps(shown[:1] if isinstance(shown, list) else shown).encode()
        # The description calls `created` a time; the documentation says it takes a span.
        target = re.sub(r"created=[^&]*&?", "", request.target)
        faults = contract().faults(request.verb, target, request.body, reply.status, body)
        self.violations += faults if len(self.asked) < 40 or len(self.asked) % 50 == 0 else []

    def _query(self, request: Request) -> Reply:
        sent = json.loads(request.body)
        document = graphql.understood(sent["query"])
        if not isinstance(document, DocumentNode):
            self.violations += document
            return _json({"errors": [{"message": message} for message in document]})
        variables = sent.get("variables") or {}
        if faults := graphql.faults(document, variables):
            return _json({"errors": [{"message": message} for message in faults]})
        weight = graphql.weigh(document, variables)
        if not self.limits["graphql"].spend(weight.points):
            return _json({"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]})
        if weight.nodes > self.heaviest:
            return _refusal(502, "We couldn't respond to your request in time")
        return _json(graphql.answer(document, variables, self.of, self._rate_limit(weight)))

    def _rate_limit(self, weight: graphql.Weight) -> dict[str, Any]:
        limit = self.limits["graphql"]
        return {
            "cost": weight.points,
            "limit": limit.most,
            "nodeCount": weight.nodes,
            "remaining": limit.left,
            "resetAt": rest.text(limit.resets),
            "used": limit.spent,
        }


def _json(value: object, **headers: str) -> Reply:
    return Reply(status=200, body=json.dumps(value).encode(), headers=headers)


def _refusal(status: int, message: str, **headers: str) -> Reply:
    body = {"message": message, "documentation_url": "https://docs.github.com/rest", "status": str(status)}
    return Reply(status=status, body=json.dumps(body).encode(), headers=headers)
