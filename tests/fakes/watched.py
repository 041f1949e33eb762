"""A repository that is watched as examples/alerts has it: its git server, its jobs, and whom they talk to.

with Town(slack=Slack()) as town:
    repository = watched(folder, town, Tracker())
    repository.commit("Faster", {"README.md": b"faster"})
    repository.build("failure")
    repository.checkout()
    ...  # a job in `repository.here` with `repository.env`
    assert town.pagerduty.pages
"""

import json
import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree
from time import monotonic
from typing import Final, Protocol, Self
from urllib.parse import urlsplit

from tests.fakes import repository as git
from tests.fakes.git_server import GitServer
from tests.fakes.hub import EVERYTHING, TOKEN, FakeHub
from tests.fakes.hub.endpoints import NEEDS
from tests.fakes.hub.repository import Execution, Release, Repository, Run
from tests.fakes.loopback import Reply, Request, serve
from tests.fakes.package_index import PackageIndex, Statistics, Upload
from tests.fakes.pagerduty import OTHER, SERVICE, THIRD, PagerDuty
from tests.fakes.slack_server import TOKEN as SLACK_TOKEN

EXAMPLE: Final = Path(__file__).parents[2] / "examples/alerts"
START: Final = datetime(2026, 11, 18, 9, tzinfo=UTC)
"""A Wednesday morning."""

SECRETS: Final[Mapping[str, str]] = {
    "GITHUB_TOKEN": TOKEN,
    "SLACK_BOT_TOKEN": SLACK_TOKEN,
    "PAGERDUTY_P0": SERVICE,
    "PAGERDUTY_ROUTING_KEY": OTHER,
    "PAGERDUTY_EXTERNAL": THIRD,
}
"""What the jobs of the example are given."""

_PACKAGE: Final = "edge-tpu-v5-benchmark"
_TRACKED: Final = re.compile(r"/repos/[^/]+/[^/]+/(issues/\d+|labels|collaborators/)")
_BUILD: Final = timedelta(minutes=4)


