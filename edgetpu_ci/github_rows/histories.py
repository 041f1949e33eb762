"""Pull requests and issues: read from what changed last until what is known."""

from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

from edgetpu_ci.github_rows import issues, lists, pulls, spans
from edgetpu_ci.github_rows.desk import Desk
from edgetpu_ci.github_rows.lists import Of
from edgetpu_ci.github_rows.shelf import Shelf
from edgetpu_ci.github_rows.spans import Span
from edgetpu_ci.github_rows.walk import walk
from edgetpu_ci.kpis.rows import Source


class _History(Struct, frozen=True):
    """A list: what it is called in sentences and as a cursor, how it is asked for, and what is kept of an item."""

    words: str
    name: Source
    of: Of
    row: Callable[[Any, Desk], Any]
    shelf: Callable[[Desk], Shelf[Any]]


PULLS: Final = _History(
    "pull requests",
    "pulls",
    Of("pullRequests", pulls.FIELDS, lists.Answer[pulls.Node], pulls.NEEDS),
    lambda node, desk: pulls.row(node, desk.bots, desk.branch),
    lambda desk: desk.pulls,
)
ISSUES: Final = _History(
    "issues",
    "issues",
    Of("issues", issues.FIELDS, lists.Answer[issues.Node], issues.NEEDS),
    lambda node, desk: issues.row(node, desk.bots),
    lambda desk: desk.issues,
)


def read(desk: Desk, history: _History) -> None:
    """Read what changed since the last time, and what is still missing from before."""
    unshown: list[str] = []
    ask = lists.asking(desk.github, history.of, lambda node: history.row(node, desk), unshown)

    def take() -> None:
        done = 0
        for step in walk(ask, getattr(desk.cursors, history.name), desk.cut):
            history.shelf(desk).add(step.page.rows)
            desk.reached(**{history.name: step.known})
            if step.page.open is not None:
                desk.open[history.name] = step.page.open
            done += len(step.page.rows)
            desk.progress(history.words, done, step.page.total)
        # All that changed was read, however many there are in all.
        desk.progress(history.words, done, done)

    desk.part(history.name, take, lambda: _lost(desk, history))
    if unshown and history.name not in desk.refused:
        desk.incomplete.append(f"Not all of {history.words} is shown to this token: {unshown[0].rstrip('.')}.")


def _lost(desk: Desk, history: _History) -> str:
    gaps = spans.missing(Span(desk.cut, desk.now), getattr(desk.cursors, history.name))
    return f"{history.words} that changed last {spans.words(gaps)} were not read yet"
