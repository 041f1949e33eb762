"""Whether Prometheus, by the rules that `render` writes, fires when our evaluator does: drawn alerts and timelines."""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)

from tests.fakes import engines  # noqa: E402
from tests.fakes.agreement import trying  # noqa: E402
from tests.fakes.agreement.trying import Mutant, Prepared  # noqa: E402


def main() -> int:
    """Try, and print the counts; 1 where they differ anywhere, or a mutant of ours is not noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenarios", type=int, default=150, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    given = parser.parse_args()
    if engines.find("promtool") is None:
        print("agreement: there is no promtool; `scripts/engines` brings it.", file=sys.stderr)
        return 2
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        ready = trying.prepared(given.seed, given.scenarios, Path(folder))
        agrees = _agrees(ready)
        print(f"{time.monotonic() - began:.0f} s\n")
        noticed = [_is_noticed(mutant, ready[:20]) for mutant in trying.MUTANTS]
    return int(not (agrees and all(noticed)))


def _agrees(ready: Sequence[Prepared]) -> bool:
    tried = trying.agreement(ready)
    print(f"{tried.checks:,} checks of {tried.scenarios:,} scenarios, {tried.firing:,} alerts firing in them")
    print(f"{tried.direct:,} of them are of values that Prometheus holds against the limit by itself")
    for why, number in tried.left_out.items():
        print(f"{number:,} left out: {why}")
    print("they differ:" if tried.disagreements else "0 differences")
    said = [line for line in tried.disagreements.splitlines() if line.strip()]
    print("\n".join(said[:60]), end="\n" if said else "")
    return not tried.disagreements


def _is_noticed(mutant: Mutant, ready: Sequence[Prepared]) -> bool:
    found = trying.noticed_in(mutant, ready)
    print(f"mutant: {mutant.name}: {f'noticed in scenario {found}' if found else f'NOT NOTICED in {len(ready)}'}")
    return found is not None


if __name__ == "__main__":
    sys.exit(main())
