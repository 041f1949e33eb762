"""The dependency table: what is vulnerable or outdated, the worst first."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from edgetpu_ci.model import Dependency
from edgetpu_ci.render import gfm, room, words

_SEVERITIES: Final = ("critical", "high", "medium", "low")
_HEAD: Final = ["Package", "Current", "Latest", "Severity", "EPSS:", "Scope", "Fixed in"]
_MOST_ROWS, _MOST_LINES = 50, 10
_VERSION = 30


def ordered(dependencies: Sequence[Dependency]) -> list[Dependency]:
    """The gravest first, then what is most likely exploited, then what is depended on directly."""
    return sorted(dependencies, key=lambda d: (_rank(d), -(d.epss or 0.0), d.direct is not True, d.package))


def _rank(dependency: Dependency) -> int:
    if dependency.severity in _SEVERITIES:
        return _SEVERITIES.index(dependency.severity)
    return len(_SEVERITIES) + (0 if dependency.severity or dependency.advisories else 1)


def title(dependencies: Sequence[Dependency]) -> str:
    """How many are how grave: "Dependencies: 1 critical, 2 high, 12 outdated"."""
    found = Counter(map(_kind, dependencies))
    counted = [f"{found[kind]:,} {kind}" for kind in (*_SEVERITIES, "vulnerable", "outdated") if found[kind]]
    return f"Dependencies: {', '.join(counted)}"


def _kind(dependency: Dependency) -> str:
    """Its severity; vulnerable where nobody says how gravely."""
    if dependency.severity in _SEVERITIES:
        return dependency.severity
    return "vulnerable" if dependency.severity or dependency.advisories else "outdated"


def fold(dependencies: Sequence[Dependency]) -> list[str]:
    """The table for a comment; nothing without any."""
    rows = [_row(dependency) for dependency in ordered(dependencies)]
    return [gfm.fold(title(dependencies), room.capped(_HEAD, rows, _MOST_ROWS))] if rows else []


def _row(dependency: Dependency) -> list[str]:
    versions = (dependency.current, dependency.latest)
    return [
        gfm.text(dependency.package),
        *(gfm.text(version, _VERSION) for version in versions),
        gfm.text(dependency.severity),
        _epss(dependency),
        gfm.text(dependency.scope),
        gfm.text(dependency.fixed_in, _VERSION),
    ]


def _epss(dependency: Dependency) -> str:
    """The likelihood that it is exploited within 30 days."""
    return "" if dependency.epss is None else f"{100 * dependency.epss:.2g} %"


def lines(dependencies: Sequence[Dependency]) -> Iterator[str]:
    """The worst of them for a terminal, a line each."""
    if not dependencies:
        return
    yield title(dependencies)
    for dependency in ordered(dependencies)[:_MOST_LINES]:
        yield f"  {_sentence(dependency)}"
    if (rest := len(dependencies) - _MOST_LINES) > 0:
        yield f"  {room.more(rest)}"
    yield ""


def _sentence(dependency: Dependency) -> str:
    latest = f" → {words.plain(dependency.latest, _VERSION)}" if dependency.latest else ""
    fixed = f"fixed in {words.plain(dependency.fixed_in, _VERSION)}" if dependency.fixed_in else ""
    epss = f"EPSS {_epss(dependency)}" if dependency.epss is not None else ""
    named = f"{words.plain(dependency.package)} {words.plain(dependency.current, _VERSION)}{latest}"
    return ", ".join(
        filter(None, [named, words.plain(dependency.severity), epss, words.plain(dependency.scope), fixed])
    )
