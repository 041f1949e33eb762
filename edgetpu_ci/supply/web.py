"""Addresses that a configuration names."""

import re
from typing import Final
from urllib.parse import urlsplit

_HOST: Final = re.compile(r"[\w:]([\w:.-]*\w)?")


def host(address: str) -> str:
    """The host of an address of the web; empty where it is none."""
    try:
        parts = urlsplit(address)
        # A port that is no number is told when it is asked for.
        known = parts.scheme in {"http", "https"} and parts.port != 0
    except ValueError:
        return ""
    found = parts.hostname or ""
    return found if known and _HOST.fullmatch(found) else ""
