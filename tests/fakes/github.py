"""A GitHub that remembers, whose every request and answer is held against GitHub's own description.

with FakeGitHub() as github:
    world = github.world(tmp_path, pull_request=7)
    ...
    assert github.violations == []
"""

import itertools
import json
import re
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Self
from urllib.parse import parse_qs, urlsplit

from tests.fakes.contract import contract
from tests.fakes.loopback import Reply, Request, serve

BOT = "github-actions[bot]"
MAX_COMMENT = 65_536
Route = tuple[str, str, Callable[..., Reply]]
"""A verb, a pattern of paths, and what answers."""

REPO = r"/repos/[\w.-]+/[\w.-]+"


@dataclass(frozen=True, kw_only=True)
class Comment:
    """A comment as the pull request shows it."""

    id: int
    pull_request: int
    author: str
    body: str


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """What a run left behind."""

    run_id: int
    name: str
    data: bytes
    expired: bool
    size: int


@dataclass(kw_only=True)
class FakeGitHub:
    """Answers the requests this project sends; `base_path` is `/api/v3` for an Enterprise Server.

    `failures` are answers given before any others, in order; `before` is called with each request, outside
    the lock, so that a test can let another job be faster. Artifacts lie on another host, `storage`, which must
    never see the token: `stored` are the requests it got. `redirect` leads elsewhere instead.
    """

    more: ClassVar[Sequence[Route]] = ()
    token: str = "ghs_faketokenfaketokenfaketoken"  # noqa: S105 - a fake one
    login: str = BOT
    read_only: bool = False
    base_path: str = ""
    failures: deque[Reply] = field(default_factory=deque)
    before: Callable[[Request], object] = lambda _request: None
    redirect: str | None = None
    storage: str = ""
    url: str = ""
    requests: list[Request] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    stored: list[Request] = field(default_factory=list)
    checks: list[dict[str, Any]] = field(default_factory=list)
    permissions: dict[str, str] = field(default_factory=dict)
    timeline: list[dict[str, Any]] = field(default_factory=list)
    _comments: dict[int, Comment] = field(default_factory=dict)
    _pulls: list[dict[str, Any]] = field(default_factory=list)
    _artifacts: dict[int, Artifact] = field(default_factory=dict)
    _ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1001))
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        self.url = f"http://127.0.0.1:{self._stack.enter_context(serve(self.answer))}{self.base_path}"
        self.storage = f"http://localhost:{self._stack.enter_context(serve(self._answer_stored))}"
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def asked(self) -> list[str]:
        """The requests in order: verb and path, without the query."""
        return [f"{request.verb} {urlsplit(request.target).path}" for request in self.requests]

    def comments(self, pull_request: int) -> list[Comment]:
        """What stands on a pull request, oldest first."""
        return [comment for comment in self._comments.values() if comment.pull_request == pull_request]

    def say(self, pull_request: int, body: str, author: str = BOT) -> Comment:
        """Somebody comments."""
        comment = Comment(id=next(self._ids), pull_request=pull_request, author=author, body=body)
        self._comments[comment.id] = comment
        return comment

    def open_pull_request(self, number: int, *, sha: str, owner: str, branch: str, repository_id: int | None) -> None:
        """An open pull request whose head lies in the repository of this id; None when that is gone."""
        pull = contract().example("get", "/repos/{owner}/{repo}/pulls", 200)[0]
        # GitHub's example breaks GitHub's description here.
        pull.update(number=number, requested_teams=[])
        pull["head"].update(sha=sha, ref=branch, label=f"{owner}:{branch}")
        pull["head"]["repo"] = {**pull["head"]["repo"], "id": repository_id} if repository_id is not None else None
        self._pulls.append(pull)

    def upload(self, run_id: int, name: str, data: bytes, *, expired: bool = False, size: int | None = None) -> None:
        """A run uploads an artifact; `size` is what GitHub says of it."""
        size = len(data) if size is None else size
        self._artifacts[next(self._ids)] = Artifact(run_id=run_id, name=name, data=data, expired=expired, size=size)

    def happen(self, event: str, login: str, at: datetime, **parts: Any) -> None:
        """Something happens on the pull request: a label is set or taken off, or somebody comments or reviews."""
        path = "/repos/{owner}/{repo}/issues/{issue_number}/timeline"
        known = {shown["event"]: shown for shown in contract().example("get", path, 200)}
        comment = known["commented"]
        # GitHub's description has no example of a review.
        link = {"href": comment["html_url"]}
        review = {**comment, "state": "commented", "pull_request_url": comment["issue_url"], "commit_id": "0" * 40}
        known["reviewed"] = {**review, "_links": {"html": link, "pull_request": link}}
        user = {**comment["user"], "login": login}
        shown = {**known.get(event, known["labeled"]), "event": event, "actor": user, "created_at": f"{at:%FT%TZ}"}
        if "user" in shown:
            shown["user"] = user
        self.timeline.append({**shown, **parts})

    def fail(self, status: int, times: int = 1, message: str = "Server Error", **headers: str) -> None:
        """Answer the next requests with an error; `retry_after="1"` is the header Retry-After."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        body = json.dumps({"message": message}).encode()
        self.failures.extend([Reply(status=status, body=body, headers=named)] * times)

    def answer(self, request: Request) -> Reply:
        """What it answers, held against GitHub's description."""
        self.before(request)
        with self._lock:
            self.requests.append(request)
            target = request.target.removeprefix(self.base_path)
            if not request.target.startswith(self.base_path):
                self.violations.append(f"{request.verb} {request.target} is outside {self.base_path}")
            reply = self.failures.popleft() if self.failures else self._route(request, target)
            self.violations += contract().faults(request.verb, target, request.body, reply.status, reply.body)
            return reply

    def _answer_stored(self, request: Request) -> Reply:
        self.stored.append(request)
        if request.target.startswith("/moved/"):
            return Reply(status=302, headers={"location": request.target.replace("/moved/", "/signed/")})
        kept = self._artifacts.get(int(request.target.rpartition("/")[2]))
        if not kept:
            return Reply(status=404, body=b"BlobNotFound")
        return Reply(status=200, body=kept.data, headers={"content-type": "application/zip"})

    def _route(self, request: Request, target: str) -> Reply:
        if request.headers.get("authorization", "").split() not in (["token", self.token], ["Bearer", self.token]):
            return refuse(401, "Bad credentials")
        if request.verb != "GET" and self.read_only:
            return refuse(403, "Resource not accessible by integration")
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        for verb, pattern, method in (*self.more, *_ROUTES):
            if verb == request.verb and (found := re.fullmatch(pattern, parts.path)):
                named: list[Any] = [int(group) if group.isdecimal() else group for group in found.groups()]
                return method(self, named, query, request.body)
        return refuse(404, "Not Found")

    def _user(self, _numbers: list[int], _query: dict[str, str], _body: bytes) -> Reply:
        if self.token.startswith("ghs_"):
            return refuse(403, "Resource not accessible by integration")
        return as_json(
            200, {**contract().example("get", "/user", 200), "user_view_type": "private", "login": self.login}
        )

    def _list_comments(self, numbers: list[int], query: dict[str, str], _body: bytes) -> Reply:
        return as_json(200, [_shown(comment) for comment in page(self.comments(numbers[0]), query)])

    def _create_comment(self, numbers: list[int], _query: dict[str, str], body: bytes) -> Reply:
        text = json.loads(body)["body"]
        if len(text) > MAX_COMMENT:
            return refuse(422, "Validation Failed")
        return as_json(201, _shown(self.say(numbers[0], text, self.login)))

    def _edit_comment(self, numbers: list[int], _query: dict[str, str], body: bytes) -> Reply:
        old = self._comments.get(numbers[0])
        if not old:
            return refuse(404, "Not Found")
        if old.author != self.login:
            return refuse(403, "Resource not accessible by integration")
        new = Comment(id=old.id, pull_request=old.pull_request, author=old.author, body=json.loads(body)["body"])
        self._comments[old.id] = new
        return as_json(200, _shown(new))

    def _delete_comment(self, numbers: list[int], _query: dict[str, str], _body: bytes) -> Reply:
        return Reply(status=204) if self._comments.pop(numbers[0], None) else refuse(404, "Not Found")

    def _list_timeline(self, _numbers: list[int], query: dict[str, str], _body: bytes) -> Reply:
        return as_json(200, page(self.timeline, query))

    def _permission(self, logins: list[str], _query: dict[str, str], _body: bytes) -> Reply:
        example = contract().example("get", "/repos/{owner}/{repo}/collaborators/{username}/permission", 200)
        may = self.permissions.get(logins[0], "none")
        user = {**example["user"], "login": logins[0], "role_name": may}
        return as_json(200, {**example, "permission": may, "role_name": may, "user": user})

    def _list_pulls(self, _numbers: list[int], query: dict[str, str], _body: bytes) -> Reply:
        head = query.get("head")
        return as_json(200, page([pull for pull in self._pulls if head in (None, pull["head"]["label"])], query))

    def _create_check(self, _numbers: list[int], _query: dict[str, str], body: bytes) -> Reply:
        check = json.loads(body)
        self.checks.append(check)
        shown = contract().example("post", "/repos/{owner}/{repo}/check-runs", 201)
        return as_json(201, {**shown, "name": check["name"], "head_sha": check["head_sha"]})

    def _list_artifacts(self, numbers: list[int], query: dict[str, str], _body: bytes) -> Reply:
        path = "/repos/{owner}/{repo}/actions/runs/{run_id}/artifacts"
        example = contract().example("get", path, 200)["artifacts"][0]
        found = [
            {**example, "id": number, "name": it.name, "size_in_bytes": it.size, "expired": it.expired}
            for number, it in self._artifacts.items()
            if it.run_id == numbers[0] and query.get("name") in (None, it.name)
        ]
        return as_json(200, {"total_count": len(found), "artifacts": page(found, query)})

    def _download(self, numbers: list[int], _query: dict[str, str], _body: bytes) -> Reply:
        place = f"{self.storage}/signed/{numbers[0]}" if self.redirect is None else self.redirect
        return Reply(status=302, headers={"location": place})

    def _repository(self, _named: list[Any], _query: dict[str, str], _body: bytes) -> Reply:
        shown = contract().example("get", "/repos/{owner}/{repo}", 200)
        # GitHub's example breaks GitHub's description here.
        return as_json(200, {**shown, "language": None, "source": {**shown["source"], "language": None}})

    def _dispatch(self, _named: list[Any], _query: dict[str, str], _body: bytes) -> Reply:
        path = "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches"
        return as_json(200, contract().example("post", path, 200))


