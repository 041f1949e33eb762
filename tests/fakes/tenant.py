"""A job that wants some Corals: `python -m tests.fakes.tenant ROOT LIMIT NAME…`; says "has" and stays until told to go.

With `--count FILE TIMES` it adds one to the number in a file so many times, each time under the lock.
"""

import sys
from dataclasses import replace
from pathlib import Path

from edgetpu_ci.device import coral, lease
from edgetpu_ci.errors import EdgeTpuCiError
from edgetpu_ci.world import World
from tests.fakes.world import world


def main(root: Path, limit: float, *rest: str) -> None:
    """Be that job."""
    outside = replace(
        world(root.parent, warn=lambda line: _say(f"warns {line}")),
        env={"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "me/models", "GITHUB_RUN_ID": "17"},
    )
    names, _, how = " ".join(rest).partition("--count ")
    try:
        if how:
            file, times = how.split()
            for _ in range(int(times)):
                _count(Path(file), names.split(), limit, outside)
        else:
            with lease.hold(_named(names.split(), outside), limit, outside):
                _say("has")
                sys.stdin.readline()
    except EdgeTpuCiError as error:
        _say(f"error {error}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _named(names: list[str], outside: World) -> list[coral.Coral]:
    found = coral.find(outside)
    return [coral.choose(name, found) for name in names]


def _count(file: Path, names: list[str], limit: float, outside: World) -> None:
    with lease.hold(_named(names, outside), limit, outside):
        number = int(file.read_text())
        file.write_text(str(number + 1))


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), *sys.argv[3:])
