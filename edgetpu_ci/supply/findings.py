"""What a security finding is, which are the same one, and what they cost: pure."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

from msgspec import Struct
from msgspec.structs import replace

from edgetpu_ci.formats import subjects
from edgetpu_ci.model import REPOSITORY, Measurement

Severity = Literal["critical", "high", "medium", "low", "unknown"]

COSTS: Final[dict[Severity, int]] = {"critical": 25, "high": 10, "medium": 3, "low": 1}
"""Points of the score for each open finding; proposed by us, no standard has any."""

OLDEST_SCAN: Final = timedelta(days=7)
MOST_WITH_LEAKED_SECRET: Final = 20

_SCORE: Final = "security_score"
_MOST_LISTED: Final = 20
_GRAVEST_FIRST: Final[tuple[Severity, ...]] = get_args(Severity)
_PREFERRED_IDS: Final = ("GHSA-", "CVE-")
_ADVISORIES: Final = ("GHSA-", "CVE-", "PYSEC-", "OSV-", "RUSTSEC-", "GO-")


class Finding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One open weakness as one scanner says it.

    `id` is an advisory's (GHSA, CVE, PYSEC), its other names are `aliases`; or the rule of a scanner of code, whose
    finding is at `place` ("src/run.py:12"). `package` is empty for our own code. `severity` is "unknown" where the
    scanner does not say one. `epss` is the probability (0 to 1) that it is exploited within 30 days; `scope` is
    "runtime" or "development" where that is known.
    """

    source: str
    id: str
    aliases: tuple[str, ...] = ()
    package: str = ""
    version: str = ""
    fixed_in: tuple[str, ...] = ()
    place: str = ""
    severity: Severity = "unknown"
    epss: float | None = None
    scope: str = ""


