"""The pieces that what is said is made of, before a rendering gives them its marks."""

from datetime import datetime
from typing import Final, NamedTuple

from msgspec import Struct

from edgetpu_ci.render import gfm

NAME: Final = 60
OWNER: Final = 40
"""How much is shown of a foreign name, and of one that is only told beside."""


class Span(Struct, frozen=True):
    """Words of one kind: plain, `strong`, or a link. They may hold anything a stranger wrote, on one line."""

    text: str
    url: str = ""
    strong: bool = False


Line = tuple[Span, ...]


class Pair(NamedTuple):
    """What a figure is called, what it is, and its course as a row of bars, empty before there is one."""

    name: str
    value: str
    spark: str = ""


class Part(NamedTuple):
    """A part with a title, and what is said in it."""

    title: str
    lines: tuple[Line, ...]


def link(name: str, url: str) -> Line:
    """A link behind a line, where there is an address."""
    return (Span(" · "), Span(name, url=url)) if gfm.is_url(url) else ()


def day(at: datetime) -> str:
    """`Thu 19 Nov`: this is read within days."""
    return f"{at:%a} {at.day} {at:%b}"


def spaced(span: Span, shown: str) -> str:
    """A span as it is shown, with the blanks at its ends that part it from its neighbours: escaping drops them."""
    before, after = span.text.startswith(" "), span.text.endswith(" ")
    return f"{' ' * before}{shown}{' ' * after}"
