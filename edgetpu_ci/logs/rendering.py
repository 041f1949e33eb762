"""From an event to what is written of it: a record in which no secret stands, and its line of JSON. Pure.

structlog is imported where logging is on, and nowhere else.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from edgetpu_ci import __version__, redaction
from edgetpu_ci.observed import Event, Observed
from edgetpu_ci.telemetry.entry import Entry

if TYPE_CHECKING:
    from edgetpu_ci.config.observability import LogLevel

Process = Callable[[Any, str, dict[str, Any]], Any]
"""A processor of structlog: the logger, which nobody has here, the level, and the fields; what the next one gets."""

NOBODY: Final = "anonymous"
"""Who a run is of. It is never known: a log that outlives a job is no place for a name."""

_MOST: Final = 8_000
"""Characters of a text; what is longer is a dump that belongs in an artifact."""


class Renderer:
    """Renders events; `known` are secrets, longest first, and `home` a folder whose name may be a person's.

    `observed` knows the ids of traces and spans, where there are any.
    """

    def __init__(self, known: tuple[str, ...], home: str = "", observed: Observed | None = None) -> None:
        from structlog.processors import ExceptionRenderer, JSONRenderer
        from structlog.tracebacks import ExceptionDictTransformer

        self._known = known
        # Not the beginning of another folder's name.
        self._home = re.compile(f"{re.escape(home)}(?![\\w.-])") if home else None
        self._observed = observed or Observed()
        # structlog would show local variables, and with them every secret there is.
        self._breaking: Process = ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
        self._json: Process = JSONRenderer(serializer=_json)

    def render(self, event: Event, session: str) -> Entry:
        """The entry of an event, of the session it names, else of `session`."""
        own = str(event.fields.get("session_id") or session)
        fields: dict[str, Any] = {
            "timestamp": event.at.isoformat(timespec="microseconds"),
            "level": event.level,
            "event": event.name,
            **event.fields,
            "user_id": NOBODY,
            "session_id": own,
            "version": __version__,
        }
        if identify := self._observed.identify:
            trace, span = identify(event.span)
            fields |= {"trace_id": trace, **({"span_id": span} if span else {})}
        if event.error is not None:
            fields = self._breaking(None, event.level, {**fields, "exc_info": event.error})
        # The last that is done to it, so that it sees all there is.
        clean = self._clean(fields)
        level = cast("LogLevel", event.level.upper())
        return Entry(level, event.at, str(clean["session_id"]), clean, self._json(None, event.level, dict(clean)))

    def _clean(self, fields: dict[str, Any]) -> dict[str, Any]:
        cleaned: dict[str, Any] = self._shortened(redaction.cleaned(fields, self._known))
        return cleaned

    def _shortened(self, value: Any) -> Any:  # noqa: ANN401 - plain data of any shape
        if isinstance(value, str):
            short = (self._home.sub("~", value) if self._home else value)[:_MOST]
            # A name of a file may hold what is no text.
            return short if short.isascii() else short.encode(errors="replace").decode()
        if isinstance(value, dict):
            return {self._shortened(name): self._shortened(inner) for name, inner in value.items()}
        return [self._shortened(item) for item in value] if isinstance(value, list) else value


def _json(fields: dict[str, Any], **_options: object) -> str:
    return msgspec.json.encode(fields).decode()


def for_people() -> Callable[[Entry], str]:
    """How an entry reads on a terminal."""
    from structlog.dev import ConsoleRenderer

    from edgetpu_ci.render import words

    shown: Process = ConsoleRenderer(colors=True)
    hidden = {"user_id", "session_id", "version"}

    def text(entry: Entry) -> str:
        seen = {name: value for name, value in entry.fields.items() if name not in hidden}
        fields = {name: words.prose(value) if isinstance(value, str) else value for name, value in seen.items()}
        return str(shown(None, entry.level.lower(), fields))

    return text
