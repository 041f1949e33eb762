"""What is seen of this process from outside: logged from when its configuration is read until it ends."""

import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from edgetpu_ci.cli import output
from edgetpu_ci.errors import EdgeTpuCiError
from edgetpu_ci.observed import Observed

if TYPE_CHECKING:
    from edgetpu_ci.config import Config
    from edgetpu_ci.logs.opening import Logging
    from edgetpu_ci.world import World


@dataclass
class Process:
    """One command: what it told, by which configuration, and where that is logged."""

    observed: Observed = field(default_factory=Observed)
    settings: "Config | None" = None
    logging: "Logging | None" = None
    world: "World | None" = None
    endings: list[Callable[[], None]] = field(default_factory=list)

    def later(self, ending: Callable[[], None]) -> None:
        """Do it at the end, beside the end of logging: who does not answer either costs its seconds once."""
        self.endings.append(ending)

    def begin(self, settings: "Config", world: "World") -> None:
        """Log from now on, where the configuration says so; without that nothing of it is so much as imported."""
        logs = settings.observability.logs
        if logs is None or self.logging:
            return
        from edgetpu_ci import redaction
        from edgetpu_ci.logs import opening, uploading

        person = (lambda line: output.write(line, sys.stderr)) if output.is_watched(sys.stderr) else None
        self.settings, self.world = settings, world
        named = redaction.named(settings.alerting, settings.observability)
        self.logging = opening.begin(logs, world, person, named)
        uploading.write_outputs(logs, world)

    def failed(self, error: Exception) -> None:
        """Tell that the command ended with an error that we expect, or by a fault of ours."""
        if not self.world:
            return
        now = self.world.now()
        if isinstance(error, EdgeTpuCiError):
            self.observed.tell("error", "command_failed", now, reason=str(error), exit_status=error.exit_status)
        else:
            self.observed.broke("bug", now, error)

    def end(self) -> None:
        """Tell whoever is to hear of what was logged and not told yet, and end logging."""
        if self.logging and self.settings and self.world:
            if self.observed.loud:
                _told(self.settings, self.logging.session, self.world)
            self.endings.append(self.logging.end)
        threads = [threading.Thread(target=_ended, args=(ending,), daemon=True) for ending in self.endings]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.observed, self.settings, self.logging, self.world = Observed(), None, None, None
        self.endings.clear()


def _ended(ending: Callable[[], None]) -> None:
    # What of it cannot even be said changes no exit status.
    with suppress(EdgeTpuCiError):
        ending()


def _told(settings: "Config", session: str, world: "World") -> None:
    from edgetpu_ci.alerting import evaluating
    from edgetpu_ci.publish.notice import notify

    try:
        told = evaluating.after_failure(settings, session, world)
    except Exception as error:  # noqa: BLE001 - whatever breaks here, the exit status is that of the command
        why = str(error) if isinstance(error, EdgeTpuCiError) else f"it broke with {type(error).__name__}."
        notify("warning", f"Nobody was told of what was logged: {why}", world)
        return
    for problem in told.problems if told else ():
        notify("warning", str(problem), world)


PROCESS: Final = Process()
"""This one. Whoever asks for the world gets what it tells."""
