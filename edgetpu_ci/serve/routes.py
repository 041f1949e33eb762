"""Which answer a request gets. No path of a request is ever the name of a file."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, Protocol

from edgetpu_ci import __version__
from edgetpu_ci.serve import health
from edgetpu_ci.serve.exchange import Answer, Request, sentence
from edgetpu_ci.serve.health import Check

PATHS: Final = {
    "/": "all of it, for people",
    "/metrics": "every series, as Prometheus and OpenMetrics have them",
    "/health": "each check, as monitoring documents have them",
    "/ready": "whether it can answer, for orchestrators",
    "/live": "whether it runs at all",
}
"""What is served."""

_STARTING: Final = 10.0
"""Seconds a request waits for the configuration to be read."""


class Site(Protocol):
    """What is known, looked up by each request."""

    def metrics(self, request: Request) -> Answer:
        """The metrics, in the text that the client likes best."""

    def health(self) -> Answer:
        """All checks."""

    def ready(self) -> Answer:
        """Those that say whether scrapes tell anything."""

    def page(self) -> Answer:
        """All of it for people."""


class Door:
    """Answers from the first moment on; what needs the configuration waits until that is read."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.now, self.patience = now, _STARTING
        self._began = time.monotonic()
        self._open = threading.Event()
        self._site: Site | None = None

    def open(self, site: Site) -> None:
        """The configuration is read, and this is what it makes."""
        self._site = site
        self._open.set()

    def answer(self, request: Request) -> Answer:
        """What a request gets, whatever it is."""
        if request.path not in PATHS:
            return sentence(404, f"There is nothing here; there are {', '.join(PATHS)}.")
        if request.method not in {"GET", "HEAD"}:
            return sentence(405, "This can be read with GET and HEAD, and not be changed.", Allow="GET, HEAD")
        if request.path == "/live":
            return self._live()
        self._open.wait(self.patience)
        if self._site is None:
            return self._starting(request)
        return self._known(request, self._site)

    def _known(self, request: Request, site: Site) -> Answer:
        match request.path:
            case "/metrics":
                return site.metrics(request)
            case "/health":
                return site.health()
            case "/ready":
                return site.ready()
            case _:
                return site.page()

    def _live(self) -> Answer:
        ran = round(time.monotonic() - self._began, 3)
        checks = {"process:uptime": Check("healthy", "It runs.", ran, "s")}
        return Answer(200, health.draft(checks, self.now(), __version__), health.DRAFT)

    def _starting(self, request: Request) -> Answer:
        said, later = "The configuration is still being read; ask again in a second.", {"Retry-After": "1"}
        if request.path != "/ready":
            return sentence(503, said, **later)
        checks = {"configuration:read": Check("unhealthy", said)}
        return Answer(503, health.draft(checks, self.now(), __version__), health.DRAFT, later)
