"""The escalation matrix: who hears of what nobody acknowledged, after which time. Pure."""

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from edgetpu_ci.config import durations
from edgetpu_ci.config.alerting import Alerting

Row = Mapping[str, tuple[str, ...]]


class Rung(NamedTuple):
    """After so long these contacts are told."""

    after: timedelta
    contacts: tuple[str, ...]


def rows(matrix: Mapping[str, Row], priority: str) -> tuple[str, ...]:
    """The names of the rows that a priority means: "p0" is the one of p0, and of p0_critical."""
    return tuple(name for name in matrix if priority and (name == priority or name.startswith(f"{priority}_")))


def ladder(alerting: Alerting, priority: str) -> tuple[Rung, ...]:
    """What the row of a priority says, the soonest first; nothing where there is no such row."""
    found = rows(alerting.escalation_matrix, priority)
    row = alerting.escalation_matrix[found[0]] if found else {}
    place = f"alerting.escalation_matrix.{priority}"
    return tuple(sorted(Rung(durations.time(after, place), contacts) for after, contacts in row.items()))
