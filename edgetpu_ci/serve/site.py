"""What is served: the store's newest values, and how store and host are, looked up when somebody asks."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from edgetpu_ci import __version__, newest
from edgetpu_ci.config import Config, durations
from edgetpu_ci.exposition import families, text
from edgetpu_ci.exposition.record import Known
from edgetpu_ci.serve import health, negotiation, page
from edgetpu_ci.serve.exchange import Answer, Request
from edgetpu_ci.serve.health import Check
from edgetpu_ci.serve.standing import Host
from edgetpu_ci.world import World

_LEVEL: Final = 3
"""Of gzip: the text repeats itself, and more of it gains little."""


def of(settings: Config, world: World) -> "Site":
    """The site of a configuration; nothing is looked at yet. ConfigError where it could never be."""
    kept = newest.of(settings, world)
    durations.time(settings.observability.health.benchmark_age, "observability.health.benchmark_age")
    return Site(look=kept.promptly, host=Host(settings, world))


@dataclass(frozen=True, kw_only=True)
class Site:
    """What `look` knows of the store, and how the `host` is."""

    look: Callable[[], Known]
    host: Host
    _alone: threading.Lock = field(default_factory=threading.Lock)

    def metrics(self, request: Request) -> Answer:
        """Every family, in the text that is liked best, packed where that is wanted."""
        found = families.of(self.look())
        if negotiation.wants_openmetrics(request.headers.get("accept", "")):
            body, kind = text.openmetrics(found), text.OPENMETRICS
        else:
            body, kind = text.prometheus(found), text.PROMETHEUS
        vary = {"Vary": "Accept, Accept-Encoding"}
        if not negotiation.wants_gzip(request.headers.get("accept-encoding", "")):
            return Answer(200, body.encode(), kind, vary)
        import gzip

        packed = gzip.compress(body.encode(), _LEVEL, mtime=0)
        return Answer(200, packed, kind, vary | {"Content-Encoding": "gzip"})

    def health(self) -> Answer:
        """All checks."""
        found = self._checks(self.look())
        return Answer(health.http_status(found), health.plain(found, self.host.now(), __version__), health.PLAIN)

    def ready(self) -> Answer:
        """Configuration and store: with what is unreadable there is still something to scrape, and that is said."""
        kept = self.host.kept(self.look())
        found = {
            "configuration:read": Check("healthy", "It was read."),
            "store:readable": _softened(kept["store"]),
            "history:freshness": kept["freshness"],
        }
        return Answer(200, health.draft(found, self.host.now(), __version__), health.DRAFT)

    def page(self) -> Answer:
        """All of it for people."""
        read = self.look()
        shown = page.Shown(at=self.host.now(), version=__version__, checks=self._checks(read), known=read)
        return page.answer(shown)

    def _checks(self, read: Known) -> dict[str, Check]:
        with self._alone:
            return self.host.checks(read)


def _softened(check: Check) -> Check:
    return check._replace(status="degraded") if check.status == "unhealthy" else check
