"""What is sent of each signal: its messages, how many things are in one, and what a receiver answers."""

import base64
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from msgspec import Struct

from edgetpu_ci import codec
from edgetpu_ci.errors import DocumentError
from edgetpu_ci.telemetry.otlp.destination import Coding, Signal

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
        ExportLogsServiceRequest,
        ExportLogsServiceResponse,
    )
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
        ExportMetricsServiceRequest,
        ExportMetricsServiceResponse,
    )
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
        ExportTraceServiceRequest,
        ExportTraceServiceResponse,
    )
    from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

    Request: TypeAlias = ExportTraceServiceRequest | ExportMetricsServiceRequest | ExportLogsServiceRequest
    Response: TypeAlias = ExportTraceServiceResponse | ExportMetricsServiceResponse | ExportLogsServiceResponse

THINGS: Final[dict[Signal, str]] = {"traces": "spans", "metrics": "data points", "logs": "log records"}
CONTENT: Final[dict[Coding, str]] = {"protobuf": "application/x-protobuf", "json": "application/json"}

_IDS: Final = {"traceId", "spanId", "parentSpanId"}
"""In OTLP's JSON these are hexadecimal, where protobuf's has base64."""


class _Complaint(Struct, frozen=True):
    message: str = ""


class Service(NamedTuple):
    """The messages of a signal's service, and how many things a request holds."""

    request: type["Request"]
    response: type["Response"]
    count: Callable[[Any], int]
    """Any: of the request above, which differs by signal."""


def service(signal: Signal) -> Service:
    """The service that takes a signal."""
    if signal == "traces":
        from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces

        return Service(traces.ExportTraceServiceRequest, traces.ExportTraceServiceResponse, _spans)
    if signal == "metrics":
        from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics

        return Service(metrics.ExportMetricsServiceRequest, metrics.ExportMetricsServiceResponse, _points)
    from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs

    return Service(logs.ExportLogsServiceRequest, logs.ExportLogsServiceResponse, _records)


def _spans(request: "ExportTraceServiceRequest") -> int:
    return sum(len(scope.spans) for one in request.resource_spans for scope in one.scope_spans)


def _points(request: "ExportMetricsServiceRequest") -> int:
    scopes = (scope for one in request.resource_metrics for scope in one.scope_metrics)
    return sum(_of_metric(metric) for scope in scopes for metric in scope.metrics)


def _of_metric(metric: "Metric") -> int:
    kind = metric.WhichOneof("data")
    return len(getattr(metric, kind).data_points) if kind else 0


def _records(request: "ExportLogsServiceRequest") -> int:
    return sum(len(scope.log_records) for one in request.resource_logs for scope in one.scope_logs)


def encoded(request: "Request", coding: Coding) -> bytes:
    """A request as it is sent."""
    if coding == "protobuf":
        return request.SerializeToString()
    from google.protobuf.json_format import MessageToDict

    return json.dumps(_with_ids(MessageToDict(request, use_integers_for_enums=True))).encode()


def _with_ids(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, list):
        return [_with_ids(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: base64.b64decode(one).hex() if name in _IDS else _with_ids(one) for name, one in value.items()}


def partial(signal: Signal, data: bytes, content: str) -> tuple[int, str]:
    """How many things an answer says were rejected, and its words; DocumentError for what is no such answer."""
    answer = service(signal).response()
    decode(answer, data, content)
    told = answer.partial_success
    # Each signal has a name of its own for the count.
    return int(getattr(told, told.DESCRIPTOR.fields_by_number[1].name)), told.error_message


def decode(message: "Message", data: bytes, content: str) -> None:
    """Read a message from what came in one of the two codings; DocumentError for what is none."""
    from google.protobuf.json_format import Parse, ParseError
    from google.protobuf.message import DecodeError

    if content not in CONTENT.values():
        raise DocumentError(f"{content or 'nothing known'} is no answer by OTLP.")
    try:
        if content == CONTENT["json"]:
            Parse(data, message, ignore_unknown_fields=True)
        else:
            message.ParseFromString(data)
    except (DecodeError, ParseError) as error:
        raise DocumentError(f"It is no {content}.") from error


def words(data: bytes, content: str) -> str:
    """Why a receiver refuses, in its words: a google.rpc.Status, or text; nothing of a page."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTracePartialSuccess

    if content in {"", "text/plain"}:
        return data.decode(errors="replace")
    if content == CONTENT["json"]:
        return _complaint(data)
    # Status {int32 code = 1; string message = 2} is in no package of ours: this one has its form, but for the names.
    status = ExportTracePartialSuccess()
    try:
        decode(status, data, content)
    except DocumentError:
        return ""
    return status.error_message


def _complaint(data: bytes) -> str:
    try:
        return codec.decode_json(data, _Complaint, "").message
    except DocumentError:
        return ""
