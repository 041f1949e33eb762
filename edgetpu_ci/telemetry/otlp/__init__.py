"""OTLP over HTTP: what is sent where the standard OTEL_* variables say, and what became of it."""

from edgetpu_ci.telemetry.otlp.destination import Signal, is_wanted
from edgetpu_ci.telemetry.otlp.resource import attributes, resource
from edgetpu_ci.telemetry.otlp.sending import SECONDS, Outcome, send

__all__ = ["SECONDS", "Outcome", "Signal", "attributes", "is_wanted", "resource", "send"]
