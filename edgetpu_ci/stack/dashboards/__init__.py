"""Grafana's dashboards, and how Grafana finds them. Pure."""

from collections.abc import Callable
from typing import Final

from edgetpu_ci import codec
from edgetpu_ci.config import Config
from edgetpu_ci.stack.dashboards import (
    alerts,
    cost,
    development,
    devices,
    grafana,
    performance,
    provisioning,
    regressions,
)
from edgetpu_ci.stack.dashboards.record import Dashboard
from edgetpu_ci.stack.dashboards.series import Selecting

DASHBOARDS: Final[tuple[Callable[[Selecting], Dashboard], ...]] = (
    development.dashboard,
    performance.dashboard,
    devices.dashboard,
    regressions.dashboard,
    alerts.dashboard,
    cost.dashboard,
)


def files(settings: Config) -> dict[str, str]:
    """Each dashboard as JSON, and the two files of provisioning."""
    select = Selecting(settings.observability.stack.flavour)
    runbooks = settings.alerting.runbooks if isinstance(settings.alerting.runbooks, str) else "runbooks"
    drawn = [make(select) for make in DASHBOARDS]
    return {
        "grafana/provisioning/datasources/edgetpu-ci.yml": codec.encode_yaml(provisioning.SOURCE),
        "grafana/provisioning/dashboards/edgetpu-ci.yml": codec.encode_yaml(provisioning.DASHBOARDS),
        **{
            f"grafana/dashboards/{one.name}.json": codec.encode_json(grafana.model(one, runbooks)).decode()
            for one in drawn
        },
    }
