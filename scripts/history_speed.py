"""How long a run takes with a long history: 1,000 series of 500 runs. See docs/history.md."""

import random
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from edgetpu_ci import codec, history, series_index  # noqa: E402
from edgetpu_ci.model import Machine, Measurement, Report, Rule, Run  # noqa: E402
from edgetpu_ci.store.folder import Folder  # noqa: E402
from edgetpu_ci.world import real_world  # noqa: E402

SERIES, RUNS = 1000, 500
START = datetime(2026, 1, 1, tzinfo=UTC)
RULES = [Rule(match="*/latency_p10_ms", no_change_point=True)]


def main() -> int:
    """Make a store, and time each part of what a run does with it."""
    chance = random.Random(1)  # noqa: S311 - noise, no secret
    with tempfile.TemporaryDirectory() as folder:
        store = Folder(Path(folder))
        for number in range(RUNS):
            report = _report(number, chance)
            store.append(history.REPORTS, report.run.id, codec.encode_json(report))
        now = _report(RUNS, chance).run
        seconds = [_timed(lambda: series_index.load(store, "pi", real_world(), keep=True)) for _ in range(2)]
        known = series_index.load(store, "pi", real_world(), keep=False)
        size = sum(path.stat().st_size for path in Path(folder, "state").iterdir())
        strays = _timed(lambda: history.strays(known, now, RULES))
        judged = _timed(lambda: history.judged(known, now, RULES, None, lambda _good, _bad: None))
    sys.stdout.write(
        f"{SERIES:,} series of {RUNS} runs\n"
        f"index made from all reports  {seconds[0]:6.2f} s   {size / 1e6:.1f} MB\n"
        f"index read                   {seconds[1]:6.2f} s\n"
        f"newest points in range?      {strays:6.2f} s\n"
        f"changes that stand           {judged:6.2f} s\n"
    )
    return 0


def _report(number: int, chance: random.Random) -> Report:
    at = START + timedelta(hours=number)
    measured = tuple(
        Measurement(
            subject=f"model_{n:04}",
            metric="latency_p10_ms",
            value=(1.05 if n % 10 == 0 and number > RUNS // 2 else 1) * chance.lognormvariate(1, 0.02),
        )
        for n in range(SERIES)
    )
    run = Run(id=f"{at:%Y%m%dT%H%M%SZ}-x", at=at, machine=Machine(key="pi"), measurements=measured, commit="c" * 40)
    return Report(run=run)


def _timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
