"""Reading a list from what changed last, until what is known already."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from msgspec import Struct

from edgetpu_ci.errors import DeliveryError
from edgetpu_ci.github_rows import spans
from edgetpu_ci.github_rows.spans import Span

R = TypeVar("R")

OVERLAP: Final = timedelta(minutes=10)
"""What changed so shortly before the newest known is read again: GitHub's index may lag a little."""

_NO_CURSOR: Final = "valid cursor"
"""What GitHub says of a place in a list that it does not know."""


class Page(Struct, Generic[R], frozen=True):
    """A page, the last changed first: its rows, when the newest and the oldest of them changed, and where it goes on.

    `after` is empty on the last page; `total` is how many there are in the whole list, and `open` how many are open,
    None where that is not told.
    """

    rows: tuple[R, ...]
    newest: datetime
    oldest: datetime
    after: str
    total: int
    open: int | None = None


class Step(Struct, Generic[R], frozen=True):
    """What one page brought, and what is known once its rows are stored."""

    page: Page[R]
    known: tuple[Span, ...]


def walk(ask: Callable[[str], Page[R]], known: tuple[Span, ...], cut: datetime) -> Iterator[Step[R]]:
    """Pages from the newest on, down to `cut`; a span that an earlier job read is passed over.

    Items that change while they are read move to the front, where the next walk finds them.
    """
    page = ask("")
    top = page.newest
    while True:
        # A list that ended has nothing older, however far back anybody asks.
        low = page.oldest if page.after else spans.EPOCH
        known, reached = _joined(known, Span(low, max(top, low), page.after))
        yield Step(page, known)
        if not reached.after or reached.low < cut:
            return
        try:
            page = ask(reached.after)
        except DeliveryError as error:
            if reached.after == page.after or _NO_CURSOR not in str(error):
                raise
            # Where an earlier job stopped GitHub no longer finds: from here on it is read once more.
            known, page = (Span(low, top, page.after),), ask(page.after)


def _joined(known: tuple[Span, ...], read: Span) -> tuple[tuple[Span, ...], Span]:
    """All spans with the one just read, and the one it belongs to now: reading goes on below that.

    The newest known span counts as met only where it was read again for the length of the overlap.
    """
    apart = [span for span in known if _apart(span, read)]
    met = [span for span in known if not _apart(span, read)]
    # Where many changed in one second, what was read last is further down the list.
    lowest = min([read, *met], key=lambda span: span.low)
    together = Span(lowest.low, max(span.high for span in [read, *met]), lowest.after)
    return tuple(sorted([*apart, together], key=lambda span: span.low)), together


def _apart(span: Span, read: Span) -> bool:
    return read.low > max(span.high - OVERLAP, span.low)
