"""What a metric is and how it comes about, in words."""

from collections.abc import Iterable
from typing import Final

from edgetpu_ci import metrics
from edgetpu_ci.metrics.kpi import Group, Kpi
from edgetpu_ci.model import Metric

GROUPS: Final[dict[Group, str]] = {
    "code_quality": "Code quality",
    "development_velocity": "Development velocity",
    "reliability": "Reliability",
    "security": "Security",
    "distribution": "Distribution",
    "cost": "Cost",
    "compliance": "Compliance",
}

_BETTER: Final = {"higher": "higher is better", "lower": "lower is better", "exact": "a fact, compared exactly"}
_LABEL = 12


def by_group(kpis: Iterable[Kpi]) -> dict[Group, list[Kpi]]:
    """Key figures by the group they belong to, in the order in which groups are shown."""
    found: dict[Group, list[Kpi]] = {group: [] for group in GROUPS}
    for one in kpis:
        found[one.group].append(one)
    return {group: members for group, members in found.items() if members}


def text(metric: Metric) -> str:
    """All that is published of a metric; of a key figure also formula, source and permission."""
    kpi = metrics.published(metric.name)
    facts = {
        "unit": metric.unit or ("a state" if metric.states else "a number"),
        "better": _BETTER.get(metric.better or "", "neither: shown, never judged by direction"),
        "states": ", ".join(metric.states),
        "also called": ", ".join(metric.aliases),
        **(_published(kpi) if kpi else {}),
    }
    rows = [f"  {name:<{_LABEL}} {fact}" for name, fact in facts.items() if fact]
    return "\n".join([f"{metric.name}: {metric.meaning}", *rows])


def _published(kpi: Kpi) -> dict[str, str]:
    return {
        "group": GROUPS[kpi.group].lower(),
        "collected by": f"`use: {kpi.use}`",
        "formula": kpi.formula,
        "source": kpi.source,
        "permission": kpi.permission or "none",
    }
