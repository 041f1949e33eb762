"""How many weaknesses there are of each severity: what was found counts, and none is a claim."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from edgetpu_ci.quality import weaknesses
from edgetpu_ci.quality.records import Scan
from edgetpu_ci.quality.scanned import Scanned
from edgetpu_ci.supply.findings import Finding, Severity

NOW = datetime(2026, 11, 25, tzinfo=UTC)
CRITICAL = Finding(source="bandit", id="B602", place="run.py:1", severity="critical")
UNRATED = Finding(source="pip-audit", id="CVE-1", package="alpha", severity="unknown")


@dataclass(frozen=True)
class Gap:
    unread: tuple[str, ...] = ()
    days: int = 0
    missed: tuple[str, ...] = ()


def found(*findings: Finding, gap: Gap = Gap()) -> list[float | str]:
    scan = Scan(tool="bandit", findings=findings, at=NOW - timedelta(days=gap.days), missed=gap.missed)
    counted = weaknesses.counts([Scanned("bandit.json", scan, NOW)], gap.unread, NOW)
    return [one.reason if one.value is None else one.value for one in counted]


@pytest.mark.parametrize(
    ("severity", "expected"),
    [("critical", [1, 1, 1, 1]), ("high", [0, 1, 1, 1]), ("medium", [0, 0, 1, 1]), ("low", [0, 0, 0, 1])],
)
def test_each_counts_its_severity_and_graver_ones(severity: Severity, expected: list[float]) -> None:
    assert found(Finding(source="bandit", id="B1", place="a.py:1", severity=severity)) == expected


def test_none_is_a_figure() -> None:
    assert found() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("gap", "why"),
    [
        (Gap(unread=("scan.sarif cannot be read",)), "scan.sarif cannot be read"),
        (Gap(days=8), "bandit last ran 8 days ago, more than 7"),
        (Gap(missed=("a.py",)), "bandit did not look at all: a.py"),
    ],
)
def test_a_gap_makes_none_unknown_and_hides_nothing(gap: Gap, why: str) -> None:
    assert found(gap=gap) == [f"not known: {why}"] * 4
    assert found(CRITICAL, gap=gap) == [1] * 4


def test_without_a_scan_nothing_is_known() -> None:
    assert {one.reason for one in weaknesses.counts([], (), NOW)} == {"not known: no scan is known"}


def test_what_nobody_rated_may_be_grave_and_is_at_least_low() -> None:
    assert found(UNRATED) == [*["not known: of 1 of them no severity is known"] * 3, 1]
    assert found(UNRATED, CRITICAL) == [1, 1, 1, 2]
