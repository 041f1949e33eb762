"""Holding what is asked and answered against GitHub's description: some of much, for a whole page takes a second."""

import json
import re
from collections import Counter
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.contract import contract
from tests.fakes.hub import endpoints
from tests.fakes.hub.paging import MOST
from tests.fakes.loopback import Reply, Request

FIRST = 3
EACH = 100


class Judge:
    """Of each kind of request the first few and then every hundredth; `violations` are all that were found."""

    def __init__(self) -> None:
        self.violations: list[str] = []
        self._seen: Counter[tuple[object, ...]] = Counter()

    def hold(self, request: Request, reply: Reply) -> None:
        """Look at a request of REST and its answer."""
        parts = urlsplit(request.target)
        query = dict(parse_qsl(parts.query))
        if int(query.get("per_page", "1")) > MOST:
            self.violations.append(f"{request.target} asks for more than {MOST} a page")
        found = endpoints.find(parts.path)
        kind = (found.template if found else parts.path, reply.status, *sorted(query))
        self._seen[kind] += 1
        if self._seen[kind] <= FIRST or self._seen[kind] % EACH == 0:
            # The description calls `created` a time; the documentation says it takes a span.
            target = re.sub(r"created=[^&]*&?", "", request.target)
            self.violations += contract().faults(request.verb, target, request.body, reply.status, _some(reply.body))


def _some(body: bytes) -> bytes:
    """The same with two items of each list."""
    shown: Any = json.loads(body) if body else None
    if isinstance(shown, dict):
        shown = {name: _ends(value) for name, value in shown.items()}
    return json.dumps(_ends(shown)).encode() if body else b""


def _ends(value: Any) -> Any:
    return [*value[:1], *value[1:][-1:]] if isinstance(value, list) else value