def distinct(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The same without those another scanner said as well, the gravest first, in whichever order they come.

    Two are one when they share an id or an alias, and the package; without a package, the place. An advisory that is
    told without a package, as in SARIF, is that of each package which others name it of. Of one finding the gravest
    severity counts.
    """
    return tuple(sorted((_merged(same) for same in _groups(_placed(list(findings)))), key=_order))


def score(findings: Iterable[Finding], leaked_secret: bool, scanned_at: datetime | None, now: datetime) -> Measurement:  # noqa: FBT001 - a fact, not a mode
    """`security_score` of the repository: 100 less what each distinct finding costs, every deduction in its details.

    At most 20 with an active `leaked_secret`. Unknown without a scan in the last 7 days, and when the severity of some
    is not known and matters.
    """
    known = distinct(findings)
    if scanned_at is None:
        return Measurement(subject=REPOSITORY, metric=_SCORE, reason="not known: no scan is known")
    details = (*_deductions(known, leaked_secret=leaked_secret), ("last scan", f"{scanned_at:%Y-%m-%d %H:%M} UTC"))
    if now - scanned_at > OLDEST_SCAN:
        days = (now - scanned_at).days
        reason = f"not known: the last scan is {days} days old, more than {OLDEST_SCAN.days}"
        return Measurement(subject=REPOSITORY, metric=_SCORE, reason=reason, details=details)
    worst, best = (_points(known, leaked_secret, unknown) for unknown in (COSTS["critical"], COSTS["low"]))
    if worst != best:
        return Measurement(subject=REPOSITORY, metric=_SCORE, reason=_unrated(known, worst, best), details=details)
    return Measurement(subject=REPOSITORY, metric=_SCORE, value=float(best), details=details)


def gravest(severities: Iterable[Severity]) -> Severity:
    """Which of them counts; "unknown" without any."""
    return min(severities, key=_GRAVEST_FIRST.index, default="unknown")


def at_least(severities: Iterable[Severity], least: Severity) -> tuple[int, int]:
    """How many are of that severity or a graver one, and how many may be: theirs is not known."""
    found = list(severities)
    unrated = found.count("unknown")
    known = sum(_GRAVEST_FIRST.index(one) <= _GRAVEST_FIRST.index(least) for one in found)
    return (known + unrated, 0) if least == "low" else (known, unrated)


def counts(findings: Sequence[Finding]) -> str:
    """How many of each severity, in words: "1 critical, 3 low"; "none" without any."""
    by_severity = Counter(finding.severity for finding in findings)
    said = [f"{by_severity[severity]:,} {severity}" for severity in _GRAVEST_FIRST if by_severity[severity]]
    return ", ".join(said) or "none"


def _groups(findings: Iterable[Finding]) -> list[list[Finding]]:
    """Those that share a key, also by way of a third."""
    group_of: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        keys = tuple(_keys(finding))
        joined = list({id(group): group for key in keys if (group := group_of.get(key))}.values())
        home = max(joined, key=len, default=[])
        for other in joined:
            if other is not home:
                home += other
                group_of.update((key, home) for member in other for key in _keys(member))
        home.append(finding)
        group_of.update((key, home) for key in keys)
    return list({id(group): group for group in group_of.values()}.values())


def _keys(finding: Finding) -> Iterator[tuple[str, str]]:
    """What it may share with others: its names, each with the package or the place."""
    where = f"of {normal(finding.package)}" if finding.package else f"at {finding.place}"
    if not finding.package and _is_advisory(finding):
        where = "anywhere"
    for name in _names(finding):
        yield name, where


def _placed(findings: Sequence[Finding]) -> Iterator[Finding]:
    """The same; an advisory without a package once for each package that has one of its names."""
    packages: dict[str, set[str]] = {}
    for finding in findings:
        for name in _names(finding) if finding.package else ():
            packages.setdefault(name, set()).add(finding.package)
    loose = [finding for finding in findings if not finding.package and _is_advisory(finding)]
    yield from (finding for finding in findings if finding.package or not _is_advisory(finding))
    for group in _groups(loose):
        yield from _of_packages(_merged(group), packages)


def _of_packages(advisory: Finding, packages: Mapping[str, set[str]]) -> Iterator[Finding]:
    """An advisory as that of each package that has one of its names, under those names; itself where none has."""
    shared: dict[str, list[str]] = {}
    for name in (advisory.id, *advisory.aliases):
        for package in packages.get(name.upper(), ()):
            shared.setdefault(package, []).append(name)
    yield from (replace(advisory, package=package, aliases=tuple(names)) for package, names in shared.items())
    if not shared:
        yield advisory


def _names(finding: Finding) -> set[str]:
    return {name.upper() for name in (finding.id, *finding.aliases)}


def _is_advisory(finding: Finding) -> bool:
    return any(name.startswith(_ADVISORIES) for name in _names(finding))


def is_name(package: str) -> bool:
    """Whether a package may be called so (PEP 508)."""
    return bool(re.fullmatch(r"[A-Z0-9]([A-Z0-9._-]*[A-Z0-9])?", package, re.IGNORECASE | re.ASCII))


def normal(package: str) -> str:
    """As PEP 503 has it, so that "Foo_Bar" is "foo-bar"."""
    return re.sub(r"[-_.]+", "-", package).lower()


def _merged(same: Sequence[Finding]) -> Finding:
    """One for all that are the same, by the name most people know."""
    first = min(same, key=lambda one: (_rank(one), one.source, one.id, one.version, one.package, one.place))
    names = sorted({name for one in same for name in (one.id, *one.aliases)}, key=_by_familiarity)
    return replace(
        first,
        source=", ".join(sorted({part for one in same for part in one.source.split(", ")})),
        id=names[0],
        aliases=tuple(names[1:]),
        fixed_in=max(sorted(one.fixed_in for one in same), key=len),
        epss=max((one.epss for one in same if one.epss is not None), default=None),
        scope=min((one.scope for one in same if one.scope), key=lambda scope: (scope != "runtime", scope), default=""),
    )


def _by_familiarity(name: str) -> tuple[int, str]:
    known = [place for place, prefix in enumerate(_PREFERRED_IDS) if name.upper().startswith(prefix)]
    return (known[0] if known else len(_PREFERRED_IDS)), name


def _rank(finding: Finding) -> int:
    return _GRAVEST_FIRST.index(finding.severity)


def _order(finding: Finding) -> tuple[int, str, str, str]:
    return _rank(finding), finding.package, finding.place, finding.id


def _points(known: Sequence[Finding], leaked_secret: bool, unknown: int) -> int:  # noqa: FBT001
    left = max(0, 100 - sum(COSTS.get(finding.severity, unknown) for finding in known))
    return min(left, MOST_WITH_LEAKED_SECRET) if leaked_secret else left


def _unrated(known: Sequence[Finding], worst: int, best: int) -> str:
    unrated = [finding for finding in known if finding.severity == "unknown"]
    name = subjects.short(f"{unrated[0].id} {unrated[0].package or unrated[0].place}")
    others = f" and {len(unrated) - 1:,} more" if len(unrated) > 1 else ""
    return f"not known: between {worst} and {best}, as no severity is known of {name}{others}"


def _deductions(known: Sequence[Finding], *, leaked_secret: bool) -> Iterator[tuple[str, str]]:
    yield "findings", counts(known)
    if leaked_secret:
        yield f"at most {MOST_WITH_LEAKED_SECRET}", "a leaked secret is active"
    for finding in known[:_MOST_LISTED]:
        yield _cost(finding), _said(finding)
    if rest := known[_MOST_LISTED:]:
        yield "more", f"… and {len(rest):,} more ({counts(rest)})"


def _cost(finding: Finding) -> str:
    cost = COSTS.get(finding.severity)
    return f"−{cost} {finding.severity}" if cost else "unknown severity"


def _said(finding: Finding) -> str:
    what = " ".join(filter(None, (finding.id, finding.package, finding.version)))
    where = f" at {finding.place}" if finding.place else ""
    fixed = f", fixed in {' or '.join(finding.fixed_in)}" if finding.fixed_in else ""
    return subjects.short(f"{what}{where}{fixed} ({finding.source})")
