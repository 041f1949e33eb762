"""Who acknowledged an open incident, or closed it by hand, wherever that can be said."""

from collections.abc import Iterable, Sequence

from edgetpu_ci.incidents.record import Acknowledged, Book, Incident
from edgetpu_ci.notify import Bound, trouble
from edgetpu_ci.world import World


def read(book: Book, bound: Iterable[Bound], world: World) -> tuple[Acknowledged, ...]:
    """What people say of open incidents, in the order in which they said it, whether or not the book knows it already.

    A service that does not tell costs a warning and its own answers.
    """
    waiting = [incident for incident in book.incidents if incident.is_open]
    if not waiting:
        return ()
    return tuple(sorted((answer for one in bound for answer in _asked(one, waiting, world)), key=_at))


def _at(answer: Acknowledged) -> tuple[float, str]:
    return answer.at.timestamp(), answer.how


def _asked(one: Bound, waiting: Sequence[Incident], world: World) -> Sequence[Acknowledged]:
    try:
        return one.answers(waiting, world)
    except Exception as error:  # noqa: BLE001 - a third party's notifier may fail in its own ways
        world.warn(f"warning: Who acknowledged what is not known from {one.use}: {trouble(one.use, error)}")
        return ()
