"""What reading a large simulated repository costs, cold and a day later: requests, points, seconds and memory."""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)

import msgspec  # noqa: E402 - only after our own folder is first

from edgetpu_ci import machine, metrics  # noqa: E402
from edgetpu_ci.world import real_world  # noqa: E402
from tests.fakes import large  # noqa: E402
from tests.fakes.reading import Cost, missing  # noqa: E402
from tests.fakes.small_hub import Hub, served  # noqa: E402

PULLS, RUNS, ISSUES = 5000, 20_000, 3000
NEW_RUNS = 75

PEERS = """\
peers, for the same repository, requests computed from their source:
  issue-metrics (d70b1a0)            33,000-38,000   no CI data
  Middleware (5471e35)               about 15,250    no jobs
  DevLake, GraphQL (420e494)         about 3,500     at most 20 jobs a run by default
  github-actions-exporter (51e11ab)  about 7,300/h   60 runs in its window, no history
  github_exporter (2afaf1f)          0               webhooks to a server of one's own, no history"""


def main() -> int:
    """Print both tables; 1 when rows are missing."""
    part = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    hub = Hub(repository=large.repository(RUNS // part, PULLS // part, ISSUES // part))
    whole, figures = True, ""
    print(f"{RUNS // part:,} runs of 6 jobs, {PULLS // part:,} pull requests, {ISSUES // part:,} issues; {_machine()}")
    with tempfile.TemporaryDirectory() as store, served(hub) as env:
        for name, day in (("cold", 0), ("a day later", 1)):
            cost = _read(store, day, env)
            lost = missing(Path(store), hub.repository, day)
            whole &= not lost and not cost.incomplete
            print(_costs(name, hub, cost, lost))
            figures = _figures(cost)
            hub.next_hour()
            large.day_later(hub.repository, max(1, NEW_RUNS // part))
    print("", figures, "", PEERS, sep="\n")
    return 0 if whole else 1


def _read(store: str, day: int, env: dict[str, str]) -> Cost:
    """Read in a process of its own, so that its memory is its own."""
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from tests.fakes import reading; reading.main()"
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program, store, str(day)], env=env, stdout=-1, check=True, cwd=ROOT
    )
    return msgspec.json.decode(done.stdout, type=Cost)


def _costs(name: str, hub: Hub, cost: Cost, lost: str) -> str:
    asked = "\n".join(f"    {path:<44}{count:>5}" for path, count in sorted(hub.paths.items(), key=lambda it: -it[1]))
    return (
        f"\n{name}\n  requests {sum(hub.requests.values()):,} (REST {hub.requests['core']:,}, "
        f"GraphQL {hub.requests['graphql']:,} for {hub.cost['graphql']:,} points)\n{asked}\n"
        f"  {cost.seconds:.1f} s, {cost.cpu:.1f} s of CPU, {cost.peak_mb:,} MB at most, "
        f"{cost.stored_mb:.1f} MB stored in {cost.swaps} writes\n"
        f"  rows complete: {lost or 'yes'}{''.join(f'; {line}' for line in cost.incomplete)}"
    )


def _figures(cost: Cost) -> str:
    lines = [f"  {'figure':<46}{'value':>14}{'n':>8}"]
    for figure in cost.measurements:
        metric = metrics.find(figure.metric)
        value = "not known" if figure.value is None else metrics.amount(figure.value, metric)
        lines.append(f"  {figure.key.removeprefix('repository/'):<46}{value:>14}{figure.n:>8,}")
    return "\n".join(["key figures of 30 days", *lines])


def _machine() -> str:
    host = machine.identify(real_world())
    return f"{'virtual, ' if host.hypervisor else ''}{host.cores} cores {host.cpu}, load {host.load:.1f}"


if __name__ == "__main__":
    sys.exit(main())
