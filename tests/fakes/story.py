"""A story of one incident, from a green build to the digest, with whatever plays its jobs; and what everybody heard.

The jobs are those of examples/alerts: key figures after each build, and a look at what is open now and then.
"""

import json
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

from tests.fakes.loopback import Request
from tests.fakes.watched import START, Heard, Town, Watched

KPIS = ("run", "--kpis")
LOOK = ("alerts",)
MONDAY = START + timedelta(days=5) - timedelta(hours=2, minutes=53)
_SOURCES: Final = ("GitHub", "package index")
"""Whom collectors of key figures ask."""
_OF_INCIDENTS: Final = ("/issues", "/labels", "/collaborators/", "/commits/", "/compare/")
_OWN: Final = {"Slack": "SLACK", "PagerDuty": "PAGERDUTY", "GitHub": "GITHUB", "git": "GITHUB", "Alertmanager": "ALERT"}
"""How the names of the secrets begin that are for a service."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A command, how it ended, and what it printed."""

    argv: Sequence[str]
    status: int
    said: str


Play = Callable[[Watched, Sequence[str]], Job]
"""How a command is run in the checkout that is there."""


@dataclass(kw_only=True)
class Chapter:
    """A part of the story: when it began by its own clock, its jobs, and what was heard meanwhile."""

    title: str
    at: datetime
    jobs: list[Job] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)

    def requests(self) -> Counter[str]:
        """How many each service got."""
        return Counter(one.service for one in self.heard)

    def told(self) -> list[Heard]:
        """What people were told by: not what was read."""
        return [one for one in self.heard if tells(one)]

    def measured(self) -> float:
        """When the last answer was there that a collector of key figures waited for."""
        read = (one.at for one in self.heard if one.service in _SOURCES and not tracked(one))
        return max(read, default=self.heard[0].at)


def tracked(one: Heard) -> bool:
    """Whether GitHub was asked because of an incident, and not for key figures."""
    return one.service == "GitHub" and any(part in one.what for part in _OF_INCIDENTS)


def tells(one: Heard) -> bool:
    """Whether somebody can see it."""
    if one.service == "GitHub":
        return tracked(one) and not one.what.startswith("GET")
    return one.service == "PagerDuty" or (one.service == "Slack" and one.what.startswith("chat."))


@dataclass(kw_only=True)
class Story:
    """It goes on by `play`; `comment` is how a person comments on an issue, by its number."""

    of: Watched
    play: Play
    comment: Callable[[str, str], None]
    chapters: list[Chapter] = field(default_factory=list)

    @contextmanager
    def chapter(self, title: str) -> Iterator[Chapter]:
        """What happens in the block."""
        made, before = Chapter(title=title, at=self.of.town.clock.now()), len(self.of.town.heard)
        yield made
        made.heard = self.of.town.heard[before:]
        self.chapters.append(made)

    def job(self, chapter: Chapter, *argv: str) -> Job:
        """A job in a fresh checkout."""
        self.of.checkout()
        done = self.play(self.of, argv)
        chapter.jobs.append(done)
        return done

    def later(self, minutes: float) -> None:
        """Time passes."""
        clock = self.of.town.clock
        clock.go(clock.now() + timedelta(minutes=minutes))

    def built(self, chapter: Chapter, conclusion: str) -> None:
        """A build ends, and its key figures are collected."""
        self.of.build(conclusion)
        self.later(2)
        self.job(chapter, *KPIS)

    def tell(self) -> None:
        """All of it."""
        with self.chapter("All builds are good") as now:
            self.built(now, "success")
        with self.chapter("A change breaks the build, and three more come on top of it") as now:
            for number in range(3):
                self._push(12 + number, "Try another delegate" if number == 0 else f"Part {number} of the new reader")
                self.built(now, "failure")
        with self.chapter("The fourth build fails") as now:
            self._push(15, "Part 3 of the new reader")
            self.built(now, "failure")
        self.later(14)
        with self.chapter("A quarter of an hour later nobody has answered") as now:
            self.later(2)
            self.job(now, *LOOK)
        with self.chapter("Somebody takes it on, by a comment on the issue") as now:
            self.comment("1", "/ack I am looking")
            self.later(3)
            self.job(now, *LOOK)
        self.later(20)
        with self.chapter("Half an hour after it opened: the next step would be due") as now:
            self.job(now, *LOOK)
            self.job(now, "incidents", "audit")
        self._push(16, "Revert the other delegate")
        with self.chapter("The change is taken back, and a build is good") as now:
            self.built(now, "success")
        self._push(17, "The new reader, mended")
        with self.chapter("A second build is good: it is over") as now:
            self.built(now, "success")
        self.later(10)
        with self.chapter("Nothing more is to be said") as now:
            self.job(now, *LOOK)
            self.job(now, "incidents", "list")
        self.of.town.clock.go(MONDAY)
        with self.chapter("The digest of the week, on Monday") as now:
            self.job(now, "digest")

    def _push(self, number: int, subject: str) -> None:
        self.later(8)
        self.of.commit(f"{subject} (#{number})", {f"part-{number}.txt": subject.encode()})
        self.later(4)


