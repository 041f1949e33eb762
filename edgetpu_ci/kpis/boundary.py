"""Between which builds a streak of failures began, as the details of a measurement have it: written, and read."""

import re
from datetime import UTC, datetime
from typing import Final, NamedTuple

from edgetpu_ci.model import Measurement

FAILED: Final = "first failed"
PASSED: Final = "last passed"
"""The names of the details."""

_DIGITS: Final = 12
_WRITTEN: Final = re.compile(r"([0-9a-f]{7,64}) in run (\d{1,20}), (\d{4}-\d\d-\d\d \d\d:\d\d) UTC")


class Build(NamedTuple):
    """A build: of which commit, the id of its workflow run, and when it ended, to the minute."""

    commit: str
    run: int
    at: datetime


def written(build: Build) -> str:
    """`c0ffee111111 in run 31, 2026-03-04 05:06 UTC`."""
    return f"{build.commit[:_DIGITS]} in run {build.run}, {build.at:%Y-%m-%d %H:%M} UTC"


def read(measured: Measurement, name: str) -> Build | None:
    """The build that a detail names; None where there is none."""
    found = _WRITTEN.fullmatch(dict(measured.details).get(name, ""))
    if found is None:
        return None
    try:
        at = datetime.strptime(found[3], "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    except ValueError:
        return None
    return Build(found[1], int(found[2]), at)
