"""GitHub's Markdown: foreign text that stays text, and the shapes we use."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from edgetpu_ci.render import words

# A character given by number is never structure, so nothing here can open a link, a tag, a cell or an emphasis.
_LITERAL: Final = {ord(sign): f"&#{ord(sign)};" for sign in "\\`*<>[]|~$&"}
_OUTER_UNDERSCORE: Final = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
# GitHub looks for mentions, references and addresses in what is left as text; an invisible joiner hides them.
_CALLS: Final = re.compile(r"@(?=\S)|#(?=\d)|:(?=//)|\bgh(?=-\d)|\bwww(?=\.)", re.IGNORECASE)
_JOINER: Final = "\u2060"
_CODE: Final = re.compile(r"`([\w ./:=\[\]-]{1,80})`", re.ASCII)
_URL: Final = re.compile(r"https?://[\w.-]+(:\d+)?(/[\w./%-]*)?(\?[\w.%=&-]*)?(#[\w-]*)?", re.ASCII)


def text(foreign: str, most: int = words.NAME) -> str:
    """Text from outside, safe anywhere in a line or a table cell; plain `code` in it stays code."""
    parts = _CODE.split(words.plain(foreign, most))
    return "".join(f"`{part}`" if n % 2 else _escape(part) for n, part in enumerate(parts))


def _escape(part: str) -> str:
    if part.isalnum():
        return part
    quiet = _CALLS.sub(lambda found: found.group() + _JOINER, part)
    return _OUTER_UNDERSCORE.sub("&#95;", quiet.translate(_LITERAL))


def link(name: str, url: str) -> str:
    """A link, when the address is a plain one; else nothing."""
    return f"[{name}]({url})" if is_url(url) else ""


def is_url(url: str) -> bool:
    """Whether an address is a plain one: nothing in it ends a link or a tag."""
    return bool(_URL.fullmatch(url))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are safe already; a column whose name ends in a colon holds numbers."""
    names = " | ".join(name.removesuffix(":") for name in head)
    ruler = "|".join("--:" if name.endswith(":") else "--" for name in head)
    return "\n".join([f"| {names} |", f"|{ruler}|", *(f"| {' | '.join(row)} |" for row in rows)])


def fold(summary: str, body: str) -> str:
    """A part that is opened by a click."""
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"
