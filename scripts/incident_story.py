"""One incident from beginning to end with real parts: see scripts/incident-story."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any, Final

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)

from tests.fakes import browsers, slack_preview, story  # noqa: E402 - only after our own folder is first
from tests.fakes.emulate import Emulated, emulate, pass_on, room, started  # noqa: E402
from tests.fakes.git_server import git  # noqa: E402
from tests.fakes.hub import TOKEN  # noqa: E402
from tests.fakes.loopback import Reply, Request  # noqa: E402
from tests.fakes.program import edgetpu_ci  # noqa: E402
from tests.fakes.slack import faults  # noqa: E402
from tests.fakes.slack_server import TOKEN as SLACK_TOKEN  # noqa: E402
from tests.fakes.story import Chapter, Job, Story  # noqa: E402
from tests.fakes.watched import SECRETS, START, Heard, Town, Watched, watched  # noqa: E402

CHANNELS: Final = ("ci", "emergency", "security", "leads", "management", "development", "infrastructure", "oncall")
CHANNELS_OF_WARNINGS: Final = ("dev-performance", "dev-quality", "dev-security")
_MOST_LINES: Final = 30
_SCOPES: Final = ["chat:write", "files:write", "channels:history", "channels:read"]


@dataclass
class Moved:
    """The clock of all processes of the story: libfaketime reads from a file how far it is from this machine's."""

    file: Path
    away: float = 0.0

    def now(self) -> datetime:
        """The time there."""
        return datetime.fromtimestamp(datetime.now(UTC).timestamp() + self.away, UTC)

    def go(self, to: datetime) -> None:
        """Let it be later, for all of them."""
        self.away = to.timestamp() - datetime.now(UTC).timestamp()
        self.file.write_text(f"{self.away:+.3f}")

    @property
    def env(self) -> dict[str, str]:
        """With which a process has it; what is measured inside of one is measured by the real clock."""
        asked = ["faketime", "-m", "-f", "+0", "printenv", "LD_PRELOAD"]
        library = subprocess.run(asked, capture_output=True, check=True, text=True).stdout.strip()  # noqa: S603
        return {
            "LD_PRELOAD": library,
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


class Slack:
    """The emulator's, held against the documented limits that it does not enforce."""

    def __init__(self, place: Path) -> None:
        self.place, self.faults = place, list[str]()

    def answer(self, request: Request) -> Reply:
        """What it answers."""
        message = story.given(request) if "chat." in request.target else {}
        self.faults += faults(message) if message else []
        return pass_on(self.place, request)

    def channels(self) -> dict[str, str]:
        """The IDs of its channels, by their names with a hash."""
        headers = {"authorization": f"Bearer {SLACK_TOKEN}", "content-type": "application/json"}
        asked = Request(verb="POST", target="/api/conversations.list", headers=headers, body=b'{"limit": 200}')
        found = json.loads(pass_on(self.place, asked).body)["channels"]
        return {f"#{one['name']}": one["id"] for one in found if one["name"] in (*CHANNELS, *CHANNELS_OF_WARNINGS)}


@contextmanager
def services(clock: Moved) -> Iterator[tuple[Town, Slack, Emulated]]:
    """Slack with the channels of the example, everybody else who is told, and GitHub."""
    named = [{"name": name} for name in (*CHANNELS, *CHANNELS_OF_WARNINGS)]
    token = {"token": SLACK_TOKEN, "type": "bot", "scopes": _SCOPES}
    seed = {"slack": {"tokens": [token], "channels": named}}
    with room() as place, emulate(TOKEN, **clock.env) as github:
        there = Slack(place)
        with (
            Town(slack=there, clock=clock) as town,
            started("slack", place, town.addresses["slack"], seed, **clock.env),
        ):
            town.addresses |= there.channels()
            yield town, there, github


def play(folder: Path, lasting: Path) -> tuple[Story, list[str]]:
    """The whole story in a folder of its own; what went wrong."""
    clock = Moved(folder / "clock")
    clock.go(START)
    with services(clock) as (town, there, github):
        told = Story(
            of=watched(folder, town, github),
            play=partial(run, clock.env),
            comment=lambda number, body: github.say(int(number), body),
        )
        told.tell()
        (lasting / "issue.md").write_text(issue(github))
        wrong = [*story.faults(told), *github.violations, *told.of.hub.violations, *there.faults]
        return told, wrong + [f"a secret: {found}" for found in story.leaks(town, SECRETS, written(told))]


def written(told: Story) -> dict[str, bytes]:
    """All that is left of the jobs: files, what they printed, and every object of the repository."""
    of = told.of
    files = {f"{path}": path.read_bytes() for path in of.folder.rglob("*") if path.is_file() and not path.is_symlink()}
    printed = {" ".join(job.argv): job.said.encode() for each in told.chapters for job in each.jobs}
    objects = git(of.server.repository, "cat-file", "--batch-all-objects", "--batch")
    return {**files, **printed, "the repository": objects}


def measure(times: int) -> None:
    """How soon after the last figure was read each service heard of an incident that opens, so many times."""
    found: list[dict[str, float]] = []
    for _ in range(times):
        with tempfile.TemporaryDirectory() as place:
            found.append(opening(Path(place)))
            print("  ".join(f"{service} {seconds:.1f} s" for service, seconds in found[-1].items()), flush=True)
    print("median  " + "  ".join(f"{name} {median(one[name] for one in found):.1f} s" for name in found[0]))


def opening(folder: Path) -> dict[str, float]:
    """The same once, with four failing builds at the first run."""
    clock = Moved(folder / "clock")
    clock.go(START)
    with services(clock) as (town, _, github):
        told = Story(
            of=watched(folder, town, github), play=partial(run, clock.env), comment=lambda _number, _body: None
        )
        told.of.build("success")
        for number in range(3):
            told.of.commit(f"Change {number}", {f"{number}": b"x"})
            told.of.build("failure")
        with told.chapter("It opens") as now:
            told.built(now, "failure")
    first = {one.service: one.at for one in reversed(now.told())}
    return {service: first[service] - now.measured() for service in ("PagerDuty", "Slack", "GitHub")}


def run(env: Mapping[str, str], of: Watched, argv: Sequence[str]) -> Job:
    """A job as a process of its own."""
    done = edgetpu_ci(of.here, *argv, **of.env, **env)
    return Job(argv=argv, status=done.returncode, said=done.stdout + done.stderr)


def issue(github: Emulated) -> str:
    """The issue as it stands, with its comments."""
    shown = github.issue("1")
    said = "\n\n---\n\n".join(f"**{one.author}**\n\n{one.body}" for one in github.comments(1))
    labels = ", ".join(label["name"] for label in shown["labels"])
    return f"# {shown['title']}\n\n{shown['state']}, {labels}\n\n{shown['body']}\n\n---\n\n{said}\n"


def names(town: Town) -> dict[str, str]:
    """Channels' names by their IDs."""
    return {where: name for name, where in town.addresses.items() if name.startswith("#")}


def transcript(told: Story, wrong: Sequence[str]) -> str:
    """Chapter by chapter: what ran, what it printed, who heard what and how soon."""
    lines = ["# The story of an incident", "", *_figures(told), ""]
    for number, chapter in enumerate(told.chapters, 1):
        lines += [f"## {number}. {chapter.title}", "", f"{chapter.at:%A %H:%M} UTC", ""]
        for job in chapter.jobs:
            lines += ["```console", f"$ edgetpu-ci {' '.join(job.argv)}", *_short(job), "```", ""]
        lines += [*_heard(told, chapter), ""]
    lines += ["## At the end", "", *([f"- WRONG: {one}" for one in wrong] or ["Nothing twice, nothing lost."])]
    return "\n".join(lines) + "\n"


def _short(job: Job) -> list[str]:
    """What matters of what a job printed."""
    lines = job.said.rstrip().splitlines()
    return (
        lines
        if len(lines) < _MOST_LINES
        else [line for line in lines if line.startswith(("alerts", "warning", "✗", "waits"))]
    )


def _heard(told: Story, chapter: Chapter) -> Iterator[str]:
    """A row for each message that somebody can see."""
    counted = ", ".join(f"{service} {count}" for service, count in sorted(chapter.requests().items()))
    yield f"Requests: {counted}."
    if not (heard := chapter.told()):
        return
    measures = chapter.jobs[0].argv == story.KPIS
    since, what = (
        (chapter.measured(), "the last figure was read") if measures else (chapter.heard[0].at, "its first request")
    )
    yield ""
    yield f"| seconds after {what} | who | hears |"
    yield "|---:|---|---|"
    for one in heard:
        who, what = _said(one, names(told.of.town))
        yield f"| {one.at - since:.1f} | {who} | {what.replace('|', '/')} |"


def _said(one: Heard, channels: Mapping[str, str]) -> tuple[str, str]:
    if one.service == "Slack":
        message = story.given(one.request)
        channel = channels.get(message.get("channel", ""), message.get("channel", ""))
        where = (
            "updated" if one.what == "chat.update" else "in the thread" if message.get("thread_ts") else "new message"
        )
        return f"Slack {channel}", f"{where}: {message.get('text', '')}"
    event = json.loads(one.request.body) if one.request.body else {}
    if one.service == "PagerDuty":
        return "PagerDuty", f"{one.what}: {event.get('payload', {}).get('summary', event.get('dedup_key', '')[:12])}"
    return (
        "GitHub",
        f"{one.what} {event.get('title', '') or event.get('state', '') or ', '.join(event.get('labels', []))}".strip(),
    )


def _figures(told: Story) -> Iterator[str]:
    """Requests of the whole life, for each service, without the key figures and the digest."""
    about = [
        one
        for chapter in told.chapters
        for one in chapter.heard
        if one.service in {"Slack", "PagerDuty"} or story.tracked(one)
    ]
    for service in ("PagerDuty", "GitHub", "Slack"):
        yield f"- {service}: {sum(one.service == service for one in about)} requests about the incident"
    jobs = sum(len(chapter.jobs) for chapter in told.chapters)
    yield f"- git: {len(told.of.town.of('git'))} requests in {jobs} jobs, for all that they keep and read there"


def draw(told: Story, folder: Path) -> None:
    """A picture of each channel after each chapter in which it changed, and of the digest."""
    from playwright.sync_api import sync_playwright

    heard: list[Heard] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browsers.find())
        window = browser.new_page(viewport={"width": 660, "height": 100}, device_scale_factor=2)
        for number, chapter in enumerate(told.chapters, 1):
            before = story.channels(heard)
            heard += chapter.heard
            for where, channel in story.channels(heard).items():
                if channel != before.get(where):
                    page = folder / f"{number:02}-{names(told.of.town)[where].removeprefix('#')}.html"
                    page.write_text(slack_preview.page(list(_messages(channel))), encoding="utf-8")
                    window.goto(page.resolve().as_uri())
                    window.screenshot(path=page.with_suffix(".png"), full_page=True)


def _messages(channel: story.Channel) -> Iterator[tuple[dict[str, Any], bool]]:
    for ts, message in channel.messages.items():
        yield message, False
        yield from ((answer, True) for answer in channel.threads.get(ts, []))


def main() -> int:
    """Play it, write down what became of it, and say what is wrong."""
    if sys.argv[1:2] == ["--measure"]:
        measure(int(sys.argv[2]))
        return 0
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "incident-story")
    folder.mkdir(parents=True, exist_ok=True)
    began = monotonic()
    with tempfile.TemporaryDirectory() as place:
        told, wrong = play(Path(place), folder)
    (folder / "story.md").write_text(transcript(told, wrong), encoding="utf-8")
    draw(told, folder)
    for one in wrong:
        print(f"incident-story: {one}", file=sys.stderr)
    print(f"{folder / 'story.md'}: {len(told.chapters)} chapters in {monotonic() - began:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
