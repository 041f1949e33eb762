"""A digest as one HTML file: no script, nothing loaded from elsewhere, readable in a mail and in the dark."""

from collections.abc import Iterable
from html import escape
from typing import Final

from edgetpu_ci.digest.record import Digest
from edgetpu_ci.render import room
from edgetpu_ci.render.digest import said
from edgetpu_ci.render.digest.said import Said
from edgetpu_ci.render.digest.spans import Line, Pair, Part, Span

# Mail programs drop what they do not know: without it the text is read in the order in which it stands.
_STYLE: Final = """\
:root{color-scheme:light dark}
body{margin:0 auto;padding:1.5em 1em;max-width:44em;font:16px/1.5 system-ui,sans-serif;color:#1c1e21;background:#fff}
h1{font-size:1.35em;line-height:1.3;margin:0 0 .4em}
h2{font-size:1em;margin:1.2em 0 .3em}
p,ul,table{margin:.3em 0}
ul{padding-left:1.2em}
li{margin:.25em 0}
table{border-collapse:collapse;width:100%}
td{padding:.4em .8em .4em 0;vertical-align:top;width:25%}
.name{color:#5c6470;font-size:.85em;display:block}
.attention{border-left:4px solid #b84300;padding-left:.9em;margin:1em 0}
.small{color:#5c6470;font-size:.85em;margin-top:1.5em}
a{color:#005a9c}
@media (prefers-color-scheme:dark){
body{color:#e6e8eb;background:#16181c}
.name,.small{color:#a2aab5}
.attention{border-color:#ff9a5c}
a{color:#7cc0ff}
}
@media (max-width:32em){td{display:block;width:auto;padding:.2em 0}}"""


def page(digest: Digest) -> str:
    """The whole file."""
    told = said.of(digest)
    title = escape(told.title)
    body = "\n".join(filter(None, _body(told)))
    return f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
{_STYLE}
</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>"""


def _body(told: Said) -> Iterable[str]:
    yield f"<p>{_line(told.verdict)}</p>"
    if told.attention:
        items = [*map(_line, told.attention), *([escape(room.more(told.more))] if told.more else [])]
        yield f'<div class="attention">\n<h2>Needs attention</h2>\n{_listed(items)}\n</div>'
    if told.pairs:
        yield _pairs(told.pairs)
    yield from map(_part, told.parts)
    yield f'<p class="small">{_line(told.context)}<br>{_line(told.links)}</p>'


def _listed(items: Iterable[str]) -> str:
    return "\n".join(["<ul>", *(f"<li>{item}</li>" for item in items), "</ul>"])


def _pairs(pairs: Iterable[Pair]) -> str:
    cells = [f"<td>{_name(pair.name)}{escape(pair.value)}{_name(pair.spark)}</td>" for pair in pairs]
    return "\n".join(['<table role="presentation">', f"<tr>{''.join(cells)}</tr>", "</table>"])


def _name(text: str) -> str:
    return f'<span class="name">{escape(text)}</span>' if text else ""


def _part(part: Part) -> str:
    lines = "<br>\n".join(map(_line, part.lines))
    return f"<h2>{escape(part.title)}</h2>\n<p>{lines}</p>"


def _line(line: Line) -> str:
    return "".join(map(_span, line))


def _span(span: Span) -> str:
    shown = escape(span.text)
    if span.url:
        shown = f'<a href="{escape(span.url)}">{shown}</a>'
    return f"<strong>{shown}</strong>" if span.strong else shown
