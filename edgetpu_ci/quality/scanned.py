"""What security scanners found, from their reports and from bills of materials."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from edgetpu_ci.formats import subjects
from edgetpu_ci.kpis import summary
from edgetpu_ci.model import REPOSITORY, Measurement
from edgetpu_ci.quality.records import Inventory, Scan
from edgetpu_ci.supply import findings

_MOST_NAMED: Final = 5


class Scanned(Struct, frozen=True):
    """A scan, of which file, and when that was written."""

    source: str
    scan: Scan
    written: datetime

    @property
    def at(self) -> datetime:
        """When the scanner says that it ran, else when its file was written."""
        return self.scan.at or self.written


def below(folder: str, scan: Scan) -> Scan:
    """The same, with places in `folder` told from there, as other scanners tell them."""
    found = tuple(replace(one, place=one.place.removeprefix(f"{folder}/")) for one in scan.findings)
    return replace(scan, findings=found)


def score(scans: Sequence[Scanned], now: datetime, *, leaked_secret: bool = False) -> Iterator[Measurement]:
    """`security_score` of all scans together. The oldest says how old; one that missed something says nothing."""
    if not scans:
        return
    found = (finding for one in scans for finding in one.scan.findings)
    judged = findings.score(found, leaked_secret=leaked_secret, scanned_at=min(one.at for one in scans), now=now)
    judged = replace(judged, details=(*judged.details, *(("scan", _said(one)) for one in scans)))
    missed = [f"{_tool(one)} did not look at all: {subjects.short(what)}" for one in scans for what in one.scan.missed]
    if not missed:
        yield judged
        return
    named = "; ".join(missed[:_MOST_NAMED])
    more = f"; and {len(missed) - _MOST_NAMED:,} more" if len(missed) > _MOST_NAMED else ""
    yield summary.unknown(REPOSITORY, "security_score", f"{named}{more}", details=judged.details)


def components(inventories: Sequence[tuple[str, Inventory]]) -> Iterator[Measurement]:
    """How many components all bills of materials list, each version once."""
    if inventories:
        distinct = frozenset[tuple[str, str]]().union(*(inventory.components for _, inventory in inventories))
        details = (("files", ", ".join(name for name, _ in inventories)),)
        yield summary.plain(REPOSITORY, "sbom_components", len(distinct), details=details)


def _said(one: Scanned) -> str:
    when = f"{one.at:%Y-%m-%d %H:%M} UTC" if one.scan.at else f"written {one.at:%Y-%m-%d %H:%M} UTC"
    left_out = f", {one.scan.left_out:,} results excluded" if one.scan.left_out else ""
    return f"{_tool(one)}, {findings.counts(one.scan.findings)}{left_out}, {when} ({one.source})"


def _tool(one: Scanned) -> str:
    return subjects.short(one.scan.tool)
