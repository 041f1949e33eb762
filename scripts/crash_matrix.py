"""Where a job that tells of incidents can be killed: what was heard by then, what after the next, and what is left."""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)

from edgetpu_ci import machine  # noqa: E402 - only after our own folder is first
from edgetpu_ci.world import real_world  # noqa: E402
from tests.fakes.crashing import STORIES, Row, killed, points, together  # noqa: E402

STORES = ("folder", "branch")
WHAT = {"opens": "an incident opens", "ends": "an incident is over"}


def table() -> Iterator[str]:
    """A line for each story and points in a row that come to the same, on both stores."""
    yield "| killed | heard by then | said by the next job | the store then |"
    yield "|---|---|---|---|"
    for story in STORIES:
        yield f"| **{WHAT[story]}** | | | |"
        rows = [(_cells(story, point), point) for point in points(story)]
        for cells, alike in groupby(rows, key=lambda row: row[0]):
            yield f"| {'; '.join(point for _, point in alike)} | {' | '.join(cells)} |"


def _cells(story: str, point: str) -> tuple[str, str, str]:
    """The same cells of both stores, or what each says."""
    found = {_heard(_killed(kind, story, point)): kind for kind in STORES}
    if len(found) == 1:
        return next(iter(found))
    heard, said, left = ("; ".join(f"{kind}: {cells[n]}" for cells, kind in found.items()) for n in range(3))
    return heard, said, left


def _killed(kind: str, story: str, point: str) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        return killed(Path(folder), kind, story, point)


def _heard(row: Row) -> tuple[str, str, str]:
    return _named(row.first), _named(row.second), row.left


def _named(told: tuple[str, ...]) -> str:
    """Which services; of all the rest there is only one."""
    return "; ".join(one.partition(" to ")[2].replace(" #dev", "").replace(" P0", "") for one in told) or "nobody"


def races(jobs: int) -> Iterator[str]:
    """A line for each store."""
    for kind in STORES:
        with tempfile.TemporaryDirectory() as folder:
            race = together(Path(folder), kind, jobs)
        once = sum(times == 1 for times in race.heard)
        yield (
            f"{jobs} jobs at once, {kind}: {once} of {2 * jobs} heard once, {len(race.heard) - once} more often, "
            f"{race.waiting} wait; {race.seconds} s"
        )


def main() -> None:
    """Kill, race, and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--jobs", type=int, default=6, help="how many race (default: %(default)s)")
    wanted = options.parse_args()
    host = machine.identify(real_world())
    print(f"{host.cores} cores {host.cpu}, load {host.load}\n")
    for line in table():
        print(line, flush=True)
    print()
    for line in races(wanted.jobs):
        print(line, flush=True)


if __name__ == "__main__":
    main()
