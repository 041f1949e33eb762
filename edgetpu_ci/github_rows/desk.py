"""Where rows are read to: the shelves, how far each list has come, and what could not be read."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from msgspec import structs

from edgetpu_ci import memory
from edgetpu_ci.errors import BudgetError, DeliveryError, DeniedError, DownError, MissingError, StoreError
from edgetpu_ci.github_rows import cursors, holding, issues, jobs, overview, pulls, runs
from edgetpu_ci.github_rows.cursors import Asked, Cursors
from edgetpu_ci.github_rows.shelf import Shelf
from edgetpu_ci.kpis.rows import Erased
from edgetpu_ci.transport.adaptive import PageSize
from edgetpu_ci.transport.budget import GOES_ON
from edgetpu_ci.transport.github import GitHub

if TYPE_CHECKING:
    from edgetpu_ci.kpis.rows import Source

T = TypeVar("T")

TRIES: Final = 20
"""So often all is read again after another job was faster."""

WEEK: Final = timedelta(days=7)

BATCH: Final = 5000
"""So many rows wait for the store at most: each time they are written may be a push."""


class Desk:
    """One job's reading of a repository. Rows reach the store before the cursors that say so.

    `cut`: what nothing happened to since then is not kept; `bots` are accounts of programs that GitHub calls users;
    `branch` is the default branch, empty until somebody tells it. `batch`: so many rows wait for the store at most.
    `refused` says of each part why the token may not read it; `incomplete` what was to be read and was not, of the
    parts that are `broken`; `down` why GitHub is asked nothing more; `mended` what of the store was lost and is read
    again. `open` is how many are open now. `suites` is how many check suites are asked for at once. `progress` is told
    (what, done, total).
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
        self.branch = ""
        self.now = now
        self.cut = cut
        self.mended = holding.mend(state)
        self.pulls = Shelf(pulls.KIND, state, cut)
        self.issues = Shelf(issues.KIND, state, cut)
        self.runs = Shelf(runs.KIND, state, cut)
        self.deliveries = Shelf(overview.KIND, state, cut)
        self.cursors: Cursors = cursors.load(state, (now - cut).days)
        self.refused: dict[str, str] = {}
        self.incomplete: list[str] = []
        self.broken: set[str] = set()
        self.down = ""
        self.open: dict[Source, int] = {}
        self.suites = PageSize(jobs.MOST)
        self._state = state
        self.batch = BATCH
        self._is_spent = False
        self._names = frozenset(state.values())
        self.progress = progress
        self._leave_out(self.cursors.erased)

    @property
    def _shelves(self) -> tuple[Shelf[Any], ...]:
        return (self.pulls, self.issues, self.runs, self.deliveries)

    def months(self, shelf: Shelf[Any], since: datetime | None = None) -> list[str]:
        """The values that have rows of a shelf, or will, the newest first; those of the months since a time."""
        first = shelf.month(since) if since else shelf.prefix
        names = {name for name in self._names if name.startswith(shelf.prefix)} | shelf.waiting_months
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
        """Store the rows that wait, and how far it has come."""
        self._store({shelf.prefix: shelf.waiting_months for shelf in self._shelves})

    def _store(self, months: Mapping[str, Iterable[str]]) -> None:
        """Write some months of each shelf and the cursors in one step, which others may not have been faster than."""
        names = [name for each in months.values() for name in each]
        for _ in range(TRIES):
            old = self._state.states([*names, cursors.NAME])
            if cursors.NAME in self._names and cursors.NAME not in old:
                # These cursors speak of rows that are gone.
                raise StoreError("What is kept for key figures was erased while this job read; run it again.")
            self._leave_out(cursors.unpacked(old.get(cursors.NAME)).erased)
            changes = {k: v for shelf in self._shelves for k, v in shelf.changes(old, months[shelf.prefix]).items()}
            both, packed = cursors.change(old.get(cursors.NAME), self.cursors, changes)
            changes[cursors.NAME] = (old.get(cursors.NAME), packed)
            changes = {name: change for name, change in changes.items() if change[0] != change[1]}
            if not changes or self._state.swap_all(changes):
                self._stored(both, changes)
                return
        raise StoreError(f"What was read could not be stored: other jobs were faster {TRIES} times; try again later.")

    def _leave_out(self, erased: Mapping[str, Erased]) -> None:
        for shelf in self._shelves:
            shelf.erased = erased.get(shelf.kind.name)

    def _stored(self, both: Cursors, changes: Mapping[str, memory.Swap]) -> None:
        self.cursors = both
        self._names = self._names.union(changes) - {name for name, (_, new) in changes.items() if new is None}
        for shelf in self._shelves:
            shelf.stored()

    def is_due(self, name: str) -> bool:
        """Whether something that is asked for once a week is to be asked for."""
        known = self.cursors.asked.get(name)
        return known is None or self.now - known.at >= WEEK

    def prune(self) -> None:
        """Take what is too old out of every month."""
        self._store({shelf.prefix: self.months(shelf) for shelf in self._shelves})

    def part(self, name: str, read: Callable[[], T], lost: Callable[[], str]) -> T | None:
        """What a part of the reading brings; None, and the others go on, when it breaks off: `lost` says what then."""
        try:
            return read()
        except (DeniedError, MissingError) as error:
            self.refused[name] = str(error)
        except DownError as error:
            self.broken.add(name)
            self.down = str(error)
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
