"""Where a job that tells of incidents can be killed: what was heard by then, what after the next, and what is left."""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)

from edgetpu_ci import machine  # noqa: E402 - only after our own folder is first
from edgetpu_ci.world import real_world  # noqa: E402
from tests.fakes.crashing import STORIES, Row, killed, points, together  # noqa: E402

STORES = ("folder", "branch")
WHAT = {"opens": "an incident opens", "ends": "an incident is over"}


def table() -> Iterator[str]:
    """A line for each story and point; where the stores differ, one for each."""
    yield "| killed | heard by then | said by the next job | heard twice | the store then |"
    yield "|---|---|---|---|---|"
    for story in STORIES:
        yield f"| **{WHAT[story]}** | | | | |"
        for point in points(story):
            rows = {_cells(_killed(kind, story, point)): kind for kind in STORES}
            for cells, kind in rows.items():
                yield f"| {point}{f' ({kind})' if len(rows) > 1 else ''} | {' | '.join(cells)} |"


def _killed(kind: str, story: str, point: str) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        return killed(Path(folder), kind, story, point)


def _cells(row: Row) -> tuple[str, ...]:
    return (", ".join(row.first) or "nothing", ", ".join(row.second) or "nothing", str(row.twice or ""), row.left)


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
