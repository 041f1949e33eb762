"""Our router beside an Alertmanager that runs what we rendered from the same configuration; see scripts/agreement."""

import sys
import tempfile
import time
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.fakes import routed, routers, routing_drawn  # noqa: E402

AT_ONCE = 6


def main() -> int:
    """Count who was told of what, by both; status 1 where they differ, or where a wrong router is not found out."""
    configurations, seed = int(sys.argv[1]) if sys.argv[1:] else 30, 7
    start, draw = time.monotonic(), Random(seed)  # noqa: S311 - drawn again the same
    with routed.listening() as (base, heard), tempfile.TemporaryDirectory() as folder:
        settings = [routing_drawn.drawn(draw, number, base) for number in range(configurations)]
        for first in range(0, configurations, AT_ONCE):
            routed.live(Path(folder), settings[first : first + AT_ONCE], base, heard)
        found = routed.compare(settings, heard, routers.right)
        wrong = {name: routed.compare(settings, heard, mutant).differing for name, mutant in routers.MUTANTS.items()}
    print(f"{configurations} configurations, {found.scenarios:,} scenarios, {found.alerts:,} alerts")
    print(f"{found.told:,} deliveries, {found.differing} differences, {time.monotonic() - start:.0f} s")
    print(f"{found.ours:,} of {found.pages:,} pages under the key of our incident")
    if found.differing:
        print(f"the first: {found.first}")
    for name, differing in wrong.items():
        print(f"{differing:6,} differences where {name}")
    return int(found.differing > 0 or not all(wrong.values()))


if __name__ == "__main__":
    sys.exit(main())
