"""What is known of incidents, in the store: one named value, and a document for each incident that is over."""

from collections.abc import Callable, Iterable, Iterator
from random import Random
from typing import Final

from msgspec.structs import replace

from edgetpu_ci import codec, memory
from edgetpu_ci.errors import StoreError
from edgetpu_ci.incidents import book as books
from edgetpu_ci.incidents.record import STORED, Book, Incident
from edgetpu_ci.store import Store
from edgetpu_ci.world import World

_TRIES: Final = 30
_PAUSE: Final = 0.5


def load(state: memory.State) -> Book:
    """The book, empty where there is none yet; DocumentError with the next step when it is corrupt."""
    return books.unpack(state.state(STORED))


def change(state: memory.State, changed: Callable[[Book], Book], world: World) -> Book:
    """Make the book another one, whoever else writes it meanwhile: `changed` may be asked again, of a newer one.

    StoreError when others are faster each time.
    """
    random = Random(world.token())  # noqa: S311 - so that jobs differ, not to keep a secret
    for _ in range(_TRIES):
        old = state.state(STORED)
        before = books.unpack(old)
        after = changed(before)
        if after == before or state.swap(STORED, old, memory.pack(after)):
            return after
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
