"""How Grafana finds Prometheus and the dashboards when it starts. Pure.

https://grafana.com/docs/grafana/latest/administration/provisioning/ has both files.
"""

from typing import Any, Final

SOURCE: Final[dict[str, Any]] = {
    "apiVersion": 1,
    "datasources": [
        {
            "name": "Prometheus",
            "uid": "edgetpu-ci",
            "type": "prometheus",
            "access": "proxy",
            "url": "http://prometheus:9090",
            "isDefault": True,
            "jsonData": {"httpMethod": "POST"},
        }
    ],
}

DASHBOARDS: Final[dict[str, Any]] = {
    "apiVersion": 1,
    "providers": [
        {
            "name": "edgetpu-ci",
            "folder": "edgetpu-ci",
            "type": "file",
            "allowUiUpdates": False,
            "options": {"path": "/etc/grafana/dashboards"},
        }
    ],
}
