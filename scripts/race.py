"""Many jobs writing to one branch of a real git server: lost writes and seconds, ours beside what others do."""

import argparse
import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)

from edgetpu_ci import machine  # noqa: E402
from edgetpu_ci.errors import StoreError  # noqa: E402
from edgetpu_ci.store.branch import Branch, Options, open_store  # noqa: E402
from edgetpu_ci.world import real_world  # noqa: E402
from tests.fakes.git_server import GitServer, git, git_server  # noqa: E402
from tests.fakes.loopback import Reply, Request  # noqa: E402

BRANCH = "edgetpu-ci-data"
DATA = "data.json"
RETRIES = 10
REPORT = (ROOT / "docs" / "example-report.json").read_bytes()
USER = ("-c", "user.name=job", "-c", "user.email=job@example.com")
LOADS = ((8, 1), (8, 10), (50, 1))


class LostError(Exception):
    """A strategy gave up."""


@dataclass(frozen=True)
class Job:
    """One job of a workflow: a fresh checkout, and what it wants to keep."""

    server: GitServer
    checkout: Path
    name: str

    def git(self, *arguments: str) -> None:
        """Run git in the checkout; LostError when it fails."""
        argv = ["git", *USER, *arguments]
        ran = subprocess.run(argv, cwd=self.checkout, capture_output=True, check=False)  # noqa: S603 - ours
        if ran.returncode != 0:
            raise LostError(ran.stderr.decode(errors="replace"))


def ours(job: Job) -> None:
    """One file per document, pushed from a private repository if the branch is still as it was read, else again."""
    _store(job.server, job.checkout).append("reports", job.name, REPORT)


def push_once(job: Job) -> None:
    """As python-coverage-comment-action: fetch, switch the checkout to the branch, commit, push; a refusal is final."""
    job.git("fetch", "origin", f"+refs/heads/{BRANCH}:refs/remotes/origin/{BRANCH}")
    job.git("reset", "--hard")
    job.git("switch", "-c", BRANCH, f"origin/{BRANCH}")
    (job.checkout / f"{job.name}.json").write_bytes(REPORT)
    job.git("add", f"{job.name}.json")
    job.git("commit", "-q", "-m", "Update")
    job.git("push", "origin", BRANCH)


def shared_file(job: Job) -> None:
    """As github-action-benchmark: one file for all, edited again after each refusal, ten times at most, no pause."""
    job.git("fetch", "origin", f"{BRANCH}:{BRANCH}")
    job.git("switch", BRANCH)
    for _ in range(1 + RETRIES):
        job.git("pull", "-q", "--no-rebase", "origin", BRANCH)
        path = job.checkout / DATA
        path.write_text(json.dumps([*json.loads(path.read_text()), {"name": job.name, "report": json.loads(REPORT)}]))
        job.git("add", DATA)
        job.git("commit", "-q", "-m", "Add")
        try:
            job.git("push", "origin", f"{BRANCH}:{BRANCH}", "--no-verify")
        except LostError as error:
            if "rejected]" not in str(error):
                raise
            job.git("reset", "-q", "--hard", "HEAD~1")
        else:
            return
    raise LostError("ten times")


STRATEGIES: dict[str, Callable[[Job], None]] = {
    "edgetpu-ci": ours,
    "python-coverage-comment-action's way": push_once,
    "github-action-benchmark's way": shared_file,
}


@dataclass
class Raced:
    """What came of a load: documents that are not on the branch, seconds for all and for each write."""

    lost: int = 0
    seconds: float = 0
    each: list[float] = field(default_factory=list)


def race(strategy: Callable[[Job], None], jobs: int, writes: int) -> Raced:
    """Run `jobs` at once, each writing `writes` documents from fresh checkouts."""
    raced = Raced()
    with tempfile.TemporaryDirectory() as folder, git_server(Path(folder, "server")) as server:
        _begin(server, Path(folder))
        work = [[_checkout(server, Path(folder), f"j{job}w{n}") for n in range(writes)] for job in range(jobs)]
        threads = [threading.Thread(target=_write, args=(strategy, mine, raced)) for mine in work]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        raced.seconds = time.monotonic() - began
        kept = _kept(server)
        raced.lost = sum(job.name not in kept for mine in work for job in mine)
    return raced


def _write(strategy: Callable[[Job], None], jobs: list[Job], raced: Raced) -> None:
    for job in jobs:
        began = time.monotonic()
        # Whatever became of it, the branch will tell.
        with suppress(LostError, StoreError):
            strategy(job)
        raced.each.append(time.monotonic() - began)


def _begin(server: GitServer, folder: Path) -> None:
    server.edit({"main.c": b"int main;\n"}, "main")
    _store(server, folder / "first").append("reports", "first", REPORT)
    server.edit({DATA: b"[]"}, BRANCH)


def _checkout(server: GitServer, folder: Path, name: str) -> Job:
    place = folder / name
    url = server.url.replace("://", f"://x-access-token:{server.token}@")
    git(folder, "clone", "-q", "--depth=1", "-b", "main", url, str(place))
    return Job(server, place, name)


