"""The book with one of its incidents made another. Pure."""

from collections.abc import Callable

from msgspec.structs import replace

from edgetpu_ci.incidents.record import Book, Incident


def changed(book: Book, key: str, number: int, change: Callable[[Incident], Incident]) -> Book:
    """The book in which an incident is what `change` makes of it; as it was where there is none."""
    found = (change(one) if (one.key, one.number) == (key, number) else one for one in book.incidents)
    return replace(book, incidents=tuple(found))
