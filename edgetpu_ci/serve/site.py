"""What is served: the store's newest values, and how store and host are, looked up when somebody asks."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edgetpu_ci import __version__, newest
from edgetpu_ci.config import Config, durations
from edgetpu_ci.device import coral
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.exposition import families, text
from edgetpu_ci.exposition.record import Known
from edgetpu_ci.serve import checks, health, host, known, negotiation, page
from edgetpu_ci.serve.exchange import Answer, Request
from edgetpu_ci.serve.health import Check
from edgetpu_ci.serve.known import Reports, Told
from edgetpu_ci.serve.models import Files, Use
from edgetpu_ci.world import World

_LEVEL: Final = 3
"""Of gzip: the text repeats itself, and more of it gains little."""


def of(settings: Config, world: World) -> "Site":
    """The site of a configuration; nothing is looked at yet. ConfigError where it could never be."""
    kept = newest.of(settings, world)
    durations.time(settings.observability.health.benchmark_age, "observability.health.benchmark_age")
    return Site(settings=settings, world=world, look=kept.refresh, reports=Reports(kept.store))


@dataclass(frozen=True, kw_only=True)
class Site:
    """What `look` knows of the store, what `reports` say, and what this host has for a configuration."""

    settings: Config
    world: World
    look: Callable[[], Known]
    reports: Reports
    _files: Files = field(default_factory=Files)
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
        found = self._checks(*self._known())
        return Answer(health.http_status(found), health.plain(found, self.world.now(), __version__), health.PLAIN)

    def ready(self) -> Answer:
        """Configuration and store: with what is unreadable there is still something to scrape, and that is said."""
        kept = self._kept(self.look())
        found = {
            "configuration:read": Check("healthy", "It was read."),
            "store:readable": _softened(kept["store"]),
            "history:freshness": kept["freshness"],
        }
        return Answer(200, health.draft(found, self.world.now(), __version__), health.DRAFT)

    def page(self) -> Answer:
        """All of it for people."""
        read, told = self._known()
        found = self._checks(read, told)
        return page.answer(page.Shown(at=self.world.now(), version=__version__, checks=found, known=read, told=told))

    def _known(self) -> tuple[Known, Mapping[str, Told]]:
        read = self.look()
        with self._alone:
            return read, self.reports.of(read.runs)

    def _checks(self, read: Known, told: Mapping[str, Told]) -> dict[str, Check]:
        with self._alone:
            uses = self._uses()
        found = {**self._of_host(uses, _measured(read, told)), **self._kept(read)}
        return {name: check._replace(seen=self._without_paths(check.seen)) for name, check in found.items()}

    def _uses(self) -> tuple[Use, ...] | str:
        try:
            return self._files.uses(self.settings, self.world)
        except ConfigError as error:
            return str(error)

    def _of_host(self, uses: tuple[Use, ...] | str, measured: Mapping[str, str]) -> dict[str, Check]:
        if isinstance(uses, str):
            unknown = Check("unhealthy", uses)
            found = {"tpu_availability": unknown, "model_cache": unknown, "dependencies": unknown}
        else:
            missing, lacking = host.missing(uses, self.world), host.lacking(self.settings)
            found = {
                "tpu_availability": checks.tpu_availability(uses, coral.find(self.world)),
                "model_cache": checks.model_cache(uses, measured),
                "dependencies": checks.dependencies(missing, lacking),
            }
        return {**found, "disk_space": checks.disk_space(host.free(self._place()))}

    def _kept(self, read: Known) -> dict[str, Check]:
        last = next((run.at for run in known.benchmarks(read.runs)), None)
        most = self.settings.observability.health.benchmark_age
        return {
            "freshness": checks.freshness(last, self.world.now(), most),
            "store": checks.store(read),
        }

    def _place(self) -> Path:
        """Where the store keeps things on this host."""
        options = self.settings.store.with_
        return self.world.cwd / str(options.get("path") or options.get("keep") or ".")

    def _without_paths(self, sentence: str) -> str:
        """Whoever may ask need not know where on the machine things are."""
        return sentence.replace(f"{self.world.cwd}/", "").replace(str(self.world.cwd), "the working directory")


def _softened(check: Check) -> Check:
    return check._replace(status="degraded") if check.status == "unhealthy" else check


def _measured(read: Known, told: Mapping[str, Told]) -> dict[str, str]:
    """The sha256 that the newest run knows of each model."""
    oldest_first = reversed(known.benchmarks(read.runs))
    return {subject: digest for run in oldest_first for subject, digest in told[run.report].models.items()}
