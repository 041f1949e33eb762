"""An event as it is written to a file or sent to an aggregator of logs."""

from datetime import datetime
from typing import Any, NamedTuple

from edgetpu_ci.config.observability import LogLevel


class Entry(NamedTuple):
    """No secret stands in `fields`, nor in the `line` of JSON made of them."""

    level: LogLevel
    at: datetime
    session: str
    fields: dict[str, Any]
    line: str

    @property
    def nanoseconds(self) -> int:
        """When it was, since 1970: exact to the microsecond that a clock tells."""
        return int(self.at.timestamp()) * 1_000_000_000 + self.at.microsecond * 1_000
