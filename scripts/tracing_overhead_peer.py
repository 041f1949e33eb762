"""What spans cost with opentelemetry-sdk: `tracing_overhead_peer.py COUNT TRIES ADDRESS`, JSON.

For each try the microseconds of a span, and of sending one; then the seconds that its end takes when nobody answers.
"""

import json
import socket
import sys
import time

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

ATTRIBUTES = {"edgetpu_ci.model": "m", "edgetpu_ci.arm": "head", "edgetpu_ci.round": 1, "edgetpu_ci.device": "cpu"}


def main() -> None:
    """Print all of it."""
    count, tries, address = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    made = [once(count, address) for _ in range(tries)]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        provider = tracing(f"http://127.0.0.1:{silent.getsockname()[1]}/v1/traces", 1)
        spans(provider, 1)
        started = time.perf_counter()
        provider.shutdown()
        ended = time.perf_counter()
    json.dump({"spans": made, "end": ended - started}, sys.stdout)


def tracing(address: str, most: int) -> TracerProvider:
    """One that has room for so many spans, so that none is lost."""
    provider = TracerProvider()
    exporter = OTLPSpanExporter(endpoint=address)
    provider.add_span_processor(
        BatchSpanProcessor(exporter, max_queue_size=most, max_export_batch_size=most, schedule_delay_millis=600_000)
    )
    return provider


def spans(provider: TracerProvider, count: int) -> None:
    """So many, from times that are known."""
    tracer = provider.get_tracer("edgetpu_ci")
    now = time.time_ns()
    for _ in range(count):
        tracer.start_span("benchmark_execution", attributes=ATTRIBUTES, start_time=now).end(now + 1)


def once(count: int, address: str) -> tuple[float, float]:
    """Microseconds for each of so many spans: to make it, and to send it."""
    # One more than there are: a full batch would be sent while they are made.
    provider = tracing(address, count + 1)
    started = time.perf_counter()
    spans(provider, count)
    made = time.perf_counter()
    provider.shutdown()
    sent = time.perf_counter()
    return 1e6 * (made - started) / count, 1e6 * (sent - made) / count


if __name__ == "__main__":
    main()
