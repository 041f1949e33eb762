"""One source of rows over one window: key figures are functions of a window, asked of it and of the one before."""

from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import chain
from typing import Final, Literal

from msgspec import Struct

from edgetpu_ci.kpis import summary
from edgetpu_ci.kpis.options import Options
from edgetpu_ci.kpis.rows import Rows, Source
from edgetpu_ci.kpis.summary import Details
from edgetpu_ci.kpis.window import Window
from edgetpu_ci.model import Measurement
from edgetpu_ci.stats.shares import Share

_SOURCES: Final[dict[Source, str]] = {
    "pulls": "GitHub's pull requests",
    "issues": "GitHub's issues",
    "runs": "GitHub's workflow runs and jobs",
    "deployments": "GitHub's deployments and releases, the package index",
    "commits": "git log --first-parent",
}
_OPEN: Final[tuple[Literal["pulls", "issues"], ...]] = ("pulls", "issues")


class Scope(Struct, frozen=True):
    """`since` is from when on the rows are complete, None for always; `began` when the repository did, as far as known.

    Nothing is compared with a time before that, when there was nothing. `erased` says why the window is not whole,
    `unseen` why not all is known that is open now; empty where it is.
    """

    options: Options
    window: Window
    source: str
    since: datetime | None = None
    began: datetime | None = None
    erased: str = ""
    unseen: str = ""

    @property
    def before(self) -> Window | None:
        """The window before, where all of it is known."""
        before = self.window.before
        return None if any(at and at > before.start for at in (self.since, self.began)) else before

    @property
    def details(self) -> Details:
        """What each key figure says of where it comes from."""
        known = [("window", str(self.window)), ("source", self.source)]
        if self.since and self.since > self.window.start:
            known.append(("complete", f"only from {self.since:%Y-%m-%d %H:%M} UTC on"))
        return tuple(known)

    def share(
        self, subject: str, metric: str, part: Callable[[Window], Share | str], *, of: str, details: Details = ()
    ) -> Measurement:
        """`summary.share` of the part that a window has, or why that is not known; `of` is without the window."""
        now, before = part(self.window), part(self.before) if self.before else None
        if isinstance(now, str):
            return summary.unknown(subject, metric, now, details=self._with(details))
        earlier = None if isinstance(before, str) else before
        return summary.share(subject, metric, now, earlier, of=self._of(of), details=self._with(details))

    def spread(
        self, subject: str, metric: str, values: Callable[[Window], Iterable[float]], *, of: str, details: Details = ()
    ) -> Measurement:
        """`summary.spread` of the values that a window has; `of` is without the window."""
        before = values(self.before) if self.before else None
        now = values(self.window)
        return summary.spread(subject, metric, now, before, of=self._of(of), details=self._with(details))

    def now(self, subject: str, metric: str, values: Iterable[float], *, of: str, details: Details = ()) -> Measurement:
        """`summary.spread` of what is at the end of the window, whenever it began."""
        if self.unseen:
            return summary.unknown(subject, metric, self.unseen, details=self._with(details))
        return summary.spread(subject, metric, values, of=of, details=self._with(details))

    def _of(self, what: str) -> str:
        return f"{what} in {self.window.days:g} days"

    def _with(self, details: Details) -> Details:
        return (*details, *self.details)


def of(rows: Rows, options: Options, window: Window, *sources: Source) -> Scope:
    """The scope of key figures that are made of these sources."""
    erased = [rows.erased[source] for source in sources if source in rows.erased]
    since = [*(rows.since[source] for source in sources if source in rows.since), *(gone.last for gone in erased)]
    return Scope(
        options,
        window,
        ", ".join(_SOURCES[source] for source in sources),
        max(since, default=None),
        _began(rows),
        erased=next((gone.reason for gone in erased if gone.last >= window.start), ""),
        unseen=next(filter(None, (rows.lacking(name) for name in _OPEN if name in sources)), ""),
    )


def _began(rows: Rows) -> datetime | None:
    """When the first came to be of all that is known."""
    created = (row.created for several in (rows.pulls, rows.issues, rows.runs) for row in several)
    given = (row.at for several in (rows.deployments, rows.commits) for row in several)
    return min(chain(created, given), default=None)
