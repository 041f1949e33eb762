"""Lists in pages, as GitHub gives them out: a hundred items at most, and links to the pages around."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import TypeVar
from urllib.parse import urlencode

T = TypeVar("T")

MOST = 100
_CURSOR = "page-"


def page(items: Sequence[T], query: Mapping[str, str]) -> Sequence[T]:
    """The items of the page that is asked for; none beyond the last."""
    size, number = _size(query), _number(query)
    return items[(number - 1) * size : number * size]


def links(url: str, query: Mapping[str, str], count: int, *, by_cursor: bool = False) -> str:
    """The header Link for a list of so many items; empty where one page holds them all."""
    number, last = _number(query), max(1, ceil(count / _size(query)))
    around = {"prev": number - 1, "first": 1} if number > 1 else {}
    around |= {"next": number + 1, "last": last} if number < last else {}
    shown = {name: at for name, at in around.items() if name == "next" or not by_cursor}
    return ", ".join(f'<{url}?{urlencode(_at(query, at, by_cursor))}>; rel="{name}"' for name, at in shown.items())


def _at(query: Mapping[str, str], number: int, by_cursor: bool) -> dict[str, str]:  # noqa: FBT001 - ours alone
    return {**query, "after": f"{_CURSOR}{number}"} if by_cursor else {**query, "page": str(number)}


def _size(query: Mapping[str, str]) -> int:
    return min(int(query.get("per_page", 30)), MOST)


def _number(query: Mapping[str, str]) -> int:
    return int(query.get("page") or query.get("after", "1").removeprefix(_CURSOR))
