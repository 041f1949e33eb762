"""From the spans of a process to a request of OTLP: pure."""

from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from edgetpu_ci import __version__, redaction
from edgetpu_ci.observed import Span
from edgetpu_ci.telemetry.otlp import attributes
from edgetpu_ci.telemetry.tracing.context import Context

if TYPE_CHECKING:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    from opentelemetry.proto.resource.v1.resource_pb2 import Resource
    from opentelemetry.proto.trace.v1 import trace_pb2

RESULT: Final = "cicd.pipeline.task.run.result"

_BAD: Final = {"failure", "error"}
_MOST_WORDS: Final = 500


def identity(seed: str, place: int) -> bytes:
    """The 8 bytes of the span at a place: known before it ends, so that what it starts can be told."""
    return sha256(f"{seed} {place}".encode()).digest()[:8]


def request(
    spans: Sequence[Span], context: Context, seed: str, resource: "Resource", secrets: Sequence[str]
) -> "ExportTraceServiceRequest":
    """All spans of a process, in which no `secrets` stand."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
    from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans

    # Thousands of spans say the same few things.
    clean = cache(lambda text: redaction.redacted(text, secrets))
    known = [_span(span, place, context, seed, clean) for place, span in enumerate(spans)]
    scope = ScopeSpans(scope=InstrumentationScope(name="edgetpu_ci", version=__version__), spans=known)
    return ExportTraceServiceRequest(resource_spans=[ResourceSpans(resource=resource, scope_spans=[scope])])


def _span(span: Span, place: int, context: Context, seed: str, clean: Callable[[str], str]) -> "trace_pb2.Span":
    from opentelemetry.proto.trace.v1 import trace_pb2

    parent = context.parent if span.parent is None else identity(seed, span.parent)
    known = span.attributes.items()
    return trace_pb2.Span(
        trace_id=context.trace,
        span_id=identity(seed, place),
        parent_span_id=parent,
        trace_state=context.state,
        name=span.name,
        kind=trace_pb2.Span.SPAN_KIND_INTERNAL,
        start_time_unix_nano=span.start,
        end_time_unix_nano=max(span.start, span.end),
        attributes=attributes({name: clean(said) if isinstance(said, str) else said for name, said in known}),
        status=_status(span, clean),
    )


def _status(span: Span, clean: Callable[[str], str]) -> "trace_pb2.Status | None":
    """What went wrong; of what went well nothing is said, which stands for it."""
    from opentelemetry.proto.trace.v1.trace_pb2 import Status

    if not span.fault and span.attributes.get(RESULT) not in _BAD:
        return None
    return Status(code=Status.STATUS_CODE_ERROR, message=clean(span.fault)[:_MOST_WORDS])
