"""What is to be said of dependencies: which are outdated or vulnerable, and how healthy they are together; pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Final, NamedTuple

from msgspec import Struct

from edgetpu_ci.errors import DeliveryError, MissingError
from edgetpu_ci.kpis import summary
from edgetpu_ci.model import REPOSITORY, Dependency, Measurement
from edgetpu_ci.supply import findings, releases
from edgetpu_ci.supply.findings import COSTS, Finding, Severity
from edgetpu_ci.supply.locks import Wanted
from edgetpu_ci.supply.standing import Known, Standing

_MAINTAINED: Final = timedelta(days=730)
_YEAR: Final = timedelta(days=365.25)
_ACTIVE: Final = frozenset({"active", "deprecated"})
_MOST_NAMED: Final = 10
_DIGITS: Final = 6
"""Beyond these a sum of shares is noise of floating point."""

_NO_VERSION: Final = "no package has a version"

_GRADES: Final[Mapping[str, Severity]] = {
    "critical_vulnerable_dependencies": "critical",
    "high_or_graver_vulnerable_dependencies": "high",
    "medium_or_graver_vulnerable_dependencies": "medium",
}
METRICS: Final = (
    "outdated_dependencies",
    "vulnerable_dependencies",
    *_GRADES,
    "libyears",
    "dependency_health_score",
)
_ORDER: Final = ("critical", "high", "medium", "low", "unknown", "")


Weak = Mapping[tuple[str, str], Sequence[Finding]]
"""Weaknesses by normalised name and version."""


class Basis(Struct, frozen=True, kw_only=True):
    """What is known: packages, how each stands, and their weaknesses, or the sentence why those are not known.

    `sources` are the files that packages were read from, in words.
    """

    wanted: tuple[Wanted, ...]
    standing: Known
    found: Weak | str
    sources: str


class _Part(NamedTuple):
    """A part of the health score: its weight, and a share from 0 to 1, or why there is none."""

    name: str
    weight: float
    share: float | str


def table(basis: Basis) -> tuple[Dependency, ...]:
    """Dependencies that are outdated or vulnerable, the gravest first."""
    outdated = {(one.name, one.current) for one in _behind(basis)}
    found = [
        _row(one, _stands(basis, one), _weak(basis, one))
        for one in basis.wanted
        if (one.name, one.version) in outdated or _weak(basis, one)
    ]
    return tuple(sorted(found, key=lambda row: (_ORDER.index(row.severity), -(row.epss or 0), row.package)))


def _row(one: Wanted, stands: Standing | None, weak: Sequence[Finding]) -> Dependency:
    scopes = [one.scope, *(finding.scope for finding in weak)]
    return Dependency(
        package=one.name,
        current=one.version,
        latest=stands.latest if stands else "",
        severity=findings.gravest(finding.severity for finding in weak) if weak else "",
        epss=max((finding.epss for finding in weak if finding.epss is not None), default=None),
        scope="runtime" if "runtime" in scopes else "development" if "development" in scopes else "",
        direct=one.direct,
        fixed_in=_fixed_in(weak),
        advisories=tuple(finding.id for finding in weak),
    )


def strangers(basis: Basis) -> tuple[str, ...]:
    """Packages with a weakness that are not among those the files have."""
    known = {(one.name, one.version) for one in basis.wanted}
    found = () if isinstance(basis.found, str) else basis.found
    return tuple(f"{name} {version}".strip() for name, version in sorted(found) if (name, version) not in known)


def _fixed_in(weak: Sequence[Finding]) -> str:
    """The lowest version that has none of them; empty where one has no fix yet."""
    lowest = []
    for finding in weak:
        fixes = [number for text in finding.fixed_in if (number := releases.version(text)) is not None]
        if not fixes:
            return ""
        lowest.append(min(fixes))
    return str(max(lowest)) if lowest else ""


def unread(why: str) -> Iterator[Measurement]:
    """All of it where it is not known which packages there are."""
    yield from (summary.unknown(REPOSITORY, metric, why.rstrip(".")) for metric in METRICS)


def measurements(basis: Basis, now: datetime) -> Iterator[Measurement]:
    """How many are outdated and vulnerable, how far behind they are in years, and their health."""
    yield _outdated(basis)
    yield _vulnerable(basis)
    yield from (_graver(basis, metric, least) for metric, least in _GRADES.items())
    yield _libyears(basis)
    yield _health(basis, now)


def _outdated(basis: Basis) -> Measurement:
    n = len(_versioned(basis))
    details = (("counted", f"{n:,} packages of {basis.sources}"), *_elsewhere(basis))
    if why := _unread(basis):
        return summary.unknown(REPOSITORY, "outdated_dependencies", why, n=n, details=details)
    return summary.plain(REPOSITORY, "outdated_dependencies", float(len(_behind(basis))), n=n, details=details)


def _vulnerable(basis: Basis) -> Measurement:
    n = len(_versioned(basis))
    details: summary.Details = (("counted", f"{n:,} packages of {basis.sources}"),)
    if why := basis.found if isinstance(basis.found, str) else "" if n else _NO_VERSION:
        return summary.unknown(REPOSITORY, "vulnerable_dependencies", why, n=n, details=details)
    weak = [row for row in table(basis) if row.advisories]
    named = [(row.severity, f"{row.package} {row.current} ({', '.join(row.advisories)})") for row in weak[:_MOST_NAMED]]
    rest = [("more", f"{len(weak) - _MOST_NAMED:,}")] if weak[_MOST_NAMED:] else []
    details = (*details, *named, *rest)
    return summary.plain(REPOSITORY, "vulnerable_dependencies", float(len(weak)), n=n, details=details)


def _graver(basis: Basis, metric: str, least: Severity) -> Measurement:
    """How many packages have a weakness of that severity or a graver one."""
    n = len(_versioned(basis))
    details: summary.Details = (("counted", f"{n:,} packages of {basis.sources}"),)
    if why := basis.found if isinstance(basis.found, str) else "" if n else _NO_VERSION:
        return summary.unknown(REPOSITORY, metric, why, n=n, details=details)
    packages = [findings.at_least((one.severity for one in _weak(basis, wanted)), least) for wanted in basis.wanted]
    counted = sum(known > 0 for known, _ in packages)
    unrated = sum(maybe > 0 for known, maybe in packages if not known)
    if unrated and not counted:
        why = f"of a weakness of {unrated:,} packages no severity is known"
        return summary.unknown(REPOSITORY, metric, why, n=n, details=details)
    return summary.plain(REPOSITORY, metric, float(counted), n=n, details=details)


def _libyears(basis: Basis) -> Measurement:
    outdated = _behind(basis)
    behind = [
        max(one.latest_at - one.current_at, timedelta()) if one in outdated else timedelta()
        for one in _known(basis)
        if one.latest_at and one.current_at
    ]
    details = (("counted", f"{len(behind):,} packages with upload times"), *_elsewhere(basis))
    why = _unread(basis) or ("" if behind else "the index tells no upload times")
    if why:
        return summary.unknown(REPOSITORY, "libyears", why, n=len(behind), details=details)
    years = sum(behind, timedelta()) / _YEAR
    return summary.plain(REPOSITORY, "libyears", years, n=len(behind), details=details)


def _health(basis: Basis, now: datetime) -> Measurement:
    """The weighted mean of the parts that are known; the details say which those are, and why others are not."""
    parts = (
        _Part("free of weaknesses", 0.4, _sound(basis)),
        _Part("direct ones on the latest minor version", 0.3, _recent(basis)),
        _Part("released within 24 months and not archived", 0.15, _maintained(basis, now)),
        _Part("pinned to one version", 0.15, _pinned(basis)),
    )
    known = [(part.weight, part.share) for part in parts if not isinstance(part.share, str)]
    weights = sum(weight for weight, _ in known)
    details = tuple((part.name, _said(part, weights)) for part in parts)
    metric = "dependency_health_score"
    if not known or not _versioned(basis):
        why = "none of its parts is known" if _versioned(basis) else _NO_VERSION
        return summary.unknown(REPOSITORY, metric, why, details=details)
    value = 100 * sum(weight * share for weight, share in known) / weights
    return summary.plain(REPOSITORY, metric, round(value, _DIGITS), n=len(_versioned(basis)), details=details)


def _said(part: _Part, weights: float) -> str:
    if isinstance(part.share, str):
        return f"excluded: {part.share}"
    return f"{100 * part.share:.1f} %, weighs {100 * part.weight / weights:.0f} %"


def _sound(basis: Basis) -> float | str:
    """1 less the share of vulnerable packages, each weighing as its gravest weakness costs beside a critical one."""
    versioned = _versioned(basis)
    if isinstance(basis.found, str) or not versioned:
        return basis.found if isinstance(basis.found, str) else _NO_VERSION
    worst = COSTS["critical"]
    costs = [
        COSTS.get(findings.gravest(one.severity for one in weak), worst) / worst
        for wanted in versioned
        if (weak := _weak(basis, wanted))
    ]
    return 1 - sum(costs) / len(versioned)


def _recent(basis: Basis) -> float | str:
    direct = [stands for one in basis.wanted if one.direct and (stands := _stands(basis, one)) and stands.latest]
    if why := _unread(basis):
        return why
    return _share([one.is_recent for one in direct], "which packages are direct is not known")


def _maintained(basis: Basis, now: datetime) -> float | str:
    if why := _unread(basis):
        return why
    told = [stands for stands in _known(basis) if stands.newest_at]
    alive = [bool(one.newest_at and now - one.newest_at <= _MAINTAINED) and one.status in _ACTIVE for one in told]
    return _share(alive, "the index tells no upload times")


def _pinned(basis: Basis) -> float | str:
    pinned = [one.is_pinned for one in basis.wanted if one.is_pinned is not None]
    return _share(pinned, "no file says how they are pinned")


def _share(hits: Sequence[bool], otherwise: str) -> float | str:
    return sum(hits) / len(hits) if hits else otherwise


def _unread(basis: Basis) -> str:
    """Why not all is known of the index: it did not answer for some. What it does not have is no gap."""
    failed = [
        it for it in basis.standing.values() if isinstance(it, DeliveryError) and not isinstance(it, MissingError)
    ]
    if not failed:
        return "" if basis.standing else _NO_VERSION
    first = str(failed[0]).rstrip(".")
    return f"the package index was not read for {len(failed):,} of {len(basis.standing):,} packages ({first})"


def _elsewhere(basis: Basis) -> Iterator[tuple[str, str]]:
    names = [name for (name, _), it in basis.standing.items() if isinstance(it, MissingError)]
    if names:
        more = f" and {len(names) - _MOST_NAMED:,} more" if names[_MOST_NAMED:] else ""
        yield "not on the index", ", ".join(names[:_MOST_NAMED]) + more


def _versioned(basis: Basis) -> list[Wanted]:
    return [one for one in basis.wanted if one.version]


def _known(basis: Basis) -> list[Standing]:
    return [it for it in basis.standing.values() if isinstance(it, Standing)]


def _behind(basis: Basis) -> list[Standing]:
    """Those that are outdated; of one locked at several versions, for several systems, the highest alone can be."""
    readable = [(number, one) for one in _known(basis) if (number := releases.version(one.current)) is not None]
    highest = {one.name: one for _, one in sorted(readable, key=itemgetter(0))}
    return [one for one in highest.values() if one.is_outdated]


def _stands(basis: Basis, one: Wanted) -> Standing | None:
    found = basis.standing.get((one.name, one.version))
    return found if isinstance(found, Standing) else None


def _weak(basis: Basis, one: Wanted) -> Sequence[Finding]:
    return () if isinstance(basis.found, str) else basis.found.get((one.name, one.version), ())
