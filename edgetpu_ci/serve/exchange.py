"""What a client asked for, and what it gets. Pure."""

from collections.abc import Mapping
from typing import Final, NamedTuple

TEXT: Final = "text/plain; charset=utf-8"


class Request(NamedTuple):
    """One request: its method, the path without a query, and its headers by their names in small letters."""

    method: str
    path: str
    headers: Mapping[str, str]


class Answer(NamedTuple):
    """A status, a body, of which kind it is, and headers besides the usual ones."""

    status: int
    body: bytes
    kind: str = TEXT
    headers: Mapping[str, str] = {}


def sentence(status: int, text: str, **headers: str) -> Answer:
    """One line for whoever reads it."""
    return Answer(status, f"{text}\n".encode(), headers=headers)
