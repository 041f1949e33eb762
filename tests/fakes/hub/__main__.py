"""A GitHub with a large repository as a process of its own, until its standard input ends.

usage: python -m tests.fakes.hub [SHARE]      (of 5,000 pull requests, 3,000 issues and 20,000 runs)
"""

import json
import sys
from datetime import UTC, datetime

from tests.fakes.hub import FakeHub
from tests.fakes.hub.repository import large


def main() -> None:
    """Say where, then answer; each line that comes is answered with what was asked so far."""
    repository = large(share=float(sys.argv[1]) if len(sys.argv) > 1 else 1.0, end=datetime.now(UTC))
    with FakeHub(repository) as hub:
        print(json.dumps(hub.env), flush=True)  # noqa: T201 - it is a program
        for _ in sys.stdin:
            said = {**hub.requests, "points": hub.points, "violations": hub.violations}
            print(json.dumps(said), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
