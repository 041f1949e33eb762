"""What a scrape gives: families of samples. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

Labels = tuple[tuple[str, str], ...]
"""Names and values, in the order in which they are written; one that is empty is left out."""


class Sample(NamedTuple):
    """One value, and of when it is: a scrape leaves the time away, a backfill needs it."""

    labels: Labels
    value: float
    at: datetime | None = None


class Family(Struct, frozen=True, kw_only=True):
    """All samples of one name; each is a gauge. `unit` is the end of the name where OpenMetrics knows it as one."""

    name: str
    help: str
    unit: str = ""
    samples: Sequence[Sample] = ()
