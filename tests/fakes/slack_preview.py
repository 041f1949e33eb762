"""Block Kit as HTML that looks much like Slack, to see a message before anybody else does.

What Slack would make of mrkdwn, it makes: bold, italic, code, quotes, emoji codes, links, mentions, dates.
"""

import html
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

_STYLE = """
body { font: 15px/1.46 Lato, "Liberation Sans", Arial, "Noto Color Emoji", sans-serif; color: #1d1c1d;
  background: #fff; margin: 0; width: 640px }
.message { display: grid; grid-template-columns: 36px 1fr; gap: 8px; padding: 12px 20px }
.avatar { width: 36px; height: 36px; border-radius: 8px; background: #4a154b; color: #fff; text-align: center;
  font: bold 12px/36px monospace }
.name { font-weight: 900 } .app { background: #ddd; border-radius: 2px; font-size: 10px; padding: 1px 3px }
.time { color: #616061; font-size: 12px } .thread { margin-left: 44px; border-left: 2px solid #ddd }
h3 { font-size: 18px; line-height: 1.33; margin: 6px 0 4px } p { margin: 6px 0; overflow-wrap: anywhere }
.fields { display: grid; grid-template-columns: 1fr 1fr; gap: 8px 16px; margin: 6px 0; overflow-wrap: anywhere }
.context { color: #616061; font-size: 13px; margin: 6px 0; overflow-wrap: anywhere }
a { color: #1264a3; text-decoration: none }
code { border: 1px solid #ddd; background: #f8f8f8; color: #c01343; border-radius: 3px; padding: 1px 3px;
  font-size: 12px } .call { background: #f2c74466; color: #1264a3 }
blockquote { border-left: 4px solid #ddd; margin: 0; padding-left: 12px }
table { border-collapse: collapse } td { border: 1px solid #ddd; padding: 3px 8px } td.right { text-align: right }
tr:first-child { font-weight: bold }
"""
_TOKEN = re.compile(r"<([^<>]+)>")
_FORMATS = (
    (re.compile(r"`([^`\n]+)`"), "code"),
    (re.compile(r"(?<!\w)\*(?=\S)([^*\n]+?)(?<=\S)\*(?!\w)"), "b"),
    (re.compile(r"(?<!\w)_(?=\S)([^_\n]+?)(?<=\S)_(?!\w)"), "i"),
    (re.compile(r"(?<!\w)~(?=\S)([^~\n]+?)(?<=\S)~(?!\w)"), "s"),
)


def page(messages: Sequence[tuple[dict[str, Any], bool]]) -> str:
    """Messages below each other, as of one app; the second of each says whether it stands in a thread."""
    shown = "".join(_message(message, in_thread=in_thread) for message, in_thread in messages)
    return f'<!doctype html><meta charset="utf-8"><style>{_STYLE}</style><body>{shown}</body>'


def _message(message: dict[str, Any], *, in_thread: bool) -> str:
    head = '<span class="name">edgetpu-ci</span> <span class="app">APP</span> <span class="time">8:06 AM</span>'
    body = "".join(_block(block) for block in message["blocks"])
    kind = "message thread" if in_thread else "message"
    return f'<div class="{kind}"><div class="avatar">tpu</div><div>{head}{body}</div></div>'


def _block(block: dict[str, Any]) -> str:
    match block["type"]:
        case "header":
            return f"<h3>{_text(block['text'])}</h3>"
        case "section":
            fields = "".join(f"<div>{_text(field)}</div>" for field in block.get("fields", []))
            text = f"<p>{_text(block['text'])}</p>" if "text" in block else ""
            return text + (f'<div class="fields">{fields}</div>' if fields else "")
        case "context":
            return f'<div class="context">{" ".join(map(_text, block["elements"]))}</div>'
        case "table":
            sides = [column["align"] for column in block["column_settings"]]
            return f"<table>{''.join(_row(row, sides) for row in block['rows'])}</table>"
        case other:
            raise ValueError(other)


def _row(row: list[dict[str, Any]], sides: list[str]) -> str:
    cells = (f'<td class="{side}">{html.escape(cell["text"])}</td>' for cell, side in zip(row, sides, strict=True))
    return f"<tr>{''.join(cells)}</tr>"


def _text(text: dict[str, Any]) -> str:
    if text["type"] == "plain_text":
        return html.escape(text["text"])
    return "<br>".join(_line(line) for line in text["text"].split("\n"))


def _line(line: str) -> str:
    parts = _TOKEN.split(line)
    shown = "".join(_special(part) if n % 2 else part.replace('"', "&quot;") for n, part in enumerate(parts))
    for pattern, tag in _FORMATS:
        shown = pattern.sub(rf"<{tag}>\1</{tag}>", shown)
    shown = re.sub(r":([a-z0-9_+-]+):", r'<span class="call">EMOJI \1</span>', shown)
    quote = re.match(r"&gt;", shown)
    kept = shown.replace("        ", "&nbsp;" * 8)
    return f"<blockquote>{kept.removeprefix('&gt;')}</blockquote>" if quote else kept


def _special(inside: str) -> str:
    """What stands between angle brackets: a date, a mention, or a link."""
    if inside.startswith("!date^"):
        at = datetime.fromtimestamp(int(inside.split("^")[1]), UTC)
        return f"{at:%b} {at.day}, {at.year} {at.hour % 12 or 12}∶{at:%M} {at:%p}"
    if inside[0] in "!@#":
        return f'<span class="call">{inside}</span>'
    url, _, name = inside.partition("|")
    return f'<a title="{url.replace(":", "&#58;")}">{name or url}</a>'