def given(request: Request) -> dict[str, Any]:
    """What a call of Slack's was given."""
    if request.headers.get("content-type", "").startswith("application/json"):
        found: dict[str, Any] = json.loads(request.body)
        return found
    return dict(parse_qsl(request.body.decode()))


@dataclass
class Channel:
    """What is to be read in a channel: each message with what stands in its thread, as they are now."""

    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    threads: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


def channels(heard: Sequence[Heard]) -> dict[str, Channel]:
    """What is to be read in Slack after all that was heard, by the IDs of its channels."""
    found: dict[str, Channel] = {}
    for one in heard:
        if one.service != "Slack" or one.what not in {"chat.postMessage", "chat.update"}:
            continue
        message, answer = given(one.request), json.loads(one.reply.body)
        if answer["ok"]:
            channel = found.setdefault(answer["channel"], Channel())
            if top := message.get("thread_ts"):
                channel.threads.setdefault(top, []).append(message)
            else:
                channel.messages[answer["ts"]] = message
    return found


def leaks(town: Town, secrets: Mapping[str, str], written: Mapping[str, bytes]) -> list[str]:
    """Which secret stands where, of all that was written, and of what a service heard that it is not for."""
    places = [("", place, data) for place, data in written.items()]
    places += [(one.service, one.service, repr(one.request).encode()) for one in town.heard]
    return sorted(
        {
            f"{name} in {place}"
            for name, secret in secrets.items()
            for service, place, data in places
            if not (service in _OWN and name.startswith(_OWN[service]))
            if secret.encode() in data or b64encode(secret.encode())[:-3] in data
        }
    )


def faults(story: Story) -> list[str]:
    """What is not as it should be at the end; empty of a story that went well."""
    town, found = story.of.town, list[str]()
    pages, alerts = town.pagerduty.pages, town.pagerduty.alerts
    if len(pages) != 1:
        found.append(f"{len(pages)} pages, not one")
    events = [[event["event_action"] for event in alert.events] for alert in alerts]
    if events != [["trigger", "acknowledge", "resolve"]] or town.pagerduty.dropped:
        found.append(f"PagerDuty heard {events}, and dropped {len(town.pagerduty.dropped)}")
    for name, channel in channels([one for each in story.chapters[:-1] for one in each.heard]).items():
        if len(channel.messages) != 1 or len(channel.threads) != 1:
            found.append(f"{len(channel.messages)} messages and {len(channel.threads)} threads in {name}")
        for texts in ([one["text"] for one in thread] for thread in channel.threads.values()):
            found += [f"in {name} twice: {text}" for text, times in Counter(texts).items() if times > 1]
    opened = [one for one in town.of("GitHub") if one.what.startswith("POST") and one.what.endswith("/issues")]
    closed = [one for one in town.of("GitHub") if b'"state":"closed"' in one.request.body.replace(b" ", b"")]
    if (len(opened), len(closed)) != (1, 1):
        found.append(f"{len(opened)} issues opened and {len(closed)} closed, not one each")
    found += [
        f"{' '.join(job.argv)}: status {job.status}" for each in story.chapters for job in each.jobs if job.status
    ]
    found += [
        f"left in the outbox: {line}"
        for job in story.chapters[-2].jobs
        for line in job.said.splitlines()
        if line.startswith("waits")
    ]
    refused = (one for one in town.heard if tells(one) and one.reply.status >= 400)
    return found + [f"{one.service} refused {one.what} with {one.reply.status}" for one in refused]
