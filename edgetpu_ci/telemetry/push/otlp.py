"""OpenTelemetry's protocol: gauges under our own names, to the receiver that the standard variables name."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from edgetpu_ci.errors import DeliveryError
from edgetpu_ci.exposition.record import Family
from edgetpu_ci.telemetry import otlp
from edgetpu_ci.telemetry.push import batches, querying, way
from edgetpu_ci.telemetry.push import place as places
from edgetpu_ci.telemetry.push.way import Target, milliseconds
from edgetpu_ci.world import World

if TYPE_CHECKING:
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
    from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

ENDPOINT: Final = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"

_MOST: Final = 5_000
_SECONDS: Final = 30.0
_NANOSECONDS: Final = 1_000_000
"""In a millisecond."""


def push(families: Sequence[Family], target: Target, world: World) -> str:
    """Send all as of now; DeliveryError where the receiver rejects any, or does not have it where it can be asked."""
    if target.url:
        world = replace(world, env={**world.env, ENDPOINT: target.url})
    now = milliseconds(world.now())
    for batch in batches.cut(families, _MOST):
        outcome = otlp.send("metrics", request(batch, now, world), world, _SECONDS)
        if outcome.lost or outcome.rejected:
            raise DeliveryError(outcome.sentence)
    if target.query_url or world.env.get(f"{querying.KIND.prefix}_URL"):
        place = places.find(querying.KIND, world.env, target.query_url)
        querying.check(families, now, place, world)
        return way.has_all(place.name)
    return f"the receiver took all of them; whether it has them, it is not asked without {querying.KIND.option}"


def request(families: Iterable[Family], now: int, world: World) -> "ExportMetricsServiceRequest":
    """All samples as of a moment in milliseconds.

    Without units: receivers that make Prometheus's names would add them to names that end in one already.
    """
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
    from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
    from opentelemetry.proto.metrics.v1.metrics_pb2 import ResourceMetrics, ScopeMetrics

    scope = InstrumentationScope(name="edgetpu_ci")
    metrics = [_metric(family, now * _NANOSECONDS) for family in families]
    of_resource = ResourceMetrics(
        resource=otlp.resource(world), scope_metrics=[ScopeMetrics(scope=scope, metrics=metrics)]
    )
    return ExportMetricsServiceRequest(resource_metrics=[of_resource])


def _metric(family: Family, nanoseconds: int) -> "Metric":
    from opentelemetry.proto.metrics.v1.metrics_pb2 import Gauge, Metric, NumberDataPoint

    points = [
        NumberDataPoint(attributes=otlp.attributes(dict(one.labels)), time_unix_nano=nanoseconds, as_double=one.value)
        for one in family.samples
    ]
    return Metric(name=family.name, description=family.help, gauge=Gauge(data_points=points))
