"""Addresses that may be shown as links elsewhere: pure."""

import re
from collections.abc import Iterable
from typing import Final

_URL: Final = re.compile(r"https?://[!-~]{1,2000}")


def safe(named: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those (name, address) that are of the web, each address once, by its first name."""
    first: dict[str, str] = {}
    for name, url in named:
        if _URL.fullmatch(url):
            first.setdefault(url, name)
    return [(name, url) for url, name in first.items()]
