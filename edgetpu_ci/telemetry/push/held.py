"""What was pushed, held against what a service says it has. Pure."""

from collections.abc import Iterable, Mapping
from math import isclose
from typing import Final

from edgetpu_ci.errors import DeliveryError
from edgetpu_ci.exposition.record import Family, Labels
from edgetpu_ci.render import words

Series = tuple[str, Labels]
"""A name, and its labels in order."""

DIGITS: Final = 1e-11
"""VictoriaMetrics keeps twelve digits: of 1/7 it has 0.142857142857."""


class LostError(DeliveryError):
    """A service took series, and does not have them."""


def of(families: Iterable[Family]) -> dict[Series, float]:
    """Each series and its value."""
    return {key(family.name, one.labels): one.value for family in families for one in family.samples}


def key(name: str, labels: Labels) -> Series:
    """A series as it is told from others."""
    return name, _in_order(labels)


def names(known: Iterable[Series]) -> dict[str, frozenset[str]]:
    """Which labels the series of each name have: a service may add others, such as `job`."""
    found: dict[str, set[str]] = {}
    for name, labels in known:
        found.setdefault(name, set()).update(label for label, _ in labels)
    return {name: frozenset(labels) for name, labels in found.items()}


def series(name: str, labels: Mapping[str, str], known: frozenset[str]) -> Series:
    """A series that a service names, with no label but those that are `known`."""
    return name, _in_order((key, value) for key, value in labels.items() if key in known)


def check(pushed: Mapping[Series, float], found: Mapping[Series, float], where: str) -> None:
    """LostError where one was taken and is not there; DeliveryError where it is there with another value."""
    missing = [one for one in pushed if one not in found]
    if missing:
        first = shown(missing[0])
        raise LostError(
            f"{where} took {len(pushed):,} series and lacks {len(missing):,} of them, the first {first}; "
            "look into its log, and push again."
        )
    other = [(one, value) for one, value in pushed.items() if not _same(value, found[one])]
    if other:
        one, value = other[0]
        raise DeliveryError(
            f"{where} has another value of {len(other):,} of {len(pushed):,} series, the first {shown(one)}: "
            f"{found[one]:.15g}, and not {value:.15g}; another push may have come between, push again."
        )


def shown(one: Series) -> str:
    """A series as it is written in queries."""
    name, labels = one
    inner = ",".join(f'{key}="{value}"' for key, value in labels)
    return words.plain(f"{name}{{{inner}}}", words.SENTENCE)


def _in_order(labels: Iterable[tuple[str, str]]) -> Labels:
    return tuple(sorted(label for label in labels if label[1]))


def _same(one: float, other: float) -> bool:
    return isclose(one, other, rel_tol=DIGITS) or (one != one and other != other)  # noqa: PLR0124 - not a number
