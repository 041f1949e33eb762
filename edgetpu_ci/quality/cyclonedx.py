"""CycloneDX JSON: the components of a bill of materials, and vulnerabilities where it lists them."""

from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import unquote

import msgspec
from msgspec import UNSET, Struct, UnsetType

from edgetpu_ci.errors import DocumentError
from edgetpu_ci.quality import foreign, severities
from edgetpu_ci.quality.records import Inventory, Scan
from edgetpu_ci.supply.findings import Finding, Severity, gravest

_CLOSED: Final = ("resolved", "resolved_with_pedigree", "false_positive", "not_affected")


class _Component(Struct):
    name: str
    version: str | None = None
    ref: str | None = msgspec.field(default=None, name="bom-ref")
    components: list["_Component"] | None = None


class _Rating(Struct):
    severity: str | None = None
    score: float | None = None
    method: str | None = None


class _Affected(Struct):
    ref: str


class _Analysis(Struct):
    state: str | None = None


class _Reference(Struct):
    id: str


class _Vulnerability(Struct):
    id: str | None = None
    ratings: list[_Rating] | None = None
    affects: list[_Affected] | None = None
    analysis: _Analysis | None = None
    references: list[_Reference] | None = None


class _Metadata(Struct):
    timestamp: str | None = None


class _Bom(Struct, rename={"format": "bomFormat"}):
    format: str
    components: list[_Component] | None = None
    vulnerabilities: list[_Vulnerability] | UnsetType | None = UNSET
    metadata: _Metadata | None = None


def read(data: bytes, source: str) -> tuple[Inventory, Scan] | tuple[Inventory]:
    """The components, and a scan where the bill has a list of vulnerabilities: without one nobody looked."""
    bom = foreign.json(data, _Bom, source)
    if bom.format != "CycloneDX":
        raise DocumentError(f"{source} is no CycloneDX file: its bomFormat is {bom.format[:40]!a}.")
    components = list(_all(bom.components or []))
    inventory = Inventory(components=frozenset((one.name, one.version or "") for one in components))
    if isinstance(bom.vulnerabilities, UnsetType):
        return (inventory,)
    return inventory, _scan(bom, bom.vulnerabilities or [], {one.ref: one for one in components if one.ref})


def _all(components: Sequence[_Component]) -> Iterator[_Component]:
    """With those that are part of others."""
    waiting = list(components)
    while waiting:
        one = waiting.pop()
        yield one
        waiting += one.components or []


def _scan(bom: _Bom, listed: Sequence[_Vulnerability], by_ref: dict[str, _Component]) -> Scan:
    still = [one for one in listed if not (one.analysis and one.analysis.state in _CLOSED)]
    return Scan(
        tool="CycloneDX",
        findings=tuple(finding for one in still for finding in _findings(one, by_ref)),
        at=foreign.moment(bom.metadata.timestamp if bom.metadata else None),
        left_out=len(listed) - len(still),
    )


def _findings(found: _Vulnerability, by_ref: dict[str, _Component]) -> Iterator[Finding]:
    """One for each component it affects; one of no package where it does not say which."""
    names = list(dict.fromkeys(filter(None, [found.id, *(one.id for one in found.references or [])]))) or ["unnamed"]
    for ref in [affected.ref for affected in found.affects or []] or [""]:
        package, version = _package(ref, by_ref)
        yield Finding(
            source="CycloneDX",
            id=names[0],
            aliases=tuple(names[1:]),
            package=package,
            version=version,
            severity=_severity(found.ratings or []),
        )


def _package(ref: str, by_ref: dict[str, _Component]) -> tuple[str, str]:
    """Name and version of what a reference means: a component of this bill, or a package URL."""
    if ref in by_ref:
        return by_ref[ref].name, by_ref[ref].version or ""
    if not ref.startswith("pkg:"):
        return ref, ""
    path = ref.partition("?")[0].partition("#")[0]
    name, _, version = path.rpartition("/")[2].partition("@")
    return unquote(name), unquote(version)


def _severity(ratings: Sequence[_Rating]) -> Severity:
    """The gravest rating: as a word, else by its CVSS score."""
    return gravest(_rated(rating) for rating in ratings)


def _rated(rating: _Rating) -> Severity:
    word = severities.named(rating.severity or "")
    is_cvss = (rating.method or "").startswith("CVSS")
    return severities.scored(rating.score) if word == "unknown" and is_cvss and rating.score is not None else word
