"""The blocks we use, each within Slack's limits whatever it is given.

`markup` is safe text, made by `mrkdwn`; other text is foreign, and shown as it is.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from edgetpu_ci.render.slack import limits, mrkdwn

Block = dict[str, Any]
"""A block as JSON; https://docs.slack.dev/reference/block-kit/blocks names its keys."""

_NOTHING: Final = "–"


def header(text: str) -> Block:
    """A large line, without any format."""
    return {"type": "header", "text": _plain(text, limits.HEADER)}


def section(markup: str) -> Block:
    """A paragraph; what is too long for one ends in "…" (`mrkdwn.listed` shortens by whole lines)."""
    return {"type": "section", "text": _markup(markup, limits.SECTION)}


def paragraphs(lines: Sequence[str], most: int) -> list[Block]:
    """Lines of markup in as many paragraphs as they fill, at most so many; the last says how many lines are missing."""
    made: list[Block] = []
    rest = list(lines)
    while rest and len(made) < most - 1:
        count = mrkdwn.fitting(rest, limits.SECTION)
        made.append(section("\n".join(rest[:count])))
        rest = rest[count:]
    return [*made, *([section(mrkdwn.listed(rest, count=len(rest)))] if rest else [])]


def fields(pairs: Sequence[tuple[str, str]]) -> Block:
    """Up to ten names with their markup, in two columns; of more, the last says how many."""
    shown = [f"{mrkdwn.bold(mrkdwn.text(name))}\n{markup}" for name, markup in pairs]
    if len(shown) > limits.FIELDS:
        shown[limits.FIELDS - 1 :] = [f"… +{len(shown) - limits.FIELDS + 1:,} more"]
    return {"type": "section", "fields": [_markup(each, limits.FIELD) for each in shown or [_NOTHING]]}


def context(*markup: str) -> Block:
    """Small grey remarks beside each other."""
    shown = [each for each in markup if each]
    if len(shown) > limits.CONTEXTS:
        shown[limits.CONTEXTS - 1 :] = [f"… +{len(shown) - limits.CONTEXTS + 1:,} more"]
    return {"type": "context", "elements": [_markup(each, limits.CONTEXT) for each in shown or [_NOTHING]]}


def links(named: Iterable[tuple[str, str]]) -> list[Block]:
    """Links beside each other, those with an address Slack takes; no block where none is left.

    No buttons: Slack reports a click on any to the app's server, and a warning follows where there is none
    (slackapi/slack-github-action issue 513).
    """
    shown = [mrkdwn.link(mrkdwn.text(name), url) for name, url in named if mrkdwn.is_url(url)]
    return [section(mrkdwn.listed(shown, between="  ·  "))] if shown else []


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Block:
    """A table of foreign text; a column whose name ends in a colon holds numbers. A message takes one.

    Rows that are too many are counted in the last. https://docs.slack.dev/reference/block-kit/blocks/table-block
    """
    columns = head[: limits.CELLS]
    shown = [_row(columns, [name.removesuffix(":") for name in columns])]
    room = limits.TABLE - _size(shown)
    for place, cells in enumerate(rows, start=1):
        row = _row(columns, cells)
        room -= _size(row)
        if room < 0 or (len(shown) == limits.ROWS - 1 and place < len(rows)):
            shown.append(_row(columns, [f"… +{len(rows) - place + 1:,} more"]))
            break
        shown.append(row)
    sides = [{"align": "right" if name.endswith(":") else "left"} for name in columns]
    return {"type": "table", "rows": shown, "column_settings": sides}


def _row(columns: Sequence[str], cells: Sequence[str]) -> list[Block]:
    padded = [*cells, *[""] * len(columns)][: len(columns)]
    return [{"type": "raw_text", "text": mrkdwn.plain(cell) or _NOTHING} for cell in padded]


def _size(part: object) -> int:
    return limits.size(msgspec.json.encode(part).decode())


def _plain(text: str, most: int) -> Block:
    return {"type": "plain_text", "text": mrkdwn.cut(mrkdwn.plain(text, most), most) or _NOTHING, "emoji": False}


def _markup(markup: str, most: int) -> Block:
    # Verbatim: Slack makes no links or mentions of its own from what is left as text.
    return {"type": "mrkdwn", "text": mrkdwn.cut(markup, most) or _NOTHING, "verbatim": True}
