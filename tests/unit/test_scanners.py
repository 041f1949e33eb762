"""Reports of security scanners and bills of materials: what is an open finding, and how grave."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from edgetpu_ci.errors import DocumentError
from edgetpu_ci.quality import bandit, cyclonedx, pip_audit, sarif, severities, spdx
from edgetpu_ci.quality.records import Inventory, Scan
from edgetpu_ci.supply.findings import Finding, Severity

Json = dict[str, Any]


def log(*results: Json, rules: tuple[Json, ...] = (), tool: str = "tool", extensions: list[Json] | None = None) -> Json:
    driver = {"name": tool, "rules": list(rules)}
    return {
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver, "extensions": extensions}, "results": list(results)}],
    }


def scans(document: Json) -> tuple[Scan, ...]:
    return sarif.read(json.dumps(document).encode(), "a.sarif")


def scan(
    *results: Json, rules: tuple[Json, ...] = (), tool: str = "tool", extensions: list[Json] | None = None
) -> Scan:
    return scans(log(*results, rules=rules, tool=tool, extensions=extensions))[0]


def graded(*results: Json, rules: tuple[Json, ...] = ()) -> list[Severity]:
    return [finding.severity for finding in scan(*results, rules=rules).findings]


def scored(score: object, rule: str = "R") -> Json:
    return {"id": rule, "properties": {"security-severity": score}}


@pytest.mark.parametrize(
    ("score", "severity"),
    [
        ("9.8", "critical"),
        ("9.0", "critical"),
        (8.9, "high"),
        ("7", "high"),
        ("4.0", "medium"),
        ("3.9", "low"),
        ("0.1", "low"),
        # What is no score leaves the level, which is "warning" where none is told.
        ("0.0", "medium"),
        ("NaN", "medium"),
        ("Infinity", "medium"),
        ("-5", "medium"),
        ("99", "medium"),
        ("high", "medium"),
        (None, "medium"),
    ],
)
def test_the_rules_security_severity_comes_before_the_level(score: object, severity: Severity) -> None:
    assert graded({"ruleId": "R"}, rules=(scored(score),)) == [severity]


@pytest.mark.parametrize(
    ("level", "severity"),
    [("error", ["high"]), ("warning", ["medium"]), ("note", ["low"]), ("none", []), ("fatal", ["unknown"])],
)
def test_levels(level: str, severity: list[Severity]) -> None:
    assert graded({"ruleId": "R", "level": level}) == severity
    assert graded({"ruleId": "R"}, rules=({"id": "R", "defaultConfiguration": {"level": level}},)) == severity


@pytest.mark.parametrize(
    "result",
    [
        {"suppressions": [{"kind": "inSource"}]},
        {"suppressions": [{"kind": "external", "status": "accepted"}]},
        {"kind": "pass"},
        {"kind": "notApplicable", "level": "none"},
        {"baselineState": "absent"},
    ],
)
def test_what_is_no_open_finding_is_left_out_and_counted(result: Json) -> None:
    found = scan({"ruleId": "R", **result}, {"ruleId": "S"})
    assert ([one.id for one in found.findings], found.left_out) == (["S"], 1)


@pytest.mark.parametrize("status", ["rejected", "underReview"])
def test_a_suppression_that_nobody_accepted_is_none(status: str) -> None:
    assert len(graded({"ruleId": "R", "suppressions": [{"kind": "external", "status": status}]})) == 1
    assert len(graded({"ruleId": "R", "suppressions": []})) == 1


def test_a_rule_is_found_by_index_by_extension_and_by_part_of_its_name() -> None:
    rules = (scored("9", "A"), scored("1", "B"))
    assert graded({"ruleIndex": 1}, {"rule": {"index": 0}}, {"ruleId": "A/part"}, rules=rules) == [
        "low",
        "critical",
        "critical",
    ]
    pack = {"name": "pack", "rules": [scored("7", "X")]}
    by_place = {"rule": {"id": "X", "index": 0, "toolComponent": {"index": 0}}}
    found = scan(by_place, {"ruleId": "X"}, tool="CodeQL", extensions=[pack])
    assert [one.severity for one in found.findings] == ["high", "high"]
    assert graded({"ruleIndex": 99}, {"ruleIndex": -1}, {"ruleId": "?"}, rules=rules) == ["medium"] * 3


@pytest.mark.parametrize(
    ("tool", "rule", "counted"),
    [
        ("ruff", {"id": "F401"}, False),
        ("ruff", {"id": "S602"}, True),
        ("ESLint", {"id": "no-unused-vars"}, False),
        ("CodeQL", {"id": "py/unused", "properties": {"tags": ["maintainability"]}}, False),
        ("CodeQL", {"id": "py/sql", "properties": {"tags": ["external/cwe/cwe-089"]}}, True),
        ("ESLint", scored("5", "detect-eval"), True),
        ("gitleaks", {"id": "aws-key"}, True),
    ],
)
def test_linters_write_sarif_too(tool: str, rule: Json, counted: bool) -> None:  # noqa: FBT001
    found = scan({"ruleId": rule["id"], "level": "error"}, rules=(rule,), tool=tool)
    assert (len(found.findings), found.left_out) == (int(counted), int(not counted))


def test_where_a_finding_lies() -> None:
    def at(uri: object, line: int | None = 3) -> str:
        physical = {"artifactLocation": {"uri": uri}, "region": {"startLine": line}}
        return scan({"ruleId": "R", "locations": [{"physicalLocation": physical}]}).findings[0].place

    assert at("src/a%20b.py") == "src/a b.py:3"
    assert (at("file:///w/a.py"), at("./a.py", None), at(".\\a\\b.py"), at(None)) == (
        "/w/a.py:3",
        "a.py",
        "a/b.py:3",
        "",
    )
    assert scan({"ruleId": "R", "locations": []}).findings[0].place == ""


@pytest.mark.parametrize(
    ("run", "missed"),
    [
        ({"results": None}, ("it has no list of results",)),
        ({"invocations": [{"executionSuccessful": False}]}, ("it was not executed to the end",)),
        ({"invocations": [{"executionSuccessful": True}]}, ()),
    ],
)
def test_a_scan_that_did_not_end_says_nothing(run: Json, missed: tuple[str, ...]) -> None:
    document = log()
    document["runs"][0].update(run)
    assert scans(document)[0].missed == missed


def test_a_log_without_a_run_says_nothing() -> None:
    nothing: tuple[list[Json] | None, ...] = ([], None)
    for runs in nothing:
        assert scans({"version": "2.1.0", "runs": runs})[0].missed == ("it has no run",)


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("2026-03-04T05:06:07.5Z", datetime(2026, 3, 4, 5, 6, 7, 500_000, UTC)),
        ("2026-03-04 05:06", datetime(2026, 3, 4, 5, 6, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        (None, None),
    ],
)
def test_when_a_scan_ended(said: object, at: datetime | None) -> None:
    document = log()
    document["runs"][0]["invocations"] = [{"endTimeUtc": said}]
    assert scans(document)[0].at == at


def bill(**parts: Any) -> tuple[Inventory, Scan | None]:
    found = cyclonedx.read(json.dumps({"bomFormat": "CycloneDX", **parts}).encode(), "bom.json")
    return found[0], found[1] if len(found) > 1 else None


COMPONENTS: list[Json] = [
    {"name": "requests", "version": "2.19", "bom-ref": "r", "components": [{"name": "inner", "version": "1"}]},
    {"name": "requests", "version": "2.20", "bom-ref": "s"},
    {"name": "requests", "version": "2.19"},
]


def vulnerable(**parts: Any) -> tuple[Finding, ...]:
    known = {"id": "CVE-1", "affects": [{"ref": "r"}]}
    _, scan = bill(components=COMPONENTS, vulnerabilities=[{**known, **parts}])
    assert scan
    return scan.findings


def test_a_bill_without_a_list_of_vulnerabilities_is_no_scan() -> None:
    inventory, scan = bill(components=COMPONENTS)
    assert (sorted(inventory.components), scan) == ([("inner", "1"), ("requests", "2.19"), ("requests", "2.20")], None)
    assert bill(vulnerabilities=[])[1] == Scan(tool="CycloneDX")


def test_a_vulnerability_is_of_each_package_it_affects() -> None:
    refs = [{"ref": "r"}, {"ref": "pkg:npm/%40scope/left-pad@1.0?x=y"}, {"ref": "elsewhere"}]
    found = vulnerable(affects=refs, references=[{"id": "GHSA-1"}, {"id": "CVE-1"}])
    assert [(one.package, one.version) for one in found] == [
        ("requests", "2.19"),
        ("left-pad", "1.0"),
        ("elsewhere", ""),
    ]
    assert {(one.id, one.aliases) for one in found} == {("CVE-1", ("GHSA-1",))}
    assert [one.package for one in vulnerable(affects=[])] == [""]


@pytest.mark.parametrize(
    ("ratings", "severity"),
    [
        ([], "unknown"),
        ([{"severity": "none"}], "unknown"),
        ([{"severity": "info"}, {"severity": "HIGH"}, {"severity": "low"}], "high"),
        ([{"score": 9.1, "method": "CVSSv31"}], "critical"),
        ([{"score": 9.1, "method": "OWASP"}], "unknown"),
        ([{"score": 9.1}, {"severity": "moderate"}], "medium"),
    ],
)
def test_the_gravest_rating_counts(ratings: list[Json], severity: Severity) -> None:
    assert [one.severity for one in vulnerable(ratings=ratings)] == [severity]


def test_what_was_looked_at_and_is_harmless_is_left_out() -> None:
    assert vulnerable(analysis={"state": "not_affected"}) == ()
    assert len(vulnerable(analysis={"state": "exploitable"})) == 1


def packages(document: Json) -> frozenset[tuple[str, str]]:
    return spdx.read(json.dumps(document).encode(), "sbom.json").components


SPDX: Json = {
    "spdxVersion": "SPDX-2.3",
    "SPDXID": "SPDXRef-DOCUMENT",
    "packages": [
        {"SPDXID": "SPDXRef-root", "name": "com.github.o/r", "versionInfo": "main"},
        {"SPDXID": "SPDXRef-a", "name": "requests", "versionInfo": "2.19"},
        {"SPDXID": "SPDXRef-b", "name": "idna"},
        {"SPDXID": "SPDXRef-c", "name": "idna", "versionInfo": ""},
    ],
    "relationships": [
        {"spdxElementId": "SPDXRef-DOCUMENT", "relatedSpdxElement": "SPDXRef-root", "relationshipType": "DESCRIBES"},
        {"spdxElementId": "SPDXRef-root", "relatedSpdxElement": "SPDXRef-a", "relationshipType": "DEPENDS_ON"},
    ],
}


def test_packages_of_spdx_also_in_githubs_envelope() -> None:
    assert packages(SPDX) == packages({"sbom": SPDX}) == {("requests", "2.19"), ("idna", "")}
    assert ("com.github.o/r", "main") in packages({**SPDX, "relationships": []})
    assert len(packages({**SPDX, "relationships": [], "documentDescribes": ["SPDXRef-root"]})) == 2


def test_confidence_of_bandit_changes_no_severity_and_undefined_is_unknown() -> None:
    issue = {"test_id": "B1", "filename": "./a.py", "line_number": 3, "issue_severity": "UNDEFINED", "x": 1}
    found = bandit.read(json.dumps({"results": [issue], "generated_at": "2026-03-04T05:06:07Z"}).encode(), "b")
    assert found.findings == (Finding(source="bandit", id="B1", place="a.py:3"),)
    assert found.at == datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@pytest.mark.parametrize("read", [bandit.read, sarif.read, cyclonedx.read, spdx.read, pip_audit.read])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        pytest.param(b"[" * 100_000, id="lists"),
        pytest.param(b'{"a":' * 100_000, id="objects"),
        b'{"version": "2.0.0", "bomFormat": "SPDX", "spdxVersion": "SPDX-3.0"}',
        b'{"results": [{"line_number": -1}], "dependencies": [{}], "version": 2, "bomFormat": 1, "sbom": {}}',
        b'{"dependencies": [NaN], "results": NaN}',
        b"\x00\x01",
        b'{"dependencies": [{"name": "\xff"}], "results": "\xff", "version": "\xff", "bomFormat": "\xff"}',
    ],
)
def test_a_broken_report_is_a_sentence(read: Any, data: bytes) -> None:
    with pytest.raises(DocumentError, match=r"^report\.json .*\.$"):
        read(data, "report.json")


def test_words_of_severity() -> None:
    assert [severities.named(word) for word in ("Moderate", "INFO", "bad")] == ["medium", "low", "unknown"]
