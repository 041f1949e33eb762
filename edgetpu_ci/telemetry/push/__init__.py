"""Ways of pushing what is known, for what nobody can scrape; each is read back, and fails where anything is lost."""

from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from types import MappingProxyType
from typing import Final

from msgspec.structs import replace

from edgetpu_ci.errors import DocumentError
from edgetpu_ci.exposition.record import Family
from edgetpu_ci.telemetry.push import batches, otlp, pushgateway, remote_write, textfile, victoria_metrics
from edgetpu_ci.telemetry.push.way import Target
from edgetpu_ci.world import World

Push = Callable[[Sequence[Family], Target, World], str]
"""Takes families there as of now and reads them back; a clause that says so."""

WAYS: Final[Mapping[str, Push]] = MappingProxyType(
    {
        "pushgateway": pushgateway.push,
        "remote-write": remote_write.push,
        "victoria-metrics": victoria_metrics.push,
        "otlp": otlp.push,
        "file": textfile.push,
    }
)


def push(way: str, families: Sequence[Family], target: Target, world: World) -> tuple[int, str]:
    """How many series were pushed, and what became of them; DeliveryError where one did not arrive.

    What is no number is left out: it is none in most of these formats.
    """
    finite = [replace(one, samples=[sample for sample in one.samples if isfinite(sample.value)]) for one in families]
    known = [family for family in finite if family.samples]
    if not known:
        raise DocumentError("There is nothing to push: no report of the main line has a value.")
    return batches.count(known), WAYS[way](known, target, world)
