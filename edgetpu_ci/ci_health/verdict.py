"""How the services and runners stand on which CI depends: part by part, and all together. Pure."""

from collections.abc import Sequence
from typing import Final, Literal

from msgspec import Struct

from edgetpu_ci.render import gfm, words

State = Literal["up", "down", "unknown", "untried"]
"""What cannot be tried without telling somebody is `untried`: of that no verdict is better or worse."""

Status = Literal["healthy", "degraded", "unhealthy"]

_MARKS: Final[dict[State, str]] = {"up": "✓", "unknown": "•", "untried": "–", "down": "✗"}


class Part(Struct, frozen=True, kw_only=True):
    """One thing that CI needs: how it stands, and what was seen of it in a few words."""

    name: str
    state: State
    said: str


def status(parts: Sequence[Part]) -> Status:
    """Unhealthy where a part is down; degraded where nobody knows of one, which is not the same as well."""
    states = {part.state for part in parts if part.state != "untried"}
    if "down" in states:
        return "unhealthy"
    return "degraded" if "unknown" in states or not states else "healthy"


def text(parts: Sequence[Part]) -> str:
    """A line for each part, and the verdict."""
    width = max((len(part.name) for part in parts), default=0)
    lines = [f"{_MARKS[part.state]} {part.name:<{width}}  {part.said}" for part in parts]
    return "\n".join([*lines, status(parts)])


def summary(parts: Sequence[Part]) -> str:
    """The same as Markdown, for the summary of a job."""
    rows = ([_MARKS[part.state], gfm.text(part.name), gfm.text(part.said, words.REASON)] for part in parts)
    return f"### CI is {status(parts)}\n\n{gfm.table(('', 'what', 'seen'), rows)}\n"
