"""Known weaknesses of packages: GitHub's advisories, asked for a thousand packages at a time."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from edgetpu_ci.errors import InputError
from edgetpu_ci.supply.findings import Finding, Severity, distinct, normal
from edgetpu_ci.supply.locks import Wanted
from edgetpu_ci.transport.github import GitHub

AT_ONCE: Final = 1000
"""So many packages GitHub takes in one call."""

NEEDS: Final = "metadata: read"

_SEVERITIES: Final[dict[str, Severity]] = {
    "critical": "critical",
    "high": "high",
    "medium": "medium",
    "moderate": "medium",
    "low": "low",
}


class Epss(Struct, frozen=True):
    """The probability (0 to 1) of being exploited within 30 days."""

    percentage: float | None = None


class _Package(Struct, frozen=True):
    ecosystem: str
    name: str | None = None


class _Vulnerable(Struct, frozen=True):
    package: _Package | None = None
    vulnerable_version_range: str | None = None
    first_patched_version: str | None = None


class Advisory(Struct, frozen=True):
    """What GitHub says of one weakness, of every package that has it."""

    ghsa_id: str
    cve_id: str | None = None
    severity: str = ""
    withdrawn_at: datetime | None = None
    vulnerabilities: list[_Vulnerable] | None = None
    epss: Epss | None = None


def read(github: GitHub, wanted: Sequence[Wanted]) -> tuple[Finding, ...]:
    """The weaknesses of these versions. A DeliveryError when not all could be asked for."""
    _need_packaging()
    known = [one for one in wanted if one.version]
    found: list[Finding] = []
    for first in range(0, len(known), AT_ONCE):
        some = known[first : first + AT_ONCE]
        query = {"ecosystem": "pip", "affects": ",".join(f"{one.name}@{one.version}" for one in some)}
        for page in github.pages("/advisories", list[Advisory], needs=NEEDS, query=query):
            found += (finding for advisory in page for finding in findings(advisory, some))
    return tuple(found)


def _need_packaging() -> None:
    """InputError where what compares versions is not installed; it comes with what reads the package index."""
    try:
        import packaging.version  # noqa: F401 - only to know
    except ImportError as error:
        raise InputError(
            "Comparing versions needs packaging; install it with: pip install 'edgetpu-ci[kpis]'"
        ) from error


def findings(advisory: Advisory, wanted: Sequence[Wanted]) -> Iterator[Finding]:
    """Those of the packages that have a weakness: an advisory names others too, and other versions."""
    if advisory.withdrawn_at is not None:
        return
    ranges: dict[str, list[_Vulnerable]] = {}
    for one in advisory.vulnerabilities or ():
        if one.package and one.package.ecosystem == "pip" and one.package.name:
            ranges.setdefault(normal(one.package.name), []).append(one)
    for package in wanted:
        hit = next((one for one in ranges.get(package.name, ()) if within(package.version, one)), None)
        if hit:
            yield _finding(advisory, package, hit)


def _finding(advisory: Advisory, package: Wanted, hit: _Vulnerable) -> Finding:
    return Finding(
        source="GitHub advisories",
        id=advisory.ghsa_id,
        aliases=(advisory.cve_id,) if advisory.cve_id else (),
        package=package.name,
        version=package.version,
        fixed_in=(hit.first_patched_version,) if hit.first_patched_version else (),
        severity=severity(advisory.severity),
        epss=advisory.epss.percentage if advisory.epss else None,
        scope=package.scope,
    )


def severity(word: str) -> Severity:
    """GitHub's word for how grave it is."""
    return _SEVERITIES.get(word.lower(), "unknown")


def within(version: str, hit: _Vulnerable) -> bool:
    """Whether a version is one of a range such as ">= 1.0, < 1.5"; one that nobody can read has all of them."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import InvalidVersion

    parts = [part.strip() for part in (hit.vulnerable_version_range or "").split(",")]
    told = ",".join(f"={part}" if part.startswith("= ") else part for part in parts)
    try:
        return SpecifierSet(told).contains(version, prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return True


def by_package(found: Sequence[Finding]) -> Mapping[tuple[str, str], tuple[Finding, ...]]:
    """Findings by normalised name and version, each once however many scanners told it."""
    grouped: dict[tuple[str, str], list[Finding]] = {}
    for one in found:
        grouped.setdefault((normal(one.package), one.version), []).append(one)
    return {key: distinct(some) for key, some in grouped.items()}
