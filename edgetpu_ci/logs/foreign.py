"""What libraries say by Python's own logging, as events like ours."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from edgetpu_ci.logs.events import FOREIGN
from edgetpu_ci.observed import Event, Level, Sink
from edgetpu_ci.telemetry import aggregator

_LEVELS: Final[tuple[tuple[int, Level], ...]] = (
    (logging.CRITICAL, "critical"),
    (logging.ERROR, "error"),
    (logging.WARNING, "warning"),
    (logging.INFO, "info"),
)


class Handler(logging.Handler):
    """Hands records on as events, and to `aloud`, if there is one; what breaks in that is nobody's fault who logs."""

    def __init__(self, sink: Sink, aloud: logging.Handler | None = None) -> None:
        super().__init__(logging.INFO)
        self._sink = sink
        self._aloud = aloud

    def emit(self, record: logging.LogRecord) -> None:
        """Hand on one record; one whose arguments do not fit its message is written without them."""
        if record.threadName == aggregator.THREAD:
            return
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 - a library's own fault
            message = str(record.msg)
        level: Level = next((name for number, name in _LEVELS if record.levelno >= number), "debug")
        error = record.exc_info[1] if record.exc_info else None
        fields = {"logger": record.name, "message": message}
        self._sink(Event(datetime.fromtimestamp(record.created, UTC), level, FOREIGN, dict(fields), error))
        if self._aloud and record.levelno >= self._aloud.level:
            self._aloud.handle(record)


def listen(sink: Sink) -> Callable[[], None]:
    """Hear what libraries say from now on; what ends it."""
    root = logging.getLogger()
    # Where nobody else listens, Python says warnings on standard error; that we do must not silence them.
    handler = Handler(sink, None if root.handlers else logging.lastResort)
    root.addHandler(handler)
    return lambda: root.removeHandler(handler)
