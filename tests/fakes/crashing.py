"""Jobs that tell of incidents and are killed at each step, or run at once: no stand-in, a process with `python -m`.

It prints what was heard, and how the store was left, as a line of JSON for each.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from dataclasses import replace as replace_clock
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct, json
from msgspec.structs import replace

from edgetpu_ci.alerting import keeper
from edgetpu_ci.alerting.delivering import Messenger
from edgetpu_ci.incidents import intents
from edgetpu_ci.incidents.intents import LEASE, Claim
from edgetpu_ci.incidents.record import STORED, Book, Context, Notice
from edgetpu_ci.store import Store, branch
from edgetpu_ci.store.folder import Folder
from edgetpu_ci.world import real_world
from tests.fakes.incidents import KEY, NOW, Reached, changed, incident, resolved
from tests.fakes.notifier import Heard, Recording

T = TypeVar("T")

STEPS = (
    "the claim",
    "the first is told",
    "that is written down",
    "the second is told",
    "that is written down too",
    "the document",
    "it leaves the book",
)
POINTS = tuple(f"{when} {step}" for step in STEPS for when in ("before", "after"))
REACH = Reached()

TOLD = ("the first is told", "the second is told")
SWAPS = ("the claim", "that is written down", "that is written down too", "it leaves the book")

Story = Callable[[Book], Book]


class Row(Struct, frozen=True, kw_only=True):
    """A job killed at a point, and the next: what each was heard to say, and how the store was left."""

    store: str
    story: str
    point: str
    first: tuple[str, ...]
    second: tuple[str, ...]
    twice: int
    left: str


class Race(Struct, frozen=True, kw_only=True):
    """Several jobs at once, each with an incident of its own: what was heard how often, and what was left to say."""

    store: str
    jobs: int
    heard: tuple[int, ...]
    waiting: int
    seconds: float


def opens(book: Book) -> Book:
    """An incident opens."""
    return book if book.incidents else Book(incidents=(incident(),))


def ends(book: Book) -> Book:
    """It is over."""
    return changed(book, KEY, resolved) if any(one.is_open for one in book.incidents) else book


STORIES: Mapping[str, Story] = {"opens": opens, "ends": ends}


@dataclass
class Mortal:
    """What of a store a job uses; its process dies before or after a write."""

    store: Store
    die: Callable[[str], None]
    swaps: Iterator[str] = field(default_factory=lambda: iter(SWAPS))

    def state(self, name: str) -> bytes | None:
        """As of a store."""
        return self.store.state(name)

    def names(self, kind: str) -> list[str]:
        """As of a store."""
        return self.store.names(kind)

    def swap(self, name: str, old: bytes | None, new: bytes | None) -> bool:
        """As of a store."""
        return self._around(next(self.swaps), lambda: self.store.swap(name, old, new))

    def append(self, kind: str, name: str, data: bytes) -> Path:
        """As of a store."""
        return self._around("the document", lambda: self.store.append(kind, name, data))

    def _around(self, step: str, write: Callable[[], T]) -> T:
        self.die(f"before {step}")
        done = write()
        self.die(f"after {step}")
        return done


def job(store: Any, story: Story, told: Recording, now: datetime, name: str) -> None:
    """All a run does with incidents once it knows what is new."""
    here = replace_clock(real_world(), now=lambda: now)
    claim = Claim(holder=name)

    def planned(book: Book) -> Book:
        return intents.claim(intents.plan(book, story(book), REACH, now), claim, now)

    book = keeper.change(store, planned, here)
    ways = {way: Recording(way, told.file, told.before, told.after).bound() for way in ("slack", "pagerduty")}
    messenger = Messenger(state=store, bound=ways, context=lambda _: Context(), job=claim, world=here)
    book = messenger.deliver(book).book
    if over := [one for one in book.incidents if intents.is_settled(book, one, REACH, now)]:
        keeper.put_away(store, over, here)


def killed(folder: Path, kind: str, story: str, point: str) -> Row:
    """A job that dies at a point, and the next, after the lease."""
    told = Recording(file=folder / "heard")
    if story == "ends":
        job(opened(kind, folder, "before"), opens, told, NOW, "before")
    before = len(told.heard)
    child = fork(lambda: _die_at(kind, folder, story, point))
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"{point} was never reached"
    first = told.heard[before:]
    store = opened(kind, folder, "next")
    job(store, STORIES[story], told, NOW + LEASE, "next")
    second = told.heard[before + len(first) :]
    return Row(
        store=kind,
        story=story,
        point=point,
        first=tuple(map(_words, first)),
        second=tuple(map(_words, second)),
        twice=len({one.id for one in first} & {one.id for one in second}),
        left=_left(store),
    )


def _die_at(kind: str, folder: Path, story: str, point: str) -> None:
    def die(step: str) -> None:
        if step == point:
            os.kill(os.getpid(), signal.SIGKILL)

    told = iter(TOLD)
    steps: list[str] = []

    def begins(_notice: Notice) -> None:
        steps.append(next(told))
        die(f"before {steps[-1]}")

    service = Recording(file=folder / "heard", before=begins, after=lambda _: die(f"after {steps[-1]}"))
    job(Mortal(opened(kind, folder, "first"), die), STORIES[story], service, NOW, "first")


def _words(heard: Heard) -> str:
    return f"{heard.kind} to {heard.target}{', perhaps again' if heard.perhaps else ''}"


def _left(store: Store) -> str:
    book = keeper.load(store)
    known = [f"{'open' if one.is_open else 'over'} in the book" for one in book.incidents]
    documents = len(store.names(STORED))
    waiting = f"{len(book.outbox)} wait" if book.outbox else "nothing waits"
    return ", ".join([*known, *([f"{documents} document"] if documents else []), waiting])


def together(folder: Path, kind: str, jobs: int) -> Race:
    """Jobs at once on one store, each with an incident of its own."""
    told = Recording(file=folder / "heard")

    def begun(number: int) -> None:
        key = f"{number:064x}"

        def story(book: Book) -> Book:
            is_known = any(one.key == key for one in book.incidents)
            return book if is_known else replace(book, incidents=(*book.incidents, incident(key)))

        job(opened(kind, folder, f"job {number}"), story, told, NOW, f"job {number}")

    opened(kind, folder, "begin")
    began = time.monotonic()
    children = [fork(lambda number=number: begun(number)) for number in range(jobs)]  # type: ignore[misc]
    assert all(os.waitpid(child, 0)[1] == 0 for child in children)
    counts = Counter(one.id for one in told.heard)
    waiting = len(keeper.load(opened(kind, folder, "end")).outbox)
    seconds = round(time.monotonic() - began, 1)
    return Race(store=kind, jobs=jobs, heard=tuple(sorted(counts.values())), waiting=waiting, seconds=seconds)


def fork(act: Callable[[], None]) -> int:
    """Do it in a process of its own, which ends after it; its id."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            act()
            status = 0
        finally:
            os._exit(status)
    return child


