"""What a digest says, in plain words: every rendering writes the same, each in its own marks."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from edgetpu_ci.config import durations
from edgetpu_ci.digest import week
from edgetpu_ci.digest.record import Digest, Gate, Source
from edgetpu_ci.model import Status
from edgetpu_ci.render import gfm, words
from edgetpu_ci.render.digest import attention, figures, models
from edgetpu_ci.render.digest.spans import OWNER, Line, Pair, Part, Span, day

SILENCING: Final = "https://github.com/edgetpu-ci/edgetpu-ci/blob/main/docs/digest.md"

_MOST: Final = 3
_MARK: Final[dict[Status, str]] = {"failed": "❌", "unknown": "❔", "warned": "⚠️", "passed": "✅"}
_DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)


class Said(Struct, frozen=True, kw_only=True):
    """The digest in the order in which it is read: title, verdict, what needs attention, pairs of figures, parts.

    A quiet one has nothing between verdict and context.
    """

    title: str
    verdict: Line
    attention: tuple[Line, ...] = ()
    more: int = 0
    pairs: tuple[Pair, ...] = ()
    parts: tuple[Part, ...] = ()
    context: Line
    links: Line


def of(digest: Digest) -> Said:
    """All of it."""
    whole = not digest.is_quiet and not digest.is_empty
    return Said(
        title=title(digest),
        verdict=_verdict(digest),
        attention=tuple(map(attention.line, digest.attention[:_MOST])),
        more=max(0, len(digest.attention) - _MOST),
        pairs=tuple(_pairs(digest)) if whole else (),
        parts=tuple(_parts(digest)) if whole else (),
        context=_context(digest),
        links=_links(digest),
    )


def all_attention(digest: Digest) -> list[Line]:
    """Everything that needs attention, where not all of it is in the digest itself."""
    return [attention.line(matter) for matter in digest.attention] if len(digest.attention) > _MOST else []


def unread(digest: Digest) -> list[Line]:
    """What could not be read, a line each."""
    return [(Span(words.plain(sentence, words.SENTENCE)),) for sentence in digest.incomplete]


def title(digest: Digest) -> str:
    """`edgetpu-ci — week 47: 2 need attention, 9 steady`."""
    named = f"edgetpu-ci — week {week.parse(digest.week).number}"
    count = len(digest.attention)
    steady = [f"{digest.steady:,} steady"] if digest.steady else []
    if digest.is_empty:
        return f"{named}: nothing is known yet"
    if count:
        needing = f"{count:,} {'need' if count > 1 else 'needs'} attention"
        return f"{named}: {', '.join([needing, *steady])}"
    if digest.is_quiet:
        return f"{named}: all green, {digest.steady:,} steady"
    return f"{named}: {', '.join(['nothing needs attention', *steady])}"


def _verdict(digest: Digest) -> Line:
    """How the gates stand, what changed against the week before, and what there is not."""
    told = list(map(_gate, digest.gates))
    if digest.is_empty:
        told = ["The store holds no report and no incident."]
    elif not told:
        alerts = "1 alert watches" if digest.watched == 1 else f"{digest.watched:,} alerts watch"
        told = [f"No gate is set; {alerts}." if digest.watched else "Nothing is demanded, so nothing is judged."]
    count = len(digest.incomplete)
    missing = [f"{count:,} thing{'s' if count > 1 else ''} could not be read."] if count else []
    muted = [f"{digest.muted:,} open incident{'s are' if digest.muted > 1 else ' is'} muted."] if digest.muted else []
    return (Span(" ".join([*told, *_over(digest), *muted, *missing, *digest.notes])),)


def _over(digest: Digest) -> list[str]:
    """`2 incidents are over: build_failure_streak after 2 h, slow_builds after 3 days.`, where any is."""
    named = [f"{words.plain(one.name)} after {durations.words(one.lasted)}" for one in digest.over[:_MOST]]
    more = [f"{len(digest.over) - _MOST:,} more"] if len(digest.over) > _MOST else []
    count = len(digest.over)
    return [f"{count:,} incident{'s are' if count > 1 else ' is'} over: {', '.join([*named, *more])}."] if count else []


def _gate(gate: Gate) -> str:
    """`❌ KPI gates failed: 2 of 5 broken (1 more than last week).`; what is of no run of this week says of when."""
    counts = [(gate.failed, "broken"), (gate.unknown, "not known"), (gate.warned, "with a warning")]
    first, *others = [(count, word) for count, word in counts if count] or [(gate.judged, "hold")]
    told = [f"{first[0]:,} of {gate.judged:,} {first[1]}", *(f"{count:,} {word}" for count, word in others)]
    status = f"{gate.status} on {day(gate.as_of)}" if gate.as_of else gate.status
    mark = _MARK["unknown"] if gate.as_of else _MARK[gate.status]
    name = "KPI gates" if gate.of == "KPIs" else "Benchmark gates"
    return f"{mark} {name} {status}: {', '.join(told)}{_against_last(gate)}."


def _against_last(gate: Gate) -> str:
    """Against the week before, in how many do not hold."""
    if gate.earlier is None:
        return "" if gate.as_of else " (no week before to compare with)"
    more = gate.failed + gate.unknown - gate.earlier
    return f" ({abs(more):,} {'more' if more > 0 else 'fewer'} than last week)" if more else " (as last week)"


def _pairs(digest: Digest) -> Iterator[Pair]:
    old = _older(digest)
    for figure in digest.figures:
        pair = figures.pair(figure, digest.courses)
        yield pair._replace(value=f"{pair.value} · {old}") if old else pair


def _parts(digest: Digest) -> Iterator[Part]:
    old = _older(digest)
    yield Part("Benchmarks", tuple(models.lines(digest)))
    told = (
        (f"Dependencies and security on {old}" if old else "Dependencies and security", figures.security(digest)),
        (f"Cost of the month until {old}" if old else "Cost this month", figures.cost(digest.cost)),
    )
    if any(source.of == "KPIs" and source.at for source in digest.sources):
        yield from (Part(name, ((Span(text or "not collected"),),)) for name, text in told)


def _older(digest: Digest) -> str:
    """The day key figures are of, where that is none of this week: a stranger would take them for today's."""
    return next((day(one.at) for one in digest.sources if one.of == "KPIs" and one.at and not one.here), "")


def _context(digest: Digest) -> Line:
    """Which time, which commit, how complete, and how old."""
    start = week.parse(digest.week).start
    last = digest.until - timedelta(microseconds=1)
    commit = next((words.commit(one.commit) for one in digest.sources if one.commit), "")
    branch = next((words.plain(one.branch, OWNER) for one in digest.sources if one.commit), "")
    brought, listed = digest.collectors
    told = [
        words.plain(digest.repository),
        f"{day(start)} to {day(last)} {last:%Y}, UTC",
        " on ".join(filter(None, [commit, branch])),
        f"{brought:,} of {listed:,} collectors" if listed else "",
        *(_age(source, digest.made) for source in digest.sources),
    ]
    return (Span(" · ".join(filter(None, told))),)


def _age(source: Source, made: datetime) -> str:
    if source.at is None:
        return f"no {source.of}"
    age = max(made - source.at, timedelta())
    told = f"{age // _DAY} d" if age >= 2 * _DAY else f"{age // _HOUR} h"
    return f"{source.of} {told} old"


def _links(digest: Digest) -> Line:
    report = next((source.url for source in digest.sources if source.url), "")
    found = [
        *([Span("Report", url=report), Span(" · ")] if gfm.is_url(report) else []),
        Span("How to silence", url=SILENCING),
    ]
    return tuple(found)