class Answers(Protocol):
    """A service that stands somewhere."""

    def answer(self, request: Request) -> Reply:
        """What it answers."""
        ...


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What a service was asked, when (seconds of a clock that goes on), and what it said."""

    service: str
    at: float
    request: Request
    reply: Reply

    @property
    def what(self) -> str:
        """In a few words: Slack's method, PagerDuty's action, else verb and path."""
        path = urlsplit(self.request.target).path
        if self.service == "PagerDuty" and self.request.verb == "POST":
            return str(json.loads(self.request.body).get("event_action", "change"))
        return path.rpartition("/")[2] if self.service == "Slack" else f"{self.request.verb} {path}"


class Clock(Protocol):
    """Where the time of all that happens comes from."""

    def now(self) -> datetime:
        """The time."""
        ...

    def go(self, to: datetime) -> None:
        """Let it be later."""
        ...


@dataclass
class Standing:
    """A clock that is only moved."""

    at: datetime = START

    def now(self) -> datetime:
        """The time."""
        return self.at

    def go(self, to: datetime) -> None:
        """Let it be later."""
        self.at = to


@dataclass(kw_only=True)
class Town:
    """Who is told by any number of repositories, and all that anybody heard, in order.

    `addresses` are where the configuration says they are, and those of channels, where they differ ("#ci").
    """

    slack: Answers
    pagerduty: PagerDuty = field(default_factory=PagerDuty)
    clock: Clock = field(default_factory=Standing)
    addresses: dict[str, str] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        day = self.clock.now().date()
        downloads = {day - timedelta(days=back): 10 + back % 3 for back in range(1, 100)}
        packages = PackageIndex({_PACKAGE: [Upload(version="1.0")], "alpha": [Upload(version="1.0")]})
        packages.url = self.door("package index", packages.answer) + "/simple/"
        self.addresses |= {
            "index": packages.url,
            "statistics": self.door("package index", Statistics({_PACKAGE: downloads}).answer) + "/api",
            "slack": self.door("Slack", self.slack.answer),
            "pagerduty": self.door("PagerDuty", self.pagerduty.answer),
        }
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def door(self, service: str, answer: Callable[[Request], Reply]) -> str:
        """The address at which a service is asked from now on."""

        def heard(request: Request) -> Reply:
            at, reply = monotonic(), answer(request)
            self.heard.append(Heard(service=service, at=at, request=request, reply=reply))
            return reply

        return f"http://localhost:{self._stack.enter_context(serve(heard))}"

    def of(self, service: str) -> list[Heard]:
        """What one of them heard."""
        return [one for one in self.heard if one.service == service]


@dataclass(kw_only=True)
class Watched:
    """One repository; `issues` is who keeps its issues."""

    folder: Path
    name: str
    town: Town
    issues: Answers
    hub: FakeHub
    server: GitServer
    api: str = ""
    jobs: int = 0
    secrets: dict[str, str] = field(default_factory=lambda: dict(SECRETS))

    @property
    def work(self) -> Path:
        """Where people work on it."""
        return self.folder / "work"

    @property
    def here(self) -> Path:
        """The checkout of the job that runs."""
        return self.folder / "jobs" / f"{self.jobs}"

    @property
    def head(self) -> str:
        """What main is."""
        return git.git(self.work, "rev-parse", "HEAD")

    @property
    def env(self) -> dict[str, str]:
        """What a job of GitHub Actions has."""
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": "push",
            "GITHUB_EVENT_PATH": str(self.here.with_suffix(".json")),
            "GITHUB_REPOSITORY": self.name,
            "GITHUB_SHA": self.head,
            "GITHUB_REF": "refs/heads/main",
            "GITHUB_RUN_ID": f"{9000 + self.jobs}",
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_SERVER_URL": self.server.host,
            "GITHUB_API_URL": self.api,
            "GITHUB_OUTPUT": str(self.here.with_suffix(".outputs")),
            "GITHUB_STEP_SUMMARY": str(self.here.with_suffix(".summary.md")),
            **self.secrets,
        }

    def commit(self, message: str, files: Mapping[str, bytes | None]) -> str:
        """Octocat pushes to main."""
        sha = git.commit(self.work, files, message, at=self.town.clock.now())
        git.git(self.work, "push", "--quiet", str(self.server.repository), "main")
        return sha

    def build(self, conclusion: str) -> None:
        """The workflow ci.yml ends for what was pushed last."""
        now = self.town.clock.now().replace(microsecond=0)
        number = len(self.hub.of.runs) + 1
        began = now - _BUILD
        job = Execution(name="test", conclusion=conclusion, created=began, started=began, completed=now)
        known = {"id": 700 + number, "number": number, "created": began, "started": began, "updated": now}
        self.hub.of.runs[700 + number] = Run(**known, sha=self.head, conclusion=conclusion, executions=(job,))  # type: ignore[arg-type]

    def checkout(self) -> Path:
        """A folder for the next job, with nothing in it that another job left."""
        self.jobs += 1
        git.git(self.folder, "clone", "--quiet", str(self.server.repository), str(self.here))
        git.git(self.here, "remote", "set-url", "origin", self.server.url)
        (self.here / "reports").mkdir()
        coverage = {
            "meta": {"format": 3, "branch_coverage": False},
            "totals": {"covered_lines": 91, "num_statements": 100},
        }
        (self.here / "reports/coverage.json").write_text(json.dumps(coverage))
        owner, _, _ = self.name.partition("/")
        payload = {"repository": {"full_name": self.name, "default_branch": "main", "owner": {"login": owner}}}
        self.here.with_suffix(".json").write_text(json.dumps(payload))
        return self.here

    def answer(self, request: Request) -> Reply:
        """GitHub: one keeps the issues, the other knows all the rest."""
        url = urlsplit(request.target)
        listed = url.path.endswith("/issues") and "labels=" in url.query
        writes = request.verb != "GET" and url.path != "/graphql"
        return (self.issues if writes or listed or _TRACKED.match(url.path) else self.hub).answer(request)


def configuration(addresses: Mapping[str, str], more: str = "", store: str = "{use: branch}") -> str:
    """That of examples/alerts with other addresses: of services, and, in `addresses`, of channels ("#ci").

    `more` are further ways of telling; and another `store` may have what is kept.
    """
    text = (EXAMPLE / "edgetpu-ci.yml").read_text(encoding="utf-8")
    for old, new in (
        (
            "with: {packages: [",
            f'with: {{index: "{addresses["index"]}", statistics: "{addresses["statistics"]}", packages: [',
        ),
        ("- use: dependencies", f'- use: dependencies\n    with: {{index: "{addresses["index"]}"}}'),
        ('with: {channel: "#ci"}', f'with: {{channel: "#ci", base_url: "{addresses["slack"]}/api/"}}'),
        ("with: {routing_keys:", f'with: {{url: "{addresses["pagerduty"]}", routing_keys:'),
        *((f'"{name}"', f'"{where}"') for name, where in addresses.items() if name.startswith("#")),
    ):
        if old not in text:
            raise AssertionError(f"examples/alerts has no {old}")
        text = text.replace(old, new)
    return text.replace("    - use: issue\n", f"    - use: issue\n{more}").replace("{use: branch}", store)


def watched(folder: Path, town: Town, issues: Answers, name: str = "acme/detector", **parts: str) -> Watched:
    """A repository in a town that is there, with the example's runbooks and `configuration`, of which are `parts`."""
    (folder / "server").mkdir(parents=True)
    now = town.clock.now
    releases = [Release(tag="v1.0.0", created=now() - timedelta(days=20))]
    of = Repository(name=name, releases=releases)
    hub = FakeHub(of, now=now, granted=EVERYTHING | frozenset(NEEDS.values()))
    server = GitServer(folder / "server", name=name, token=TOKEN)
    server.port = int(town.door("git", server.answer).rpartition(":")[2])
    made = Watched(folder=folder, name=name, town=town, issues=issues, hub=hub, server=server)
    made.api = hub.url = town.door("GitHub", made.answer)
    git.create(made.work)
    copytree(EXAMPLE / "runbooks", made.work / "runbooks")
    files = {
        "edgetpu-ci.yml": configuration(town.addresses, **parts).encode(),
        "requirements.txt": b"alpha==1.0\n",
        ".gitignore": b".edgetpu-ci/\nedgetpu-ci-report/\n",
    }
    made.commit("Begin", files)
    return made