def opened(kind: str, folder: Path, name: str) -> Store:
    """The store as a fresh checkout of its own has it."""
    if kind == "folder":
        return Folder(folder / "store")
    server = folder / "server.git"
    if not server.exists():
        subprocess.run(["git", "init", "-q", "--bare", str(server)], check=True)
    here = folder / name
    here.mkdir(exist_ok=True)
    return branch.open_store(branch.Options(remote=str(server)), replace_clock(real_world(), cwd=here))


def points(story: str) -> tuple[str, ...]:
    """Where a job of this story can die."""
    return POINTS if story == "ends" else tuple(point for point in POINTS if point.partition(" ")[2] not in STEPS[-2:])


def main() -> None:
    """Print what was asked for."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--store", choices=("folder", "branch"), default="folder")
    options.add_argument("--stories", nargs="*", choices=tuple(STORIES), default=list(STORIES), metavar="STORY")
    options.add_argument("--points", nargs="*", default=list(POINTS), metavar="POINT")
    options.add_argument("--jobs", type=int, default=0)
    wanted = options.parse_args()
    for story in wanted.stories:
        for point in (point for point in points(story) if point in wanted.points):
            with tempfile.TemporaryDirectory() as folder:
                _print(killed(Path(folder), wanted.store, story, point))
    if wanted.jobs:
        with tempfile.TemporaryDirectory() as folder:
            _print(together(Path(folder), wanted.store, wanted.jobs))


def _print(row: Row | Race) -> None:
    sys.stdout.write(json.encode(row).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
