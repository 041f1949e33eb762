"""What a process that is started is told of its trace, and what a clock that jumped does to a span."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from edgetpu_ci.observed import Span
from edgetpu_ci.telemetry.tracing import Trace, spans
from edgetpu_ci.telemetry.tracing.context import Context
from edgetpu_ci.world import Ran
from tests.fakes.world import NOTHING, world

CONTEXT = Context(bytes(range(16)), bytes(range(8)))


def told(context: Context, **env: str) -> set[str]:
    """The variables of the trace that a process finds."""
    found: list[Mapping[str, str]] = []

    def run(_argv: Sequence[str], _stdin: bytes, _timeout: float, env: Mapping[str, str] = NOTHING) -> Ran:
        found.append(env)
        return Ran(status=0, stdout=b"", stderr=b"")

    Trace(context, "seed", world(Path("nowhere"), env=env, run=run)).run(["true"], b"", 1)
    return set(found[0])


def test_a_state_is_handed_on_where_there_is_one_and_emptied_where_it_is_of_another_trace() -> None:
    assert told(CONTEXT) == {"TRACEPARENT"}
    assert told(CONTEXT._replace(state="a=1")) == {"TRACEPARENT", "TRACESTATE"}
    assert told(CONTEXT, TRACESTATE="of=another") == {"TRACEPARENT", "TRACESTATE"}


def test_no_span_ends_before_it_begins() -> None:
    request = spans.request([Span("measurement", 7, 5, {})], CONTEXT, "seed", Resource(), ())
    (span,) = request.resource_spans[0].scope_spans[0].spans
    assert (span.start_time_unix_nano, span.end_time_unix_nano) == (7, 7)
