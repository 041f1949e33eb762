"""Logs by OTLP: to a collector, or to whoever takes it natively."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from edgetpu_ci import codec
from edgetpu_ci.config.observability import LogLevel
from edgetpu_ci.errors import DeliveryError
from edgetpu_ci.observed import Value
from edgetpu_ci.telemetry import otlp
from edgetpu_ci.telemetry.entry import Entry
from edgetpu_ci.telemetry.otlp import destination
from edgetpu_ci.telemetry.otlp.resource import SERVICE
from edgetpu_ci.world import World

if TYPE_CHECKING:
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
    from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

SEVERITY: Final[dict[LogLevel, int]] = {"DEBUG": 5, "INFO": 9, "WARNING": 13, "ERROR": 17, "CRITICAL": 21}
"""Numbers of OpenTelemetry's log data model: the least of each range; what we call critical is its fatal."""

_APART: Final = frozenset({"timestamp", "level", "event", "trace_id", "span_id", "version"})
"""What has a place of its own in a record, or in the resource."""


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where to, and how, the standard variables say: OTEL_EXPORTER_OTLP_ENDPOINT, or _LOGS_ENDPOINT, and their like."""


def check(options: Options, world: World) -> None:  # noqa: ARG001 - as of any aggregator
    """UnsetError without an address, ConfigError for what cannot be meant."""
    destination.find("logs", world.env)


def send(options: Options, entries: Sequence[Entry], seconds: float, world: World) -> None:  # noqa: ARG001
    """Send entries; DeliveryError where one did not arrive."""
    outcome = otlp.send("logs", request(entries, world), world, seconds)
    if outcome.rejected or outcome.lost:
        raise DeliveryError(outcome.sentence)


def request(entries: Sequence[Entry], world: World) -> "ExportLogsServiceRequest":
    """The message that has these entries."""
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
    from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
    from opentelemetry.proto.logs.v1.logs_pb2 import ResourceLogs, ScopeLogs

    scope = ScopeLogs(scope=InstrumentationScope(name=SERVICE), log_records=map(_record, entries))
    return ExportLogsServiceRequest(resource_logs=[ResourceLogs(resource=otlp.resource(world), scope_logs=[scope])])


def _record(entry: Entry) -> "LogRecord":
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue
    from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, SeverityNumber

    fields = entry.fields
    return LogRecord(
        time_unix_nano=entry.nanoseconds,
        observed_time_unix_nano=entry.nanoseconds,
        severity_number=SeverityNumber.ValueType(SEVERITY[entry.level]),
        severity_text=entry.level,
        event_name=str(fields["event"]),
        body=AnyValue(string_value=entry.line),
        attributes=otlp.attributes({name: _plain(value) for name, value in fields.items() if name not in _APART}),
        trace_id=bytes.fromhex(fields.get("trace_id", "")),
        span_id=bytes.fromhex(fields.get("span_id", "")),
    )


def _plain(value: object) -> Value:
    """A traceback is structured, and an attribute a text."""
    return (
        value if isinstance(value, str | int | float | bool | None) else codec.encode_json_line(value).decode().strip()
    )