def _kept(server: GitServer) -> set[str]:
    files = {Path(path).stem for path in server.files(BRANCH)}
    return files | {entry["name"] for entry in json.loads(server.content(DATA, BRANCH))}


def _store(server: GitServer, folder: Path) -> Branch:
    folder.mkdir(parents=True, exist_ok=True)
    return open_store(Options(), replace(real_world(), env={**os.environ, **server.env}, cwd=folder))


def _bytes(server: GitServer, act: Callable[[], object]) -> int:
    """What the server answers during an act, in bytes."""
    sizes: list[int] = []

    def count(request: Request) -> Reply:
        reply = server.through(request)
        sizes.append(len(reply.body))
        return reply

    server.answer = count
    act()
    server.answer = server.through
    return sum(sizes)


def growth(reports: int) -> Iterator[str]:
    """What a job transfers when a branch holds this many reports, before and after folding."""
    with tempfile.TemporaryDirectory() as folder, git_server(Path(folder, "server")) as server:
        _fill(server, reports)
        yield "| | append | first read | next read | full clone | seconds of the first read |"
        yield "|---|---|---|---|---|---|"
        yield _transfer("one file each", server, Path(folder))
        _store(server, Path(folder, "folding")).fold("2027-01")
        yield _transfer("folded", server, Path(folder))


def _fill(server: GitServer, reports: int) -> None:
    """A commit for each report, of which the figures differ."""
    store = _store(server, server.root / "first")
    store.append("reports", "20260101T000000Z-first", REPORT)
    parts = []
    for n in range(reports):
        path = f"documents/reports/2026-{1 + 12 * n // reports:02}/2026{1 + 12 * n // reports:02}01T{n:06}Z-x.json"
        data = _another(REPORT)
        parts.append(
            f"commit refs/heads/{BRANCH}\ncommitter a <a@b> 0 +0000\ndata 1\nx\n".encode()
            + (b"from refs/heads/%b^0\n" % BRANCH.encode() if n == 0 else b"")
            + b"M 100644 inline %b\ndata %d\n%b\n" % (path.encode(), len(data), data)
        )
    git(server.repository, "fast-import", "--quiet", stdin=b"".join(parts))
    git(server.repository, "gc", "-q")


def _another(report: bytes) -> bytes:
    """The report of another run: other values everywhere, as long as these."""

    def change(value: object) -> object:
        match value:
            case dict():
                return {name: change(each) for name, each in value.items()}
            case list():
                return [change(each) for each in value]
            case float():
                return value * (1 + secrets.randbelow(10**9) / 10**11)
            case _:
                return value

    return json.dumps(change(json.loads(report)), indent=1).encode()


def _transfer(what: str, server: GitServer, folder: Path) -> str:
    writer, reader = (_store(server, folder / f"{what} {kind}") for kind in ("writer", "reader"))
    numbers = iter(range(2))

    def append() -> None:
        writer.append("reports", f"20270101T{next(numbers):06}Z-{what.replace(' ', '-')}", REPORT)

    appended = _bytes(server, append)
    began = time.monotonic()
    first = _bytes(server, lambda: reader.names("reports"))
    seconds = time.monotonic() - began
    append()
    following = _bytes(server, lambda: reader.names("reports"))
    url = server.url.replace("://", f"://x-access-token:{server.token}@")
    clone = ("clone", "-q", "--bare", "--single-branch", "-b", BRANCH, url, f"{what}.git")
    whole = _bytes(server, lambda: git(folder, *clone))
    cells = " | ".join(f"{size / 1000:,.0f} kB" for size in (appended, first, following, whole))
    return f"| {what} | {cells} | {seconds:.1f} |"


def table(repeat: int) -> Iterator[str]:
    """A line for each load and strategy."""
    yield "| jobs × writes | strategy | lost | seconds | seconds of a write: median, longest |"
    yield "|---|---|---|---|---|"
    for jobs, writes in LOADS:
        for name, strategy in STRATEGIES.items():
            runs = [race(strategy, jobs, writes) for _ in range(repeat)]
            each = [seconds for run in runs for seconds in run.each]
            spread = f"{median(each):.1f}, {max(each):.1f}"
            total = median(run.seconds for run in runs)
            lost = sum(run.lost for run in runs)
            yield f"| {jobs} × {writes} | {name} | {lost} of {repeat * jobs * writes} | {total:.1f} | {spread} |"


def main() -> None:
    """Race, and print a table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--repeat", type=int, default=3, help="how often each load is run (default: %(default)s)")
    options.add_argument("--growth", type=int, metavar="REPORTS", help="what a branch of this many reports transfers")
    wanted = options.parse_args()
    host = machine.identify(real_world())
    kind = "virtual, " if host.hypervisor == "yes" else ""
    print(f"{kind}{host.cores} cores {host.cpu}, load {host.load}; git's own HTTP server on loopback\n")
    for line in growth(wanted.growth) if wanted.growth else table(wanted.repeat):
        print(line, flush=True)


if __name__ == "__main__":
    main()
