"""How many weaknesses scanners found of each severity or a graver one; pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from edgetpu_ci.formats import subjects
from edgetpu_ci.kpis import summary
from edgetpu_ci.model import REPOSITORY, Measurement
from edgetpu_ci.quality.scanned import Scanned
from edgetpu_ci.supply import findings
from edgetpu_ci.supply.findings import Severity

_METRICS: Final[Mapping[str, Severity]] = {
    "critical_vulnerabilities": "critical",
    "high_or_graver_vulnerabilities": "high",
    "medium_or_graver_vulnerabilities": "medium",
    "low_or_graver_vulnerabilities": "low",
}


def counts(scans: Sequence[Scanned], unread: Sequence[str], now: datetime) -> Iterator[Measurement]:
    """A figure of each; `unread` says what could not be read at all, and costs only a count of none.

    What was found is there, whatever else may be: a gap must not hide it.
    """
    known = findings.distinct(finding for one in scans for finding in one.scan.findings)
    gaps = [*unread, *_gaps(scans, now)]
    details = (("by severity", findings.counts(known)), *(("not looked at", gap) for gap in gaps))
    for metric, least in _METRICS.items():
        counted, unrated = findings.at_least((finding.severity for finding in known), least)
        why = [*gaps, *([f"of {unrated:,} of them no severity is known"] if unrated else [])]
        if counted or not why:
            yield summary.plain(REPOSITORY, metric, float(counted), n=len(known), details=details)
        else:
            yield summary.unknown(REPOSITORY, metric, "; ".join(why), n=len(known), details=details)


def _gaps(scans: Sequence[Scanned], now: datetime) -> Iterator[str]:
    if not scans:
        yield "no scan is known"
    for one in scans:
        tool = subjects.short(one.scan.tool)
        if now - one.at > findings.OLDEST_SCAN:
            yield f"{tool} last ran {(now - one.at).days} days ago, more than {findings.OLDEST_SCAN.days}"
        yield from (f"{tool} did not look at all: {subjects.short(what)}" for what in one.scan.missed)
