"""How this host and what it keeps are: what is looked at, brought to its checks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from edgetpu_ci import redaction
from edgetpu_ci.config import Config
from edgetpu_ci.device import coral
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.exposition.record import Known
from edgetpu_ci.serve import checks, installed
from edgetpu_ci.serve.health import Check
from edgetpu_ci.serve.models import Files, Use
from edgetpu_ci.world import World


@dataclass(frozen=True)
class Host:
    """A host, for what its configuration needs of it."""

    settings: Config
    world: World
    files: Files = field(default_factory=Files)

    def now(self) -> datetime:
        """What time it is here."""
        return self.world.now()

    def checks(self, read: Known) -> dict[str, Check]:
        """All checks, by their names, with what is known of the store."""
        room = checks.disk_space(installed.free(self._place()))
        return self._tamed({**self._measuring(_measured(read)), "disk_space": room}) | self.kept(read)

    def kept(self, read: Known) -> dict[str, Check]:
        """Those of what is kept alone."""
        found = {"freshness": checks.freshness(read, self.now(), self.settings), "store": checks.store(read)}
        return self._tamed(found)

    def _measuring(self, measured: Mapping[str, str]) -> dict[str, Check]:
        try:
            uses = self.files.uses(self.settings, self.world)
        except ConfigError as error:
            unknown = Check("unhealthy", str(error))
            return {"tpu_availability": unknown, "model_cache": unknown, "dependencies": unknown}
        return {
            "tpu_availability": checks.tpu_availability(uses, coral.find(self.world)),
            "model_cache": checks.model_cache(uses, measured),
            "dependencies": self._dependencies(uses),
        }

    def _dependencies(self, uses: tuple[Use, ...]) -> Check:
        return checks.dependencies(installed.missing(uses, self.world), installed.lacking(self.settings))

    def _place(self) -> Path:
        """Where the store keeps things here."""
        options = self.settings.store.with_
        return self.world.cwd / str(options.get("path") or options.get("keep") or ".")

    def _tamed(self, found: Mapping[str, Check]) -> dict[str, Check]:
        """Whoever may ask need not know where on the machine things are, nor how an address is opened."""
        return {name: check._replace(seen=self._without_paths(check.seen)) for name, check in found.items()}

    def _without_paths(self, sentence: str) -> str:
        here, home = str(self.world.cwd), self.world.env.get("HOME", "")
        hidden = ((f"{here}/", ""), (here, "the working directory"), (f"{home}/", "~/"))
        for folder, word in hidden:
            if folder.strip("/"):
                sentence = sentence.replace(folder, word)
        return redaction.redacted(sentence, ())


def _measured(read: Known) -> dict[str, str]:
    """The sha256 that the newest run knows of each model."""
    oldest_first = sorted(read.runs, key=lambda run: run.at)
    return {subject: digest for run in oldest_first for subject, digest in run.models.items()}
