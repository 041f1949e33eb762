"""The issues of a fake GitHub: opened, labelled, commented, closed and reopened, by us and by people.

with Tracker() as github:
    ...
    github.comment(1, "/ack", "ada")
    assert github.issues[1].state == "open"
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from tests.fakes.contract import contract
from tests.fakes.github import BOT, MAX_COMMENT, REPO, FakeGitHub, Route, as_json, page, refuse
from tests.fakes.loopback import Reply

_BEGAN = datetime(2026, 3, 4, 6, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Issue:
    """An issue as its page shows it."""

    number: int
    title: str
    body: str
    author: str
    labels: tuple[str, ...]
    created: datetime
    updated: datetime
    state: str = "open"
    reason: str | None = None
    repository: str = "acme/detector"


@dataclass(kw_only=True)
class Tracker(FakeGitHub):
    """A repository with issues, or, `disabled`, without; each write is a second later than the one before."""

    more: ClassVar[Sequence[Route]] = ()
    repository: str = "acme/detector"
    issues: dict[int, Issue] = field(default_factory=dict)
    labels: list[str] = field(default_factory=lambda: ["bug", "incident", "acknowledged", "severity: critical"])
    disabled: bool = False
    timelines: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    at: datetime = _BEGAN

    def tick(self) -> datetime:
        """The time, which goes on."""
        self.at += timedelta(seconds=1)
        return self.at

    def open(self, title: str, body: str, labels: tuple[str, ...] = ("incident",), author: str = BOT) -> Issue:
        """Somebody opens an issue."""
        at, number = self.tick(), len(self.issues) + 1
        known = {"labels": labels, "created": at, "updated": at, "repository": self.repository}
        issue = Issue(number=number, title=title, body=body, author=author, **known)  # type: ignore[arg-type]
        self.issues[number] = issue
        return issue

    def change(self, number: int, **parts: Any) -> Issue:
        """An issue with other parts."""
        self.issues[number] = replace(self.issues[number], updated=self.tick(), **parts)
        return self.issues[number]

    def label(self, number: int, name: str, login: str, *, event: str = "labeled") -> None:
        """Somebody sets a label, or takes it off."""
        kept = tuple(one for one in self.issues[number].labels if one != name)
        self.change(number, labels=(*kept, name) if event == "labeled" else kept)
        self._note(number, event, login, label={"name": name, "color": "0e8a16"})

    def close(self, number: int, login: str, reason: str = "completed", *, event: str = "closed") -> None:
        """Somebody closes it, or opens it again."""
        self.change(number, state="closed" if event == "closed" else "open", reason=reason)
        self._note(number, event, login, state_reason=reason)

    def comment(self, number: int, body: str, login: str, association: str = "NONE") -> None:
        """Somebody comments; `association` is what GitHub shows of them."""
        self.say(number, body, login)
        self.change(number)
        self._note(number, "commented", login, body=body, author_association=association)

    def _note(self, number: int, event: str, login: str, **parts: Any) -> None:
        self.happen(event, login, self.at, **parts)
        self.timelines.setdefault(number, []).append(self.timeline.pop())

    def _list(self, _numbers: list[int], query: dict[str, str], _body: bytes) -> Reply:
        if self.disabled:
            return refuse(410, "Issues are disabled for this repo")
        wanted = set(filter(None, query.get("labels", "").split(",")))
        since = datetime.fromisoformat(query.get("since", "2000-01-01T00:00:00Z"))
        found = [one for one in self.issues.values() if wanted <= set(one.labels) and one.updated >= since]
        if (state := query.get("state", "open")) != "all":
            found = [one for one in found if one.state == state]
        ordered = sorted(found, key=lambda one: one.created, reverse=query.get("direction", "desc") == "desc")
        return as_json(200, [self._as_shown(one) for one in page(ordered, query)])

    def _get(self, numbers: list[int], _query: dict[str, str], _body: bytes) -> Reply:
        found = self.issues.get(numbers[0])
        return as_json(200, self._as_shown(found)) if found else refuse(404, "Not Found")

    def _create(self, _numbers: list[int], _query: dict[str, str], body: bytes) -> Reply:
        if self.disabled:
            return refuse(410, "Issues has been disabled in this repository.")
        given = json.loads(body)
        if len(given["body"]) > MAX_COMMENT or len(given["title"]) > 256:
            return refuse(422, "Validation Failed")
        new = self.open(given["title"], given["body"], tuple(given["labels"]), self.login)
        return as_json(201, self._as_shown(new))

    def _edit(self, numbers: list[int], _query: dict[str, str], body: bytes) -> Reply:
        given = json.loads(body)
        if len(given.get("body", "")) > MAX_COMMENT:
            return refuse(422, "Validation Failed")
        parts = {name: value for name, value in given.items() if name in {"body", "title", "state"}}
        labels = {"labels": tuple(given["labels"])} if "labels" in given else {}
        self.change(numbers[0], **parts, **labels, reason=given.get("state_reason"))
        if "state" in given:
            self._note(numbers[0], "closed", self.login, state_reason=given.get("state_reason"))
        return as_json(200, self._as_shown(self.issues[numbers[0]]))

    def _add_labels(self, numbers: list[int], _query: dict[str, str], body: bytes) -> Reply:
        for name in json.loads(body)["labels"]:
            self.label(numbers[0], name, self.login)
        return as_json(200, [self._label_shown(name) for name in self.issues[numbers[0]].labels])

    def _list_labels(self, _numbers: list[int], query: dict[str, str], _body: bytes) -> Reply:
        return as_json(200, page([self._label_shown(name) for name in self.labels], query))

    def _create_label(self, _numbers: list[int], _query: dict[str, str], body: bytes) -> Reply:
        given = json.loads(body)
        if given["name"] in self.labels or len(given["description"]) > 100:
            return refuse(422, "Validation Failed")
        self.labels.append(given["name"])
        return as_json(201, self._label_shown(given["name"]))

    def _show_timeline(self, numbers: list[int], query: dict[str, str], _body: bytes) -> Reply:
        return as_json(200, page(self.timelines.get(numbers[0], []), query))

    def _create_comment(self, numbers: list[int], query: dict[str, str], body: bytes) -> Reply:
        reply = super()._create_comment(numbers, query, body)
        self.change(numbers[0])
        self._note(numbers[0], "commented", self.login, body=json.loads(body)["body"])
        return reply

    def _as_shown(self, issue: Issue) -> dict[str, Any]:
        shown: dict[str, Any] = contract().example("post", "/repos/{owner}/{repo}/issues", 201)
        shown.pop("pull_request")
        return {
            **shown,
            "number": issue.number,
            "title": issue.title,
            "body": issue.body,
            "state": issue.state,
            "state_reason": issue.reason,
            "labels": [self._label_shown(name) for name in issue.labels],
            "user": {**shown["user"], "login": issue.author},
            "comments": len(self.comments(issue.number)),
            "created_at": f"{issue.created:%FT%TZ}",
            "updated_at": f"{issue.updated:%FT%TZ}",
            "repository_url": f"{self.url}/repos/{issue.repository}",
        }

    @staticmethod
    def _label_shown(name: str) -> dict[str, Any]:
        shown: dict[str, Any] = contract().example("get", "/repos/{owner}/{repo}/labels", 200)[0]
        return {**shown, "name": name}


Tracker.more = (
    ("GET", rf"{REPO}/issues", Tracker._list),
    ("POST", rf"{REPO}/issues", Tracker._create),
    ("GET", rf"{REPO}/issues/(\d+)", Tracker._get),
    ("PATCH", rf"{REPO}/issues/(\d+)", Tracker._edit),
    ("POST", rf"{REPO}/issues/(\d+)/labels", Tracker._add_labels),
    ("GET", rf"{REPO}/issues/(\d+)/timeline", Tracker._show_timeline),
    ("POST", rf"{REPO}/issues/(\d+)/comments", Tracker._create_comment),
    ("GET", rf"{REPO}/labels", Tracker._list_labels),
    ("POST", rf"{REPO}/labels", Tracker._create_label),
)
