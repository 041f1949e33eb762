"""Our router beside an Alertmanager that runs what we rendered; see scripts/router-agreement."""

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.fakes import engines, routed, routers, routing_drawn  # noqa: E402

CONFIGURATIONS, AT_ONCE, SEED = 30, 6, 7


def main() -> int:
    """Count who was told of what, by both; status 1 where they differ, or where something wrong is not found out."""
    if not engines.find("prometheus-alertmanager"):
        print("router-agreement: there is no Alertmanager; `scripts/engines` brings it.", file=sys.stderr)
        return 2
    many = int(sys.argv[1]) if sys.argv[1:] else CONFIGURATIONS
    with routed.listening() as (base, heard), tempfile.TemporaryDirectory() as folder:
        start, drawn = time.monotonic(), draw(0, many, base)
        for first in range(0, many, AT_ONCE):
            routed.live(Path(folder), drawn[first : first + AT_ONCE], base, heard)
        found = routed.compare(drawn, heard, routers.right)
        print(f"{many} configurations, {found.scenarios:,} scenarios, {found.alerts:,} alerts")
        print(f"{found.told:,} deliveries, {found.differing} differences, {time.monotonic() - start:.0f} s")
        print(f"{found.ours:,} of {found.pages:,} pages under the key of our incident")
        if found.differing:
            print(f"the first: {found.first}")
        wrong = {name: routed.compare(drawn, heard, mutant).differing for name, mutant in routers.MUTANTS.items()}
        for number, (name, rendered) in enumerate(routed.RENDERINGS.items(), 1):
            few = draw(many * number, min(many, AT_ONCE), base)
            routed.live(Path(folder), few, base, heard, rendered)
            wrong[f"{name}, as rendered"] = routed.compare(few, heard, routers.right).differing
    for name, differing in wrong.items():
        print(f"{differing:6,} differences where {name}")
    return int(found.differing > 0 or not all(wrong.values()))


def draw(first: int, many: int, base: str) -> Sequence[routing_drawn.Setting]:
    """So many configurations, the same each time, numbered from the first."""
    drawn = Random(SEED)  # noqa: S311 - drawn again the same
    return [routing_drawn.drawn(drawn, first + number, base) for number in range(many)]


if __name__ == "__main__":
    sys.exit(main())
