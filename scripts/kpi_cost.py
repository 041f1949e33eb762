"""What all key figures of a large simulated repository cost, cold and a day later: requests, seconds and memory."""

import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)

import msgspec  # noqa: E402 - only after our own folder is first

from edgetpu_ci import machine, metrics  # noqa: E402
from edgetpu_ci.world import real_world  # noqa: E402
from tests.fakes import whole as user  # noqa: E402
from tests.fakes.hub.repository import END, large  # noqa: E402
from tests.fakes.read_rows import day_later, missing  # noqa: E402
from tests.fakes.reading import Cost  # noqa: E402

PEERS = """\
peers, for the same repository, requests computed from their source:
  issue-metrics (d70b1a0)            33,000-38,000   no CI data
  Middleware (5471e35)               about 15,250    no jobs
  DevLake, GraphQL (420e494)         about 3,500     at most 20 jobs a run by default
  github-actions-exporter (51e11ab)  about 7,300/h   60 runs in its window, no history
  github_exporter (2afaf1f)          0               webhooks to a server of one's own, no history"""


def main() -> int:
    """Print both tables; 1 when rows are missing."""
    made = large(share=1 / (int(sys.argv[1]) if len(sys.argv) > 1 else 1))
    whole, figures = True, ""
    kinds = f"{len(made.runs):,} runs of 6 jobs, {len(made.pulls):,} pull requests, {len(made.issues):,} issues"
    print(f"{kinds}; {_machine()}")
    with tempfile.TemporaryDirectory() as folder, user.hub(made) as hub, user.whole(Path(folder), hub) as place:
        place.reviewed()
        for name, at in (("cold", END), ("a day later", END + timedelta(days=1))):
            hub.requests.clear()
            hub.asked.clear()
            spent = hub.points
            cost = _read(folder, at, place.env)
            lost = missing(Path(folder, ".edgetpu-ci"), made)
            whole &= not (lost or cost.incomplete or hub.violations)
            print(_costs(name, hub.requests, hub.points - spent, cost, lost))
            print(_paths(hub.asked))
            figures = _figures(cost)
            day_later(made)
    print("", figures, "", PEERS, sep="\n")
    return 0 if whole else 1


def _read(folder: str, at: datetime, env: dict[str, str]) -> Cost:
    """Read in a process of its own, so that its memory is its own."""
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from tests.fakes import reading; reading.main()"
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program, at.isoformat()],
        env={"PATH": os.environ["PATH"], **env},
        stdout=subprocess.PIPE,
        check=True,
        cwd=folder,
    )
    return msgspec.json.decode(done.stdout, type=Cost)


def _costs(name: str, requests: Counter[str], points: int, cost: Cost, lost: str) -> str:
    return (
        f"\n{name}\n"
        f"  requests       {requests.total():,} (REST {requests['core']:,}, GraphQL {requests['graphql']:,})\n"
        f"  points         {points:,} of GraphQL\n"
        f"  time           {cost.seconds:.1f} s, {cost.cpu:.1f} s of them on a CPU\n"
        f"  memory         {cost.peak_mb:,} MB at most\n"
        f"  stored         {cost.stored_mb:.1f} MB in {cost.writes} writes\n"
        f"  rows complete  {lost or 'yes'}{''.join(f'; {line}' for line in cost.incomplete)}"
    )


def _paths(asked: Iterable[str]) -> str:
    """How often each path was asked, numbers left out; those asked once in one line."""
    counts = Counter(re.sub(r"\d{4,}", "N", one.partition("?")[0]).replace("/repos/octo/tools", "") for one in asked)
    often = [f"    {count:>5,}  {path}" for path, count in counts.most_common() if count > 1]
    once = sorted(path.removeprefix("GET ") or "/" for path, count in counts.items() if count == 1)
    return "\n".join(["  by path", *often, f"        1  each of {len(once)}: {', '.join(once)}"])


def _figures(cost: Cost) -> str:
    lines = [f"  {'figure':<46}{'value':>14}{'n':>8}"]
    for figure in cost.measurements:
        value = "not known" if figure.value is None else metrics.amount(figure.value, metrics.find(figure.metric))
        lines.append(f"  {figure.key.removeprefix('repository/'):<46}{value:>14}{figure.n:>8,}")
    return "\n".join(["key figures of 30 days", *lines])


def _machine() -> str:
    host = machine.identify(real_world())
    return f"{'virtual, ' if host.hypervisor else ''}{host.cores} cores {host.cpu}, load {host.load:.1f}"


if __name__ == "__main__":
    sys.exit(main())
