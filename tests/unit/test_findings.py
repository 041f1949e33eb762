"""Security findings: which are the same one, and what they cost."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetpu_ci.supply.findings import Finding, Severity, counts, distinct, score

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def advisory(name: str, severity: Severity = "high", package: str = "requests", **more: object) -> Finding:
    return Finding(source="pip-audit", id=name, package=package, severity=severity, **more)  # type: ignore[arg-type]


def test_two_scanners_that_say_the_same_cost_once() -> None:
    found = distinct(
        [
            advisory("PYSEC-2024-1", "unknown", "Foo_Bar", aliases=("CVE-2024-1",), fixed_in=("2.0",)),
            Finding(source="dependabot", id="GHSA-aaaa-bbbb-cccc", package="foo-bar", severity="medium", epss=0.2),
            Finding(
                source="sbom", id="cve-2024-1", aliases=("ghsa-AAAA-bbbb-cccc",), package="foo.bar", severity="low"
            ),
        ]
    )
    (one,) = found
    assert (one.id, one.severity, one.epss, one.fixed_in) == ("GHSA-aaaa-bbbb-cccc", "medium", 0.2, ("2.0",))
    assert one.source == "dependabot, pip-audit, sbom"


def test_one_advisory_of_two_packages_and_one_rule_at_two_places_are_two() -> None:
    assert len(distinct([advisory("CVE-1"), advisory("CVE-1", package="urllib3")])) == 2
    places = [Finding(source="bandit", id="B602", place=f"a.py:{line}", severity="high") for line in (1, 2, 2)]
    assert [one.place for one in distinct(places)] == ["a.py:1", "a.py:2"]


def test_an_advisory_that_sarif_tells_without_a_package_is_that_of_the_package() -> None:
    told = Finding(source="trivy", id="CVE-1", place="requirements.txt:1", severity="critical")
    again = Finding(source="trivy", id="CVE-1", place="lock.txt:9", severity="high")
    assert [(one.package, one.severity) for one in distinct([told, again])] == [("", "critical")]
    packages = [advisory("GHSA-1", "low", aliases=("CVE-1",)), advisory("CVE-1", "low", package="urllib3")]
    found = distinct([told, *packages, again])
    assert [(one.package, one.severity) for one in found] == [("requests", "critical"), ("urllib3", "critical")]


def test_a_package_in_two_manifests_is_one() -> None:
    assert len(distinct([advisory("CVE-1", place=place) for place in ("a.txt", "b.txt")])) == 1


def test_each_severity_costs_what_is_published() -> None:
    found = [
        advisory("CVE-1", "critical"),
        advisory("CVE-2", "high", version="2.31", fixed_in=("2.32",)),
        advisory("CVE-3", "medium"),
        Finding(source="bandit", id="B101", place="src/a.py:7", severity="low"),
    ]
    scored = score(found, leaked_secret=False, scanned_at=NOW, now=NOW)
    assert (scored.value, scored.reason) == (61.0, "")
    assert scored.details == (
        ("findings", "1 critical, 1 high, 1 medium, 1 low"),
        ("−25 critical", "CVE-1 requests (pip-audit)"),
        ("−10 high", "CVE-2 requests 2.31, fixed in 2.32 (pip-audit)"),
        ("−3 medium", "CVE-3 requests (pip-audit)"),
        ("−1 low", "B101 at src/a.py:7 (bandit)"),
        ("last scan", "2026-03-04 12:00 UTC"),
    )


def test_the_score_ends_at_zero_and_lists_the_gravest() -> None:
    many = [advisory(f"CVE-{number:03}", "low" if number % 2 else "high") for number in range(50)]
    scored = score(many, leaked_secret=False, scanned_at=NOW, now=NOW)
    assert scored.value == 0
    assert [name for name, _ in scored.details].count("−10 high") == 20
    assert scored.details[-2] == ("more", "… and 30 more (5 high, 25 low)")


def test_a_leaked_secret_leaves_at_most_twenty() -> None:
    scored = score([], leaked_secret=True, scanned_at=NOW, now=NOW)
    assert scored.value == 20
    assert ("at most 20", "a leaked secret is active") in scored.details


@pytest.mark.parametrize(
    ("age", "value", "reason"),
    [
        (timedelta(days=7), 100, ""),
        (timedelta(days=8), None, "not known: the last scan is 8 days old, more than 7"),
        (timedelta(minutes=-5), 100, ""),
    ],
)
def test_an_old_scan_says_nothing(age: timedelta, value: float | None, reason: str) -> None:
    scored = score([], leaked_secret=False, scanned_at=NOW - age, now=NOW)
    assert (scored.value, scored.reason) == (value, reason)


def test_without_a_scan_there_is_no_score() -> None:
    scored = score([], leaked_secret=False, scanned_at=None, now=NOW)
    assert (scored.value, scored.reason) == (None, "not known: no scan is known")


def test_a_finding_without_a_severity_is_not_free() -> None:
    found = [advisory("CVE-1", "unknown"), advisory("CVE-2", "unknown"), advisory("CVE-3", "high")]
    scored = score(found, leaked_secret=False, scanned_at=NOW, now=NOW)
    assert scored.value is None
    assert scored.reason == "not known: between 40 and 88, as no severity is known of CVE-1 requests and 1 more"
    assert ("unknown severity", "CVE-1 requests (pip-audit)") in scored.details


def test_a_severity_nobody_knows_does_not_matter_where_nothing_is_left() -> None:
    found = [advisory(f"CVE-{number}", "critical") for number in range(4)] + [advisory("CVE-9", "unknown")]
    assert score(found, leaked_secret=False, scanned_at=NOW, now=NOW).value == 0


def test_counts_in_words() -> None:
    assert counts([]) == "none"


FINDINGS = st.lists(
    st.builds(
        Finding,
        source=st.sampled_from(["a", "b"]),
        id=st.sampled_from(["GHSA-1", "CVE-1", "CVE-2", "X"]),
        aliases=st.lists(st.sampled_from(["GHSA-1", "CVE-2", "Y"]), max_size=2).map(tuple),
        package=st.sampled_from(["", "p", "P"]),
        version=st.sampled_from(["", "1"]),
        fixed_in=st.lists(st.sampled_from(["1", "2"]), max_size=2).map(tuple),
        place=st.sampled_from(["", "a.py:1"]),
        severity=st.sampled_from(["critical", "high", "medium", "low", "unknown"]),
        epss=st.sampled_from([None, 0.1, 0.9]),
        scope=st.sampled_from(["", "runtime", "development"]),
    ),
    max_size=8,
)


@given(FINDINGS, st.randoms())
def test_the_order_of_findings_changes_nothing(found: list[Finding], order: object) -> None:
    shuffled = list(found)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    assert distinct(shuffled) == distinct(found)
    assert distinct(distinct(found)) == distinct(found)


@given(FINDINGS, st.sampled_from(["critical", "high", "medium", "low"]))
def test_a_finding_of_another_package_never_makes_the_score_better(found: list[Finding], severity: Severity) -> None:
    before = score(found, leaked_secret=False, scanned_at=NOW, now=NOW).value
    more = [*found, advisory("GHSA-9", severity, "another")]
    after = score(more, leaked_secret=False, scanned_at=NOW, now=NOW).value
    assert before is None or after == max(0, before - {"critical": 25, "high": 10, "medium": 3, "low": 1}[severity])