_ROUTES: Sequence[Route] = (
    ("GET", "/user", FakeGitHub._user),
    ("GET", rf"{REPO}/issues/(\d+)/comments", FakeGitHub._list_comments),
    ("POST", rf"{REPO}/issues/(\d+)/comments", FakeGitHub._create_comment),
    ("PATCH", rf"{REPO}/issues/comments/(\d+)", FakeGitHub._edit_comment),
    ("DELETE", rf"{REPO}/issues/comments/(\d+)", FakeGitHub._delete_comment),
    ("GET", rf"{REPO}/issues/(\d+)/timeline", FakeGitHub._list_timeline),
    ("GET", rf"{REPO}/collaborators/([\w-]+)/permission", FakeGitHub._permission),
    ("GET", rf"{REPO}/pulls", FakeGitHub._list_pulls),
    ("POST", rf"{REPO}/check-runs", FakeGitHub._create_check),
    ("GET", rf"{REPO}/actions/runs/(\d+)/artifacts", FakeGitHub._list_artifacts),
    ("GET", rf"{REPO}/actions/artifacts/(\d+)/zip", FakeGitHub._download),
    ("GET", REPO, FakeGitHub._repository),
    ("POST", rf"{REPO}/actions/workflows/([\w.-]+)/dispatches", FakeGitHub._dispatch),
)


def as_json(status: int, value: object) -> Reply:
    body = json.dumps(value).encode()
    return Reply(status=status, body=body, headers={"content-type": "application/json; charset=utf-8"})


def refuse(status: int, message: str) -> Reply:
    return as_json(
        status, {"message": message, "documentation_url": "https://docs.github.com/rest", "status": str(status)}
    )


def page(items: list[Any], query: dict[str, str]) -> list[Any]:
    size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
    return items[(page - 1) * size : page * size]


def _shown(comment: Comment) -> dict[str, Any]:
    shown: dict[str, Any] = contract().example("post", "/repos/{owner}/{repo}/issues/{issue_number}/comments", 201)
    return {**shown, "id": comment.id, "body": comment.body, "user": {**shown["user"], "login": comment.author}}
