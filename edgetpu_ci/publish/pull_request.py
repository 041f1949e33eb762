"""One comment on the pull request, edited in place.

A first comment takes three requests (list, create, list again), an edit two, an unchanged comment one; each further
hundred comments on the pull request adds one to every list, and a token of a person one for its login.
"""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

from edgetpu_ci import artifact, event
from edgetpu_ci.errors import DeniedError
from edgetpu_ci.github_api import Api
from edgetpu_ci.judging import judge
from edgetpu_ci.model import REPOSITORY, Report
from edgetpu_ci.publish.notice import notify
from edgetpu_ci.render import markdown
from edgetpu_ci.world import World

# The last line of a comment remembers what it said, so that the next one can take it back.
_ALARM = "<!-- edgetpu-ci: alarm -->"
_WITHDRAWN = "<!-- edgetpu-ci: withdrawn -->"


_OF_KPIS: Final = "-kpis"


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to comment.

    `key` tells several comments on one pull request apart; that of key figures is always one of its own. `author` is
    the login the token comments as: needed only for a GitHub App of one's own. `when: changed` stays silent until
    something is better, worse or unknown; a comment that exists is always kept up to date.
    """

    key: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,60}$")] = "default"
    author: str = ""
    when: Literal["always", "changed"] = "always"


class _User(Struct, frozen=True):
    login: str


class _Comment(Struct, frozen=True):
    id: int
    body: str | None = None
    user: _User | None = None

    @property
    def login(self) -> str:
        """Who wrote it; GitHub has no user for an account that is gone."""
        return self.user.login if self.user else ""


def publish(options: Options, report: Report, world: World) -> dict[str, str]:
    """Comment on the pull request behind the event; `commented` says whether the report now stands there."""
    if report.run.machine.key == REPOSITORY:
        # One configuration says both kinds of reports: neither may write over the other.
        options = replace(options, key=f"{options.key}{_OF_KPIS}")
    return {"commented": "true" if _comment(options, report, world) else "false"}


def _comment(options: Options, report: Report, world: World) -> bool:
    happened = event.read(world)
    try:
        number = _number(happened, world)
        if number is None:
            notify("notice", f"No comment: {_nowhere(happened)}.", world)
            return False
        api = Api(happened.repository, world, "pull-requests: write")
        return _say(options, report, _Thread(api, number, options, api.author(options.author)), world)
    except DeniedError as error:
        notify("warning", f"No comment: {error}", world)
        return False


def _number(happened: event.Event, world: World) -> int | None:
    """The pull request by GitHub's word: a report may come from a stranger, who must not choose it."""
    if happened.name == "workflow_run":
        return artifact.find_pull_request(happened, world)
    return happened.pull_request


def _nowhere(happened: event.Event) -> str:
    if happened.name == "workflow_run":
        return f"no open pull request has {happened.commit[:12]} as its head; perhaps it has moved on"
    return f"no pull request is behind `{happened.name}`" if happened.name else "this is not a job of GitHub Actions"


class _Thread:
    """The comments of ours on one pull request."""

    def __init__(self, api: Api, number: int, options: Options, author: str) -> None:
        self.author = author
        self._api = api
        self._marker = markdown.marker(options.key)
        self._all = f"{api.repository}/issues/{number}/comments"
        self._one = f"{api.repository}/issues/comments"

    def ours(self) -> list[_Comment]:
        """Those with our marker and our name, oldest first: anyone can write the marker."""
        return [comment for comment in self._api.pages(self._all, _Comment, {}) if self._is_ours(comment)]

    def create(self, body: str) -> _Comment:
        return self._api.send("POST", self._all, _Comment, body={"body": body})

    def edit(self, comment: _Comment, body: str) -> None:
        self._api.send("PATCH", f"{self._one}/{comment.id}", _Comment, body={"body": body})

    def delete(self, comment: _Comment) -> None:
        self._api.delete(f"{self._one}/{comment.id}")

    def _is_ours(self, comment: _Comment) -> bool:
        first = (comment.body or "").partition("\n")[0].strip()
        return first == self._marker and comment.login.casefold() == self.author.casefold()


def _say(options: Options, report: Report, thread: _Thread, world: World) -> bool:
    ours = thread.ours()
    if not (ours or options.when == "always" or _noteworthy(report)):
        return False
    body = _body(options.key, report, (ours[0].body or "") if ours else "")
    if not ours:
        created = thread.create(body)
        _check_author(created, thread, world)
        # Another job may have created one at the same time: then the oldest stays, in every job's eyes.
        ours = thread.ours() or [created]
    keep, *others = ours
    for other in others:
        thread.delete(other)
    if (keep.body or "").strip() != body:
        thread.edit(keep, body)
    return True


def _check_author(created: _Comment, thread: _Thread, world: World) -> None:
    if created.login.casefold() != thread.author.casefold():
        notify(
            "warning",
            f"The token comments as {created.login}, not as {thread.author}: set `author: {created.login}` under "
            "`use: pull_request`, or every run adds a comment.",
            world,
        )


def _body(key: str, report: Report, earlier: str) -> str:
    alarm = _alarming(report)
    withdrawn = not alarm and earlier.strip().endswith((_ALARM, _WITHDRAWN))
    memory = _ALARM if alarm else _WITHDRAWN if withdrawn else ""
    text = markdown.comment(report, key=key, withdrawn=withdrawn)
    return f"{text.strip()}\n\n{memory}".strip()


def _alarming(report: Report) -> bool:
    regressed = any(comparison.finding == "regressed" for comparison in report.comparisons)
    return regressed or judge.status(report) != "passed"


def _noteworthy(report: Report) -> bool:
    improved = any(comparison.finding == "improved" for comparison in report.comparisons)
    return improved or any(verdict.improved for verdict in report.verdicts) or _alarming(report)
