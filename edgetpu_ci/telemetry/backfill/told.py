"""What became of a backfill."""

from msgspec import Struct


class Brought(Struct, frozen=True, kw_only=True):
    """How many series and samples there are, of which so many are `new`; where they are now."""

    series: int
    samples: int
    new: int
    where: str
