"""The configuration of Prometheus, Alertmanager, Grafana and what runs them, from `edgetpu-ci.yml`. Pure."""

from collections.abc import Callable
from typing import Final

from edgetpu_ci.config import Config
from edgetpu_ci.stack import (
    alertmanager,
    compose,
    dashboards,
    dead_man,
    escalation,
    prometheus,
    recording,
    rules,
    runbooks,
    silences,
    systemd,
    unit_tests,
)
from edgetpu_ci.stack.place import Place

Part = Callable[[Config, Place], dict[str, str]]
"""The files of one part of the stack: text by path below its folder, each with `document.MARK` in it."""

FILES: Final[tuple[tuple[str, Part], ...]] = (
    ("alertmanager", alertmanager.files),
    ("dashboards", dashboards.files),
    ("escalation", escalation.files),
    ("prometheus", prometheus.files),
    ("rules", rules.files),
    ("runbooks", runbooks.files),
    ("recording", recording.files),
    ("dead_man", dead_man.files),
    ("unit_tests", unit_tests.files),
    ("silences", silences.files),
    ("compose", compose.files),
    ("systemd", systemd.files),
)


def files(settings: Config, place: Place) -> dict[str, str]:
    """All files of the stack: text by path below its folder."""
    return {path: text for _, part in FILES for path, text in part(settings, place).items()}
