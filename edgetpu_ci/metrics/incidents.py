"""Incidents: how many there are, how soon somebody takes one on, and how late escalation was."""

from functools import partial
from typing import Final

from edgetpu_ci.metrics import kpi as definitions
from edgetpu_ci.metrics.kpi import Kpi

WINDOW: Final = 30
"""Days."""

_kpi = partial(definitions.kpi, group="reliability", source="what the store knows of incidents")

KPIS: Final[tuple[Kpi, ...]] = (
    _kpi("incidents_open", "", "lower", "incidents that are open", formula="incidents that are not over"),
    _kpi(
        "incidents_unacknowledged",
        "",
        "lower",
        "open incidents that nobody took on",
        formula="incidents that are not over and not acknowledged",
    ),
    _kpi(
        "incidents_opened",
        "",
        "lower",
        f"incidents that began in {WINDOW} days",
        formula=f"incidents that opened in the last {WINDOW} days, also those that are over",
    ),
    _kpi(
        "time_to_acknowledge_minutes",
        "min",
        "lower",
        "how soon somebody takes an incident on",
        formula=f"the median over incidents that opened in the last {WINDOW} days and were acknowledged, of "
        "acknowledged − first told, else opened; fewer than 5 are unknown",
    ),
    _kpi(
        "escalation_lateness_minutes",
        "min",
        "lower",
        "by how much the latest step of escalation came late",
        formula=f"the largest of taken − due, over steps taken in the last {WINDOW} days; not measured without one",
    ),
)
