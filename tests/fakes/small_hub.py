"""The small repository over HTTP, as GitHub lets it be read: so much an hour, a hundred a page, a thousand a list."""

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from tests.fakes.loopback import Reply, Request, serve
from tests.fakes.small_github import Repository

HOUR = 3600
MOST_ITEMS = 100
SUBLISTS = {"pullRequests": 4, "issues": 1}
"""How many lists each item of a list has in our queries: each costs a hundredth of a point."""


@dataclass(kw_only=True)
class Hub:
    """`limit` is what REST, and apart GraphQL, may cost an hour; `before` may answer in place of it.

    `requests` and `cost` are by resource; `refused` is what asked for more than GitHub gives at once.
    """

    repository: Repository
    limit: int = 1000
    before: Callable[[str], Reply | None] = lambda _what: None
    requests: Counter[str] = field(default_factory=Counter)
    cost: Counter[str] = field(default_factory=Counter)
    paths: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    resets: float = field(default_factory=lambda: time.time() + HOUR)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next_hour(self) -> None:
        """The limits begin anew, and so do the counts."""
        self.requests.clear()
        self.cost.clear()
        self.paths.clear()

    def answer(self, request: Request) -> Reply:
        with self._lock:
            return self._graphql(request) if request.verb == "POST" else self._rest(request)

    def _rest(self, request: Request) -> Reply:
        where = urlsplit(request.target)
        query = dict(parse_qsl(where.query))
        if (reply := self._booked("core", re.sub(r"\d+", "N", where.path), 1)) is not None:
            return reply
        if int(query.get("per_page", "0")) > MOST_ITEMS:
            self.refused.append(request.target)
        found = self.repository.rest(where.path, query)
        return self._reply("core", 200 if found is not None else 404, found)

    def _graphql(self, request: Request) -> Reply:
        asked = json.loads(request.body)
        variables = asked["variables"]
        what, found = self.repository.graphql(asked["query"], variables)
        ids = [len(value) for value in variables.values() if isinstance(value, list) and what == "suites"]
        first = int(variables.get("first", 0))
        if max([first, *ids], default=0) > MOST_ITEMS:
            self.refused.append(what)
        points = max(1, ceil((1 + first * SUBLISTS.get(what, 0) + sum(ids)) / 100))
        if (reply := self._booked("graphql", what, points)) is not None:
            return reply
        rate = {"cost": points, "limit": self.limit, "remaining": self._left("graphql"), "resetAt": None}
        errors = [{"type": "FORBIDDEN", "path": ["repository", part]} for part in self.repository.unshown]
        return self._reply("graphql", 200, {"data": {**found, "_rate": rate}, "errors": errors or None})

    def _booked(self, resource: str, what: str, cost: int) -> Reply | None:
        """Count a request; the answer when there is none."""
        self.requests[resource] += 1
        self.paths[what] += 1
        if self._left(resource) < cost:
            return self._reply(resource, 403, {"message": "API rate limit exceeded"})
        self.cost[resource] += cost
        return self.before(what)

    def _left(self, resource: str) -> int:
        return max(0, self.limit - self.cost[resource])

    def _reply(self, resource: str, status: int, found: Any) -> Reply:
        headers = {
            "x-ratelimit-resource": resource,
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self._left(resource)),
            "x-ratelimit-reset": str(int(self.resets)),
        }
        return Reply(status=status, body=msgspec.json.encode(found or {"message": "Not Found"}), headers=headers)


@contextmanager
def served(hub: Hub) -> Iterator[dict[str, str]]:
    """Answer on loopback; the environment of a job that reads it."""
    with serve(hub.answer) as port:
        yield {
            "GITHUB_REPOSITORY": hub.repository.name,
            "GITHUB_TOKEN": "ghs_faketokenfaketokenfaketoken",
            "GITHUB_API_URL": f"http://127.0.0.1:{port}",
        }
