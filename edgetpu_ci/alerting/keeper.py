"""What is known of incidents, in the store: one named value, and a document for each incident that is over."""

from collections.abc import Callable, Iterable, Iterator
from random import Random
from typing import Final, NamedTuple

from msgspec.structs import replace

from edgetpu_ci import codec, memory
from edgetpu_ci.errors import StoreError
from edgetpu_ci.incidents import book as books
from edgetpu_ci.incidents.record import STORED, Book, Incident
from edgetpu_ci.store import Store
from edgetpu_ci.world import World

_TRIES: Final = 30
_PAUSE: Final = 0.5


class Kept(NamedTuple):
    """The book, and the value it is in."""

    book: Book
    data: bytes | None


def read(state: memory.State) -> Kept:
    """The book, empty where there is none yet; DocumentError with the next step when it is corrupt."""
    data = state.state(STORED)
    return Kept(books.unpack(data), data)


def load(state: memory.State) -> Book:
    """The same, for those who only look."""
    return read(state).book


def change(state: memory.State, changed: Callable[[Book], Book], world: World, known: Kept | None = None) -> Book:
    """Make the book another one, whoever else writes it meanwhile: `changed` may be asked again, of a newer one.

    `known` is what was read just now. StoreError when others are faster each time.
    """
    random = Random(world.token())  # noqa: S311 - so that jobs differ, not to keep a secret
    for _ in range(_TRIES):
        before = known or read(state)
        after = changed(before.book)
        if after == before.book or state.swap(STORED, before.data, memory.pack(after)):
            return after
        known = None
        world.observed.tell("debug", "store_conflict", world.now(), value=STORED)
        world.sleep(random.uniform(0, _PAUSE))
    raise StoreError(f"{STORED} in the store is changed by other jobs all the time; run fewer at once.")


def put_away(store: Store, over: Iterable[Incident], world: World) -> tuple[Book, list[StoreError]]:
    """Make documents of incidents that are over and take them out of the book.

    What failed stays in it, and what somebody changed meanwhile.
    """
    away, problems = [], []
    for incident in over:
        try:
            _write(store, incident)
            away.append(incident)
        except StoreError as error:
            problems.append(error)
    return change(store, lambda book: _without(book, away), world), problems


def _write(store: Store, incident: Incident) -> None:
    name = document(incident)
    try:
        store.append(STORED, name, codec.encode_json(incident))
    except StoreError:
        # Killed after it was written, or another job was faster: it is the same, since nothing comes after the end.
        if name not in store.names(STORED):
            raise


def document(incident: Incident) -> str:
    """What the document of an incident is called: the same whoever writes it."""
    return f"{incident.opened_at:%Y%m%dT%H%M%SZ}-{incident.key[:16]}-{incident.number}"


def _without(book: Book, away: Iterable[Incident]) -> Book:
    gone = tuple(away)
    return replace(book, incidents=tuple(one for one in book.incidents if one not in gone))


def past(store: Store, world: World) -> Iterator[Incident]:
    """Incidents that are over, newest first; one that cannot be read is named and passed over."""
    return books.past(store, lambda fault: world.warn(f"Passed over: {fault}"))
