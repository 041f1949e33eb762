"""Why figures are not known: each reason once, with the figures it costs."""

import re
from collections.abc import Container, Iterable
from typing import Final

from msgspec import Struct

from edgetpu_ci import metrics
from edgetpu_ci.render import key_figures, words
from edgetpu_ci.render.key_figures import Figure

_PERMISSION: Final = re.compile(r"the token needs (`[^`]+`(?:.*?EDGETPU_CI_TOKEN|.*))", re.DOTALL)
_SHORT: Final = 90
_MOST_NAMES: Final = 12


class Unknown(Struct, frozen=True):
    """A reason, and the figures that are not known for it; `needs` is the permission that is missing, and the step."""

    reason: str
    needs: str
    figures: tuple[Figure, ...]

    @property
    def sentence(self) -> str:
        """The figures, and why they are not known."""
        if not self.needs:
            return f"{_listed(map(_name, self.figures))}: {self.reason}"
        return wanting(len(self.figures), self.needs, map(_name, self.figures))


def of(figures: Iterable[Figure]) -> list[Unknown]:
    """Every reason once, in the order of its first figure; a permission is one, whatever was asked for."""
    found: dict[tuple[str, str], list[Figure]] = {}
    for figure in figures:
        if figure.measurement.value is None:
            reason = key_figures.reason(figure.measurement)
            needs = needed(reason)
            found.setdefault(("" if needs else reason, needs), []).append(figure)
    return [Unknown(reason, needs, tuple(members)) for (reason, needs), members in found.items()]


def told_below(figures: Iterable[Figure]) -> list[Unknown]:
    """The reasons that do not stand beside their figures, where `short` does."""
    return of(figure for figure in figures if not _is_beside(key_figures.reason(figure.measurement)))


def _is_beside(reason: str) -> bool:
    return len(reason) <= _SHORT and not needed(reason)


def needed(reason: str) -> str:
    """The permission that a reason names, with who can give it; empty where it is another reason."""
    named = _PERMISSION.search(reason)
    return named[1].rstrip(".") if named else ""


def short(figure: Figure) -> str:
    """Why, in so few words that a cell of a table holds them."""
    reason = key_figures.reason(figure.measurement)
    if needs := needed(reason):
        return f"not known: needs {needs[: needs.index('`', 1) + 1]}"
    return f"not known: {reason}" if _is_beside(reason) else "not known (why: below)"


def brief(reason: str, most: int) -> str:
    """A reason in so many characters; where a permission is missing, that alone."""
    if needs := needed(reason):
        return f"needs {needs[: needs.index('`', 1) + 1]}"
    return words.plain(key_figures.stripped(reason), most)


def wanting(count: int, needs: str, names: Iterable[str]) -> str:
    """How many figures need a permission, who can give it, and which they are."""
    return f"{count:,} {'figures need' if count > 1 else 'figure needs'} {needs} ({_listed(names)})"


def costs(uses: Container[str], needs: str) -> list[str]:
    """The figures of some collectors for which a token needs the permission that is named first."""
    permission = needs.split("`")[1]
    return [
        words.label(one.metric.name)
        for one in metrics.KPIS
        if one.use in uses and permission in one.permission.split(", ")
    ]


def _name(figure: Figure) -> str:
    """What it is called; of a part only what it is of it."""
    return words.label(figure.measurement.metric)


def _listed(names: Iterable[str]) -> str:
    """Names, each once, and how many more there are."""
    known = list(dict.fromkeys(names))
    rest = len(known) - _MOST_NAMES
    return ", ".join([*known[:_MOST_NAMES], *([f"{rest:,} more"] if rest > 0 else [])])
