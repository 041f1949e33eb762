"""The book as a store has it, with one of its incidents made another, and what was put away."""

from collections.abc import Callable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from edgetpu_ci import codec, memory
from edgetpu_ci.errors import DocumentError
from edgetpu_ci.incidents.record import SCHEMA, STORED, Book, Incident
from edgetpu_ci.memory import State


class _Head(Struct):
    schema: int = SCHEMA


def unpack(data: bytes | None) -> Book:
    """A book, empty where there is none yet; DocumentError with the next step when it is corrupt, or newer."""
    if data is None:
        return Book()
    if (schema := memory.unpack(data, _Head, STORED).schema) > SCHEMA:
        raise DocumentError(
            f"{STORED} in the store has schema {schema}, newer than the {SCHEMA} this version reads; update edgetpu-ci."
        )
    return memory.unpack(data, Book, STORED)


def past(state: State, passed_over: Callable[[str], None]) -> Iterator[Incident]:
    """Incidents that are over, newest first; one that cannot be read is named and passed over."""
    for name in reversed(state.names(STORED)):
        try:
            yield codec.decode_json(state.read(STORED, name), Incident, f"incident {name} in the store")
        except DocumentError as error:
            passed_over(str(error))


def changed(book: Book, key: str, number: int, change: Callable[[Incident], Incident]) -> Book:
    """The book in which an incident is what `change` makes of it; as it was where there is none."""
    found = (change(one) if (one.key, one.number) == (key, number) else one for one in book.incidents)
    return replace(book, incidents=tuple(found))
