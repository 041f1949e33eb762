"""What a name that nobody knows may have meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def meant(name: str, known: Iterable[str]) -> str:
    """`; did you mean "files"?`; empty where none is like it."""
    close = get_close_matches(name, sorted(set(known)), n=1)
    return f'; did you mean "{close[0]}"?' if close else ""
