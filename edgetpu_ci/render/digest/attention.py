"""What needs attention, a line each: what, value → threshold, since when, owner, and one link."""

from typing import Final

from edgetpu_ci import metrics
from edgetpu_ci.digest.record import Matter
from edgetpu_ci.model import REPOSITORY
from edgetpu_ci.render import unknowns, words
from edgetpu_ci.render.digest.spans import NAME, OWNER, Line, Span, day, link

_REASON: Final = 160


def line(matter: Matter) -> Line:
    """One of them."""
    since = [_since(matter)] if matter.since else []
    owner = [f"owner {words.plain(matter.owner, OWNER)}"] if matter.owner else []
    told = " · ".join([_why(matter), *since, *owner])
    return (Span(_name(matter), strong=True), Span(f": {told}"), *link("run", matter.url))


def _name(matter: Matter) -> str:
    label = words.label(matter.metric) if matter.metric else ""
    subject = "" if matter.subject in {REPOSITORY, "*"} else words.plain(matter.subject, NAME)
    device = words.plain(matter.device, NAME)
    if matter.kind == "missing":
        return words.plain(matter.name, NAME)
    if matter.name:
        label = f"{words.plain(matter.name, NAME).replace('_', ' ')} ({words.plain(matter.state, NAME)})"
        return " · ".join(filter(None, [label, subject]))
    return " · ".join(filter(None, [subject, label, device]))


def _why(matter: Matter) -> str:
    if matter.kind == "unknown":
        bound = f" → {matter.threshold}" if matter.threshold else ""
        return f"not known{bound} ({unknowns.brief(matter.because, _REASON)})"
    if not matter.threshold or matter.value is None:
        return words.plain(matter.because, _REASON) or "no reason given"
    return f"{metrics.answer(matter.value, matter.metric)} → {matter.threshold}"


def _since(matter: Matter) -> str:
    if matter.since is None:
        return ""
    if matter.kind == "missing":
        return f"newest of {day(matter.since)}"
    return f"{'at least since' if matter.lasting else 'since'} {day(matter.since)}"
