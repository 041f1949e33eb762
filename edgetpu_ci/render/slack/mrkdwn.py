"""Slack's mrkdwn: foreign text that stays text, and the shapes we use.

Slack has no way to write a formatting sign as itself (docs.slack.dev/messaging/formatting-message-text), so a sign
that could format becomes one that looks alike.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from edgetpu_ci.render import words
from edgetpu_ci.render.slack import limits

_ENTITIES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_ALIKE: Final = {"*": "∗", "~": "∼", "`": "ˋ"}
_LITERAL: Final = str.maketrans(_ENTITIES | _ALIKE)
_UNBRACKETED: Final = str.maketrans("<>", "‹›")
# Inside a word an underscore is no formatting, and names are to be copied as they are.
_OUTER_UNDERSCORE: Final = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_QUOTE: Final = re.compile(r"^>+")
_EMOJI: Final = re.compile(r":(?=[\w+'-]+:)")
# Slack looks for mentions and addresses in some of what is left as text; an invisible joiner hides them.
_CALLS: Final = re.compile(r"@(?=\S)|:(?=//)|\bwww(?=\.)|\bmailto(?=:)", re.IGNORECASE)
_JOINER: Final = "\u2060"
_URL: Final = re.compile(r"https?://[\w.-]+(:\d+)?([/?#][^\s<>|\"`\\]*)?", re.ASCII)
_ROOM: Final = len("  ·  … +1,000,000 more")
_WHOLE: Final = re.compile(r"&(?:amp|lt|gt);|<[^<>]*>|(?s:.)")


def text(foreign: str, most: int = words.NAME) -> str:
    """Text from outside on one line of at most `most` characters before escaping: no mention, link or format in it."""
    line = _QUOTE.sub(lambda found: "›" * len(found.group()), words.plain(foreign, most))
    line = _EMOJI.sub("∶", _OUTER_UNDERSCORE.sub("ˍ", line))
    return _CALLS.sub(lambda found: found.group() + _JOINER, line).translate(_LITERAL)


def plain(foreign: str, most: int = words.NAME) -> str:
    """Text from outside for where Slack formats nothing, and for notifications: without angle brackets all the same."""
    line = words.plain(foreign, most).translate(_UNBRACKETED)
    return _CALLS.sub(lambda found: found.group() + _JOINER, line)


def code(foreign: str, most: int = words.NAME) -> str:
    """A name from outside in the letters of code."""
    return f"`{text(foreign, most) or '–'}`"


def bold(markup: str) -> str:
    """Safe text, in bold."""
    return f"*{markup}*"


def is_url(url: str) -> bool:
    """Whether it is a web address that Slack takes."""
    return bool(_URL.fullmatch(url)) and limits.size(url) <= limits.URL


def link(name: str, url: str) -> str:
    """A link with a safe name, when the address is a plain one; else only the name."""
    return f"<{url.replace('&', '&amp;')}|{name.replace('|', '¦')}>" if is_url(url) else name


def date(at: datetime) -> str:
    """A moment in the reader's own time zone, where Slack can; else in UTC."""
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{at:%Y-%m-%d %H:%M} UTC>"


def cut(markup: str, most: int) -> str:
    """At most `most` characters, never a part of an entity, a link or a date."""
    if limits.size(markup) <= most:
        return markup
    kept, left = [], most - 1
    for whole in _WHOLE.findall(markup):
        left -= limits.size(whole)
        if left < 0:
            break
        kept.append(whole)
    return f"{''.join(kept)}…"


def listed(items: Iterable[str], most: int = limits.SECTION, count: int = limits.BLOCKS, between: str = "\n") -> str:
    """Safe text below or beside each other: as much as fits, and how many more there are."""
    whole = list(items)
    shown = whole[:count]
    while len(shown) > 1 and limits.size(_joined(shown, len(whole), between)) > most:
        shown.pop()
    return _joined([cut(each, most - _ROOM) for each in shown] if len(shown) == 1 else shown, len(whole), between)


def fitting(lines: Sequence[str], most: int) -> int:
    """How many lines, from the first, fit below each other; at least one."""
    left = most
    for place, line in enumerate(lines):
        left -= limits.size(line) + 1
        if left < -1:
            return max(place, 1)
    return len(lines)


def _joined(shown: Sequence[str], of: int, between: str) -> str:
    return between.join([*shown, *([f"… +{of - len(shown):,} more"] if of > len(shown) else [])])
