"""Development velocity: how fast changes are merged, issues resolved and versions released."""

from typing import Final

from edgetpu_ci.metrics.kpi import Kpi

KPIS: Final[tuple[Kpi, ...]] = ()
