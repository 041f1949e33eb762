"""The configuration of Prometheus itself. Pure."""

from typing import Final

from edgetpu_ci import config
from edgetpu_ci.config import Config
from edgetpu_ci.stack import document
from edgetpu_ci.stack.place import Place

FILE: Final = "prometheus/prometheus.yml"
EXPORTER: Final = "edgetpu-ci:10469"
PUSHGATEWAY: Final = "pushgateway:9091"
ALERTMANAGER: Final = "alertmanager:9093"

_ALERTING: Final = {"alerting": {"alertmanagers": [{"static_configs": [{"targets": [ALERTMANAGER]}]}]}}


def files(settings: Config, _place: Place) -> dict[str, str]:
    """One file. It has no `external_labels`: they would make other alerts of ours, with other fingerprints."""
    is_scraped = settings.observability.stack.flavour == "scrape"
    own = {"job_name": "prometheus", "static_configs": [{"targets": ["localhost:9090"]}]}
    source = EXPORTER if is_scraped else PUSHGATEWAY
    ours = {"job_name": "edgetpu-ci", "honor_labels": True, "static_configs": [{"targets": [source]}]}
    written = {
        "global": {"scrape_interval": "1m", "evaluation_interval": "1m"},
        "rule_files": ["rules/*.yml"],
        **(_ALERTING if config.is_alerting(settings) else {}),
        "scrape_configs": [own, ours],
    }
    return {FILE: document.yaml(written)}
