"""Who acknowledged an open incident, or closed it by hand, wherever that can be said."""

from collections.abc import Iterable, Sequence

from edgetpu_ci.incidents.record import Acknowledged, Book, Incident
from edgetpu_ci.notify import Bound, trouble
from edgetpu_ci.world import World


def read(book: Book, bound: Iterable[Bound], world: World) -> tuple[Acknowledged, ...]:
    """What people said since the book was written: of each incident the first acknowledgement and the first closing.

    A service that does not tell costs a warning and its own answers.
    """
    waiting = [incident for incident in book.incidents if incident.is_open]
    if not waiting:
        return ()
    said = [answer for one in bound for answer in _asked(one, waiting, world)]
    known = {(incident.key, incident.number) for incident in waiting if incident.acknowledged_at}
    news = [answer for answer in said if answer.over or (answer.key, answer.number) not in known]
    first = {(answer.key, answer.number, bool(answer.over)): answer for answer in sorted(news, key=_at, reverse=True)}
    return tuple(sorted(first.values(), key=_at))


def _at(answer: Acknowledged) -> tuple[float, str]:
    return answer.at.timestamp(), answer.how


def _asked(one: Bound, waiting: Sequence[Incident], world: World) -> Sequence[Acknowledged]:
    try:
        return one.answers(waiting, world)
    except Exception as error:  # noqa: BLE001 - a third party's notifier may fail in its own ways
        world.warn(f"warning: Who acknowledged what is not known from {one.use}: {trouble(one.use, error)}")
        return ()
