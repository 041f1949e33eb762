"""What a key performance indicator is: its metric, and exactly how its value comes about."""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from edgetpu_ci.model import Better, Metric

Group = Literal["code_quality", "development_velocity", "reliability", "security", "distribution", "cost", "compliance"]


class Kpi(Struct, frozen=True, kw_only=True):
    """A metric of the repository with its published definition; `edgetpu-ci kpi explain` prints it.

    `formula` says how the value is computed and what is left out of it, `source` where the numbers come from, and
    `permission` what a token needs for them, as in a workflow's `permissions:`; empty where none is needed.
    One that is only ever 1 or 0 has a meaning that begins so: "1 when ...", or "1: ...". `use` names its collector.
    """

    metric: Metric
    group: Group
    formula: str
    source: str
    permission: str = ""
    use: str = ""

    @property
    def is_yes_or_no(self) -> bool:
        """Whether 1 means yes, and 0 no."""
        return self.metric.meaning.startswith(("1 when ", "1: "))


def kpi(  # noqa: PLR0913 - a line of the catalogue names all its parts
    name: str,
    unit: str,
    better: Better | None,
    meaning: str,
    *aliases: str,
    group: Group,
    formula: str,
    source: str,
    permission: str = "",
) -> Kpi:
    """One line of the catalogue."""
    metric = Metric(name=name, unit=unit, better=better, meaning=meaning, aliases=aliases)
    return Kpi(metric=metric, group=group, formula=formula, source=source, permission=permission)


def collected_by(use: str, kpis: Iterable[Kpi]) -> tuple[Kpi, ...]:
    """The same lines with the collector that brings them."""
    return tuple(replace(one, use=use) for one in kpis)
