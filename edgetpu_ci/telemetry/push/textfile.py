"""A file for the textfile collector of Prometheus's node_exporter, on machines that it scrapes anyway."""

from collections.abc import Sequence

from edgetpu_ci.errors import ConfigError, StoreError
from edgetpu_ci.exposition import text
from edgetpu_ci.exposition.record import Family
from edgetpu_ci.files import write_whole
from edgetpu_ci.telemetry.push import way
from edgetpu_ci.telemetry.push.way import Target
from edgetpu_ci.world import World

FILE = "EDGETPU_CI_TEXTFILE"
"""The variable with the name of the file."""


def push(families: Sequence[Family], target: Target, world: World) -> str:
    """Write the file whole, and read it again. ConfigError where none is given that node_exporter reads."""
    path = target.output or (world.cwd / world.env[FILE] if world.env.get(FILE) else None)
    if path is None or path.suffix != ".prom":
        raise ConfigError(f"Give --output, or {FILE}, a file that ends in .prom: node_exporter reads no other.")
    data = text.prometheus(families).encode()
    write_whole(path, data)
    if path.read_bytes() != data:
        raise StoreError(f"{path} does not hold what was written; give it a file that nobody else writes.")
    return way.has_all(str(path))
