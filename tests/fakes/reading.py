"""Read a repository in a process of its own, with a store in a folder; what that cost, and what is missing then."""

import resource
import sys
import time
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import msgspec
from msgspec import Struct

from edgetpu_ci.collect import github
from edgetpu_ci.github_rows.desk import Desk
from edgetpu_ci.model import Measurement
from edgetpu_ci.store.folder import Folder
from edgetpu_ci.world import real_world
from tests.fakes.large import END
from tests.fakes.small_github import Repository, SmallGitHub


class Cost(Struct, frozen=True):
    """Seconds by the clock and of CPU, the most memory and what is stored in MB, writes, and what came of it."""

    seconds: float
    cpu: float
    peak_mb: int
    stored_mb: float
    swaps: int
    measurements: tuple[Measurement, ...]
    incomplete: tuple[str, ...]


@dataclass(frozen=True)
class Counting(Folder):
    """A folder that counts its writes."""

    writes: list[str] = field(default_factory=list)

    def swap(self, name: str, old: bytes | None, new: bytes | None) -> bool:
        self.writes.append(name)
        return super().swap(name, old, new)


def main() -> None:
    """`python -c … STORE DAY`: read as of that day after the repository's last, and print the cost."""
    store, day = Counting(Path(sys.argv[1])), int(sys.argv[2])
    at = END + timedelta(days=day)
    started, busy = time.perf_counter(), time.process_time()
    collected = github.collect_remembering(github.Options(), store, replace(real_world(), now=lambda: at))
    cost = Cost(
        seconds=time.perf_counter() - started,
        cpu=time.process_time() - busy,
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        stored_mb=sum(path.stat().st_size for path in Path(sys.argv[1], "state").iterdir()) / 1e6,
        swaps=len(store.writes),
        measurements=collected.measurements,
        incomplete=collected.incomplete,
    )
    sys.stdout.buffer.write(msgspec.json.encode(cost))


def missing(store: Path, whole: Repository, day: int) -> str:
    """Which rows of a repository the store has not, or not as they are now; empty when it has all."""
    at = END + timedelta(days=day)
    cut = at - timedelta(days=400)
    kept = Desk(SmallGitHub(), Folder(store), now=at, cut=cut, bots=frozenset())
    runs = {
        run.id: (run.attempt, run.conclusion, len(run.jobs or ())) for run in kept.runs.rows(kept.months(kept.runs))
    }
    pulls = {pull.number: pull.updated for pull in kept.pulls.rows(kept.months(kept.pulls))}
    issues = {issue.number: issue.updated for issue in kept.issues.rows(kept.months(kept.issues))}
    fresh = [run for run in whole.runs.values() if run.created >= cut]
    there = {
        "runs": runs == {run.id: (run.attempt, run.conclusion, len(run.executions)) for run in fresh},
        "pull requests": pulls == {item.number: item.updated for item in whole.pulls.values() if item.updated >= cut},
        "issues": issues == {item.number: item.updated for item in whole.issues.values() if item.updated >= cut},
    }
    return ", ".join(f"no, {name}" for name, is_whole in there.items() if not is_whole)
