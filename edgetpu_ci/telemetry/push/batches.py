"""Families in parts that one request holds. Pure."""

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec.structs import replace

from edgetpu_ci.exposition.record import Family

MOST_NAMES: Final = 150
"""Families together: a query that names them all has at most 16 KiB, which is all that VictoriaMetrics takes."""


def whole(families: Iterable[Family], most: int) -> Iterator[list[Family]]:
    """Families together with at most so many samples, or one alone that has more."""
    batch: list[Family] = []
    size = 0
    for family in families:
        if batch and (size + len(family.samples) > most or len(batch) == MOST_NAMES):
            yield batch
            batch, size = [], 0
        batch.append(family)
        size += len(family.samples)
    if batch:
        yield batch


def cut(families: Iterable[Family], most: int) -> Iterator[list[Family]]:
    """The same with at most so many samples in any case: a large family is in several parts."""
    parts = (
        replace(family, samples=family.samples[start : start + most])
        for family in families
        for start in range(0, len(family.samples), most)
    )
    return whole(parts, most)


def count(families: Iterable[Family]) -> int:
    """How many series there are."""
    return sum(len(family.samples) for family in families)
