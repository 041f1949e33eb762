"""The digest in Slack: one message that is read in seconds, and what it was made from in its thread."""

from collections.abc import Iterator, Sequence
from typing import Final

from edgetpu_ci.digest.record import Digest
from edgetpu_ci.model import Report
from edgetpu_ci.render import key_figures, unknowns, words
from edgetpu_ci.render.digest import said
from edgetpu_ci.render.digest.said import Said
from edgetpu_ci.render.digest.spans import Line, Pair, Span, spaced
from edgetpu_ci.render.key_figures import Figure
from edgetpu_ci.render.slack import blocks, mrkdwn
from edgetpu_ci.render.slack.message import Message, Part, message

MOST: Final = 20
"""Blocks of the digest itself."""

_LONGEST: Final = 1000
_LISTED: Final = 30
_NAME: Final = 60
_HEAD: Final = ("KPI", "Value:", "Against before", "n:", "Demanded", "Trend")


def whole(digest: Digest, *, threaded: bool) -> Message:
    """The message; a quiet one has three blocks. Courses stand in it where no thread can show them."""
    told = said.of(digest)
    return message(mrkdwn.text(told.title, _LONGEST), list(_parts(told, threaded=threaded)), MOST)


def _parts(told: Said, *, threaded: bool) -> Iterator[Part]:
    yield Part(0, blocks.header(told.title))
    yield Part(0, blocks.section(_line(told.verdict)))
    if told.attention:
        more = [f"… +{told.more:,} more{' in the thread' if threaded else ''}"] if told.more else []
        items = [f"•  {_line(line)}" for line in told.attention]
        yield Part(0, blocks.section(mrkdwn.listed([mrkdwn.bold("Needs attention"), *items, *more])))
    if told.pairs:
        yield Part(1, blocks.fields([(pair.name, _pair(pair, threaded=threaded)) for pair in told.pairs]))
    for part in told.parts:
        title = mrkdwn.bold(mrkdwn.text(part.title))
        yield Part(2, blocks.section(mrkdwn.listed([title, *map(_line, part.lines)])))
    yield Part(0, blocks.context(_line(told.context), _line(told.links)))


def _pair(pair: Pair, *, threaded: bool) -> str:
    value = mrkdwn.text(pair.value, _LONGEST)
    return value if threaded or not pair.spark else f"{value}\n{pair.spark}"


def _line(line: Line) -> str:
    return "".join(map(_span, line))


def _span(span: Span) -> str:
    shown = mrkdwn.text(span.text, _LONGEST)
    linked = mrkdwn.link(shown, span.url) if span.url else shown
    return spaced(span, mrkdwn.bold(linked) if span.strong else linked)


def thread(digest: Digest, kpis: Report | None) -> Message | None:
    """All that needs attention, what was not read, and every key figure in a table; None where there is none of it."""
    figures = [figure for figure in key_figures.of(kpis) if not figure.is_of_part] if kpis else []
    lists: list[tuple[str, list[Line]]] = [
        ("Needs attention", said.all_attention(digest)),
        ("Not read", said.unread(digest)),
        ("Not known", [(Span(one.sentence),) for one in unknowns.of(figures)]),
    ]
    parts = [Part(1, _listed(title, lines)) for title, lines in lists if lines]
    if figures:
        parts.append(Part(0, blocks.section(mrkdwn.bold("Key figures"))))
        parts.append(Part(0, blocks.table(_HEAD, [_row(figure) for figure in figures])))
    return message(f"Details of {mrkdwn.text(digest.week)}", parts) if parts else None


def _listed(title: str, lines: Sequence[Line]) -> blocks.Block:
    items = (f"•  {_line(line)}" for line in lines)
    return blocks.section(mrkdwn.listed([mrkdwn.bold(title), *items], count=_LISTED))


def _row(figure: Figure) -> list[str]:
    measured = figure.measurement
    return [
        words.plain(key_figures.name(figure), _NAME),
        key_figures.value(measured) if measured.value is not None else "not known",
        key_figures.change(measured),
        f"{measured.n:,}" if measured.n else "",
        key_figures.demanded(figure),
        key_figures.spark(figure),
    ]
