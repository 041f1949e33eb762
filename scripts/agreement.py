"""Whether Prometheus, by the rules that `render` writes, fires when our evaluator does: drawn alerts and timelines."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)

from tests.fakes import engines  # noqa: E402
from tests.fakes.agreement import trying  # noqa: E402


def main() -> int:
    """Try, and print the counts; 1 where they differ anywhere, or a mutant of ours is not noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenarios", type=int, default=150, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    given = parser.parse_args()
    if engines.find("promtool") is None:
        print("agreement: there is no promtool; `scripts/engines` brings it.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        agrees = _agrees(given.seed, given.scenarios, Path(folder))
        noticed = [_is_noticed(mutant, given.seed, Path(folder)) for mutant in trying.MUTANTS]
    return int(not (agrees and all(noticed)))


def _agrees(seed: int, count: int, folder: Path) -> bool:
    began = time.monotonic()
    tried = trying.agreement(seed, count, folder / "agreement")
    print(f"{tried.checks:,} checks of {tried.scenarios:,} scenarios, {tried.firing:,} alerts firing in them")
    print(f"{tried.direct:,} of them are of values that Prometheus holds against the limit by itself")
    for why, number in tried.left_out.items():
        print(f"{number:,} left out: {why}")
    print(f"{time.monotonic() - began:.0f} s; {'they differ:' if tried.disagreements else '0 differences'}")
    print("\n".join(line for line in tried.disagreements.splitlines()[:60] if line.strip()))
    return not tried.disagreements


def _is_noticed(mutant: trying.Mutant, seed: int, folder: Path) -> bool:
    found = trying.scenarios_until_caught(mutant, seed, 20, folder / mutant.name.replace(" ", "-"))
    print(f"mutant: {mutant.name}: {f'noticed in scenario {found}' if found else 'NOT NOTICED in 20'}")
    return found is not None


if __name__ == "__main__":
    sys.exit(main())
