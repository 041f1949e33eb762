"""Grafana's dashboards, and how Grafana finds them. Pure."""

from collections.abc import Callable
from typing import Final

from edgetpu_ci import codec
from edgetpu_ci.config import Config
from edgetpu_ci.stack import document
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
from edgetpu_ci.stack.place import Place

DASHBOARDS: Final[tuple[Callable[[Selecting], Dashboard], ...]] = (
    development.dashboard,
    performance.dashboard,
    devices.dashboard,
    regressions.dashboard,
    alerts.dashboard,
    cost.dashboard,
)


def files(settings: Config, place: Place) -> dict[str, str]:
    """Each dashboard as JSON, and the two files of provisioning."""
    select = Selecting(settings.observability.stack.flavour)
    home = grafana.Home.of(place, settings.alerting)
    models = [grafana.model(draw(select), home) for draw in DASHBOARDS]
    return {
        "grafana/provisioning/datasources/edgetpu-ci.yml": document.yaml(provisioning.SOURCE),
        "grafana/provisioning/dashboards/edgetpu-ci.yml": document.yaml(provisioning.DASHBOARDS),
        **{f"grafana/dashboards/{model['uid']}.json": codec.encode_json(model).decode() for model in models},
    }
