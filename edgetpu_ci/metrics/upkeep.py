"""What running costs, and whether the rules of data, access and review are kept."""

from typing import Final

from edgetpu_ci.metrics.kpi import Kpi

KPIS: Final[tuple[Kpi, ...]] = ()
