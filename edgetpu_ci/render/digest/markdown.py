"""A digest as GitHub's Markdown, for the summary of a job, an issue or a mail."""

from collections.abc import Iterable, Sequence

from edgetpu_ci.digest.record import Digest
from edgetpu_ci.render import gfm, room
from edgetpu_ci.render.digest import said
from edgetpu_ci.render.digest.spans import Line, Pair, Part, Span, spaced

_LONGEST = 1000


def text(digest: Digest) -> str:
    """All of it, ending without a newline."""
    told = said.of(digest)
    attention = [*map(_item, told.attention), *([f"- {room.more(told.more)}"] if told.more else [])]
    blocks = [
        f"## {gfm.text(told.title, _LONGEST)}",
        _line(told.verdict),
        "\n".join(["**Needs attention**", "", *attention]) if attention else "",
        _pairs(told.pairs),
        "\n".join(map(_part, told.parts)),
        f"<sub>{_line(told.context)} · {_line(told.links)}</sub>",
    ]
    return "\n\n".join(filter(None, blocks))


def _pairs(pairs: Sequence[Pair]) -> str:
    if not pairs:
        return ""
    values = [gfm.text(f"{pair.value} {pair.spark}".rstrip(), _LONGEST) for pair in pairs]
    return gfm.table([gfm.text(pair.name) for pair in pairs], [values])


def _item(line: Line) -> str:
    return f"- {_line(line)}"


def _part(part: Part) -> str:
    return f"- **{gfm.text(part.title)}**: {'; '.join(map(_line, part.lines))}"


def _line(spans: Iterable[Span]) -> str:
    return "".join(map(_span, spans))


def _span(span: Span) -> str:
    shown = gfm.text(span.text, _LONGEST)
    linked = gfm.link(shown, span.url) if span.url else shown
    return spaced(span, f"**{linked}**" if span.strong else linked)
