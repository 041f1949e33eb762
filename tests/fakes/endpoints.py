"""A GitHub that answers each path with one thing, or refuses it: for what is read once and never changed."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from edgetpu_ci.world import World
from tests.fakes.clock import Clock
from tests.fakes.loopback import Reply, Request, serve
from tests.fakes.world import world

REPOSITORY = "owner/name"


class Refused(int):
    """An answer of this status instead of one of content."""


class Endpoints:
    """What is answered by path, and what was asked for: paths with their queries, in order."""

    def __init__(self, answers: Mapping[str, object]) -> None:
        self.answers = dict(answers)
        self.asked: list[tuple[str, dict[str, str]]] = []

    def answer(self, request: Request) -> Reply:
        """A list that is a tuple is given out page by page, an item a page."""
        parts = urlsplit(request.target)
        query = dict(parse_qsl(parts.query))
        self.asked.append((parts.path, query))
        found = self.answers.get(parts.path, Refused(404))
        if isinstance(found, Refused):
            return Reply(status=int(found), body=b'{"message": "no"}')
        if not isinstance(found, tuple):
            return Reply(status=200, body=json.dumps(found).encode())
        page = int(query.get("page", 1))
        further = {"link": f'<{self._url(request, parts.path)}?page={page + 1}>; rel="next"'}
        headers = further if page < len(found) else {}
        return Reply(status=200, body=json.dumps(found[page - 1]).encode(), headers=headers)

    @staticmethod
    def _url(request: Request, path: str) -> str:
        return f"http://{request.headers['host']}{path}"


@contextmanager
def hub(endpoints: Endpoints, folder: Path, **parts: object) -> Iterator[World]:
    """The world of a job of that GitHub."""
    with serve(endpoints.answer) as port:
        env = {
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_TOKEN": "ghs_token",
            "GITHUB_API_URL": f"http://127.0.0.1:{port}",
        }
        yield world(folder, **{"env": env, "sleep": Clock().sleep, **parts})
