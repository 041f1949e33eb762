"""What a metric is and how it comes about, in words."""

from collections.abc import Iterable
from typing import Final

from edgetpu_ci import metrics, spelling
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.metrics.kpi import Group, Kpi
from edgetpu_ci.model import Metric
from edgetpu_ci.render import words

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


def find(called: str) -> Metric:
    """The metric of a name, an alias, a label ("PR merge time") or a key ("repository/code_coverage").

    ConfigError with what may have been meant.
    """
    name = called.rpartition("/")[2].strip()
    by_label = {words.label(named).casefold(): named for named in reversed(metrics.names())}
    found = name if metrics.is_known(name) else by_label.get(" ".join(name.replace("_", " ").split()).casefold(), name)
    if not metrics.is_known(found):
        guess = spelling.meant(name, [*metrics.names(), *by_label]) or "; `kpi list` and docs/metrics.md have all."
        raise ConfigError(f"No metric is called {called}{guess}")
    return metrics.find(found)


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
