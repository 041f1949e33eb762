"""The GitHub emulator of the npm package `emulate`, behind a listener that records what it is asked.

with emulate() as github:
    number = github.open_pull_request()
    ...  # GITHUB_API_URL=github.url, GITHUB_TOKEN=github.token
    assert github.comments(number)
"""

import json
import os
import re
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.fakes.actions import REPOSITORY
from tests.fakes.contract import contract
from tests.fakes.github import BOT, Comment
from tests.fakes.loopback import Reply, Request, serve

_PROGRAM = Path(__file__).with_name("node") / "emulate.mjs"
_TOOLS = Path(__file__).parents[2] / ".tools/node"
_TIMELINE = re.compile(r"/repos/[^/]+/[^/]+/issues/\d+/timeline")


@dataclass(kw_only=True)
class Emulated:
    """The emulator: `token` is a job's own, `personal_token` a person's (ada's)."""

    socket: Path
    url: str = ""
    token: str = "ghs_emulated"  # noqa: S105 - a fake one
    personal_token: str = "ghp_emulated"  # noqa: S105
    requests: list[Request] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    def comments(self, pull_request: int) -> list[Comment]:
        """What stands on a pull request, oldest first."""
        listed = self._ask("GET", f"/issues/{pull_request}/comments?per_page=100")
        return [
            Comment(id=found["id"], pull_request=pull_request, author=found["user"]["login"], body=found["body"])
            for found in listed
        ]

    def say(self, pull_request: int, body: str) -> None:
        """Ada comments."""
        self._ask("POST", f"/issues/{pull_request}/comments", {"body": body})

    def issue(self, number: str) -> dict[str, Any]:
        """An issue as it is shown."""
        found: dict[str, Any] = self._ask("GET", f"/issues/{number}")
        return found

    def open_issues(self) -> list[dict[str, Any]]:
        """Those that nobody closed."""
        found: list[dict[str, Any]] = self._ask("GET", "/issues?state=open")
        return found

    def label(self, number: str, name: str) -> None:
        """Ada sets a label."""
        self._ask("POST", f"/issues/{number}/labels", {"labels": [name]})

    def close(self, number: str) -> None:
        """Ada closes an issue."""
        self._ask("PATCH", f"/issues/{number}", {"state": "closed", "state_reason": "not_planned"})

    def add_hook(self, *, insecure: bool) -> None:
        """Ada lets another server hear of pushes."""
        config = {"url": "https://example.com", "insecure_ssl": "1" if insecure else "0"}
        self._ask("POST", "/hooks", {"name": "web", "events": ["push"], "config": config})

    def repository_id(self) -> int:
        """The number of the repository, by which a fork is known."""
        number: int = self._ask("GET", "")["id"]
        return number

    def checks(self, commit: str) -> list[dict[str, Any]]:
        """The check runs on a commit."""
        found: list[dict[str, Any]] = self._ask("GET", f"/commits/{commit}/check-runs")["check_runs"]
        return found

    def open_pull_request(self, branch: str = "faster") -> tuple[int, str]:
        """Ada pushes a branch with one commit and opens a pull request: its number and head."""
        main = self._ask("GET", "/git/ref/heads/main")["object"]["sha"]
        self._ask("POST", "/git/refs", {"ref": f"refs/heads/{branch}", "sha": main})
        text = {"message": "Faster", "content": "ZmFzdGVy", "branch": branch}
        head = self._ask("PUT", f"/contents/{branch}.txt", text)["commit"]["sha"]
        pull = self._ask("POST", "/pulls", {"title": "Faster", "head": branch, "base": "main"})
        return pull["number"], head

    def answer(self, request: Request) -> Reply:
        """Pass a request on, and hold it against GitHub's description; what comes back is the emulator's affair.

        Its timelines have no comments, which GitHub's have: they are put in.
        """
        self.requests.append(request)
        reply = pass_on(self.socket, request)
        if _TIMELINE.match(request.target) and reply.status == 200:
            reply = replace(reply, body=json.dumps(json.loads(reply.body) + self._commented(request)).encode())
        self.violations += contract().faults(request.verb, request.target, request.body, reply.status, b"")
        return reply

    def _commented(self, request: Request) -> list[dict[str, Any]]:
        target = urlsplit(request.target).path.replace("/timeline", "/comments?per_page=100")
        found: list[dict[str, Any]] = json.loads(pass_on(self.socket, replace(request, target=target)).body)
        return [{**one, "event": "commented", "actor": one["user"]} for one in found]

    def _ask(self, verb: str, path: str, body: object = None) -> Any:
        headers = {"authorization": f"token {self.personal_token}", "content-type": "application/json"}
        data = json.dumps(body).encode() if body is not None else b""
        target = f"/repos/{REPOSITORY}{path}"
        reply = pass_on(self.socket, Request(verb=verb, target=target, headers=headers, body=data))
        assert reply.status < 300, (verb, path, reply)
        return json.loads(reply.body)


def pass_on(place: Path, request: Request) -> Reply:
    """What the emulator behind a Unix socket answers."""
    connection = _Local(place)
    headers = {name: value for name, value in request.headers.items() if name not in {"host", "connection"}}
    connection.request(request.verb, request.target, request.body or None, headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    kept = {name: value for name, value in answer.getheaders() if name.lower() in {"content-type", "link"}}
    return Reply(status=answer.status, body=body, headers=kept)


class _Local(HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


@contextmanager
def emulate(token: str = "ghs_emulated", **more: str) -> Iterator[Emulated]:  # noqa: S107 - a fake one
    """An emulator of its own for one test; skips the test where scripts/node-tools has not run.

    `token` is that of jobs, `more` the environment it has beside ours.
    """
    with room() as place:
        emulated = Emulated(socket=place, token=token)
        with serve(emulated.answer) as port:
            emulated.url = f"http://localhost:{port}"
            with started("github", place, emulated.url, _seed(emulated), **more):
                yield emulated


def _seed(emulated: Emulated) -> dict[str, Any]:
    """A repository of an organisation, and who may write to it."""
    tokens = {emulated.token: BOT, emulated.personal_token: "ada"}
    return {
        "tokens": {token: {"login": login, "scopes": ["repo"]} for token, login in tokens.items()},
        "github": {
            "users": [{"login": login} for login in tokens.values()],
            "orgs": [{"login": "acme", "members": [{"login": login, "role": "admin"} for login in tokens.values()]}],
            "repos": [{"owner": "acme", "name": "detector", "auto_init": True}],
        },
    }


@contextmanager
def room() -> Iterator[Path]:
    """Where an emulator may listen; skips the test where there is none."""
    if not (_TOOLS / ".complete").exists():
        pytest.skip("scripts/node-tools has not installed the emulator")
    # A socket's path may have 107 characters: the test's own folder can be longer.
    with tempfile.TemporaryDirectory(prefix="emulate-") as folder:
        yield Path(folder, "socket")


@contextmanager
def started(service: str, place: Path, url: str, seed: object, **more: str) -> Iterator[None]:
    """An emulator of this service that knows the seed, with `more` in its environment, until the block ends."""
    command: list[str | Path] = [_TOOLS / "node", _PROGRAM, service, place, url]
    pipe, env = subprocess.PIPE, {**os.environ, **more}
    with subprocess.Popen(command, cwd=_TOOLS, stdin=pipe, stdout=pipe, text=True, env=env) as node:
        assert node.stdin
        assert node.stdout
        node.stdin.write(json.dumps(seed) + "\n")
        node.stdin.flush()
        assert node.stdout.readline() == "ready\n"
        yield
        # It ends with its standard input, which closes here.
