"""Where rows are read to: the shelves, how far each list has come, and what could not be read."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from msgspec import structs

from edgetpu_ci import memory
from edgetpu_ci.errors import BudgetError, DeliveryError, DeniedError, MissingError
from edgetpu_ci.github_rows import cursors, issues, jobs, overview, pulls, runs
from edgetpu_ci.github_rows.cursors import Asked, Cursors
from edgetpu_ci.github_rows.shelf import Shelf
from edgetpu_ci.transport.adaptive import PageSize
from edgetpu_ci.transport.budget import GOES_ON
from edgetpu_ci.transport.github import GitHub

T = TypeVar("T")

WEEK: Final = timedelta(days=7)

BATCH: Final = 5000
"""So many rows wait for the store at most: each value that is written may be a push."""


class Desk:
    """One job's reading of a repository. Rows reach the store before the cursors that say so.

    `cut`: what nothing happened to since then is not kept; `bots` are accounts of programs that GitHub calls users.
    `batch`: so many rows wait for the store at most. `refused` says of each part why the token may not read it;
    `incomplete` what was to be read and was not, of the parts that are `broken`. `suites` is how many check suites are
    asked for at once. `progress` is told (what, done, total).
    """

    def __init__(
        self,
        github: GitHub,
        state: memory.State,
        *,
        now: datetime,
        cut: datetime,
        bots: frozenset[str],
        progress: Callable[[str, int, int], None] = lambda _what, _done, _total: None,
    ) -> None:
        self.github = github
        self.bots = bots
        self.now = now
        self.cut = cut
        self.pulls = Shelf(pulls.KIND, state, cut)
        self.issues = Shelf(issues.KIND, state, cut)
        self.runs = Shelf(runs.KIND, state, cut)
        self.deliveries = Shelf(overview.KIND, state, cut)
        self.cursors: Cursors = cursors.load(state, (now - cut).days)
        self.refused: dict[str, str] = {}
        self.incomplete: list[str] = []
        self.broken: set[str] = set()
        self.suites = PageSize(jobs.MOST)
        self._state = state
        self.batch = BATCH
        self._is_spent = False
        self.progress = progress

    @property
    def _shelves(self) -> tuple[Shelf[Any], ...]:
        return (self.pulls, self.issues, self.runs, self.deliveries)

    def months(self, shelf: Shelf[Any], since: datetime | None = None) -> list[str]:
        """The values that have rows of a shelf, or will, the newest first; those of the months since a time."""
        first = shelf.month(since) if since else shelf.prefix
        names = {name for name in self._state.values() if name.startswith(shelf.prefix)} | shelf.waiting_months
        return sorted((name for name in names if name >= first), reverse=True)

    def reached(self, **known: object) -> None:
        """How far it has come, once what was added is stored; stores it when much waits."""
        self.cursors = structs.replace(self.cursors, **known)
        if sum(shelf.waiting for shelf in self._shelves) >= self.batch:
            self.flush()

    def answered(self, name: str, asked: Asked) -> None:
        """Remember when something was asked for, and its answer."""
        self.reached(asked={**self.cursors.asked, name: asked})

    def flush(self) -> None:
        """Store the rows that wait, then how far it has come."""
        for shelf in self._shelves:
            shelf.flush()
        self.cursors = cursors.save(self._state, self.cursors)

    def is_due(self, name: str) -> bool:
        """Whether something that is asked for once a week is to be asked for."""
        known = self.cursors.asked.get(name)
        return known is None or self.now - known.at >= WEEK

    def prune(self) -> None:
        """Take what is too old out of every month."""
        self.flush()
        for shelf in self._shelves:
            shelf.prune(self.months(shelf))

    def part(self, name: str, read: Callable[[], T], lost: Callable[[], str]) -> T | None:
        """What a part of the reading brings; None, and the others go on, when it breaks off: `lost` says what then."""
        try:
            return read()
        except (DeniedError, MissingError) as error:
            self.refused[name] = str(error)
        except DeliveryError as error:
            self.broken.add(name)
            self.incomplete.append(f"{_capital(lost())}; {GOES_ON} ({self._why(error)}).")
        return None

    def _why(self, error: DeliveryError) -> str:
        """The reason, once: when a limit is reached, all that is read after it stops for the same one."""
        if isinstance(error, BudgetError):
            if self._is_spent:
                return "for the same reason"
            self._is_spent = True
        return str(error).rstrip(".").removesuffix(f"; {GOES_ON}")


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
