"""Logging of this process: begun with the configuration, and ended with the process."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from threading import RLock

from edgetpu_ci import redaction
from edgetpu_ci.config import logged
from edgetpu_ci.config.observability import LogLevel, Logs
from edgetpu_ci.logs import foreign, rendering
from edgetpu_ci.logs.files import Files
from edgetpu_ci.logs.rendering import Renderer
from edgetpu_ci.logs.sinks import Batched, Guarded
from edgetpu_ci.observed import Event
from edgetpu_ci.telemetry import aggregator
from edgetpu_ci.telemetry.entry import Entry
from edgetpu_ci.world import World


@dataclass
class Logging:
    """Writes each event to the places of its level. An event of no run is of the run that was told of last."""

    renderer: Renderer
    places: dict[LogLevel, list[Guarded[Entry]]]
    session: str
    endings: list[Callable[[], None]] = field(default_factory=list)
    _one: RLock = field(default_factory=RLock)
    _is_writing: bool = False

    def write(self, event: Event) -> None:
        """Write an event; what libraries log while it is written is not heard, which would never end."""
        with self._one:
            if self._is_writing:
                return
            self._is_writing = True
            try:
                entry = self.renderer.render(event, self.session)
                self.session = entry.session
                for place in self.places.get(entry.level, ()):
                    place.write(entry)
            finally:
                self._is_writing = False

    def end(self) -> None:
        """Send what waits, close the files, and say what was lost."""
        for ending in self.endings:
            ending()


def begin(logs: Logs, world: World, person: Callable[[str], None] | None = None, named: Iterable[str] = ()) -> Logging:
    """Log what is told from now on; `person` writes a line to a terminal that somebody looks at.

    `named` are the names of variables that are secret, beside those that look so.

    ConfigError for an aggregator whose options are wrong. Where its address is not set, that is said, and nothing sent.
    """
    renderer = Renderer(redaction.secrets(world.env, named), world.env.get("HOME", "").rstrip("/"), world.observed)
    session = f"{world.now():%Y%m%dT%H%M%SZ}-{world.token()[:8]}"
    files = Files(world.cwd / logs.folder)
    written = Guarded(f"the files in {logs.folder}", files.write, world.warn)
    sending = Batched(aggregator.sender(logs.aggregator, world)) if logs.aggregator else None
    sent = sending.guarded("the aggregator of logs", world.warn) if sending else None
    places = {level: list(_places(logs, level, written, sent)) for level in logged.levels(logs)}
    if person:
        places["INFO"].append(_shown(person, world))
    logging = Logging(renderer, places, session)
    # One that cannot be rendered is lost like one that cannot be written.
    events = Guarded[Event]("the logs", logging.write, world.warn)
    world.observed.sinks.append(events.write)
    logging.endings += [
        lambda: world.observed.sinks.remove(events.write),
        foreign.listen(events.write),
        *([sending.flush] if sending else []),
        files.close,
        *(guard.end for guard in (events, written, sent) if guard),
    ]
    return logging


def _places(
    logs: Logs, level: LogLevel, written: Guarded[Entry], sent: Guarded[Entry] | None
) -> Iterator[Guarded[Entry]]:
    route = logged.levels(logs)[level]
    if logged.is_in_file(route):
        yield written
    if sent and logged.is_aggregated(route):
        yield sent


def _shown(person: Callable[[str], None], world: World) -> Guarded[Entry]:
    """What is louder is said as a sentence where it happens, and once is enough."""
    text = rendering.for_people()
    return Guarded("the terminal", lambda entry: person(text(entry)), world.warn)
