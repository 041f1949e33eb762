"""A receiver of OTLP on loopback: what it got, decoded by the official messages."""

import gzip
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.fakes.loopback import Reply, Request, serve

TAKEN = Reply(status=200, headers={"content-type": "application/x-protobuf"})


@dataclass
class Receiver:
    """`url` is where it listens; the last of its replies is given again and again."""

    url: str = ""
    got: list[Request] = field(default_factory=list)

    def body(self, place: int = -1) -> bytes:
        """What came, unpacked."""
        request = self.got[place]
        return gzip.decompress(request.body) if request.headers.get("content-encoding") == "gzip" else request.body

    @property
    def traces(self) -> ExportTraceServiceRequest:
        """The newest request, of spans."""
        return ExportTraceServiceRequest.FromString(self.body())

    @property
    def spans(self) -> list[Span]:
        """All spans of it."""
        return [span for one in self.traces.resource_spans for scope in one.scope_spans for span in scope.spans]


@contextmanager
def receiver(replies: Sequence[Reply] = (TAKEN,)) -> Iterator[Receiver]:
    """One that answers with these in turn."""
    known = Receiver()

    def answer(request: Request) -> Reply:
        known.got.append(request)
        return replies[min(len(known.got), len(replies)) - 1]

    with serve(answer) as port:
        known.url = f"http://127.0.0.1:{port}"
        yield known
