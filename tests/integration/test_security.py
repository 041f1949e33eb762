"""Alerts, settings and workflows of a repository, with every permission refused once, and no secret anywhere."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from edgetpu_ci import app, config
from edgetpu_ci.codec import encode_json
from edgetpu_ci.collect import security
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.model import Collected, Measurement
from tests.fakes.endpoints import REPOSITORY, Endpoints, Refused, hub
from tests.fakes.world import Said

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
OURS = f"/repos/{REPOSITORY}"
SECRET = "AKIAPLANTEDSECRET7EXAMPLE"  # noqa: S105 - planted, to be found nowhere
DEPENDABOT = {
    "number": 1,
    "state": "open",
    "dependency": {"package": {"ecosystem": "pip", "name": "alpha"}, "scope": "runtime"},
    "security_advisory": {"ghsa_id": "GHSA-1", "cve_id": "CVE-1", "severity": "critical", "epss": {"percentage": 0.5}},
    "security_vulnerability": {"package": {"name": "alpha"}, "first_patched_version": {"identifier": "1.2"}},
}
CODE = {
    "number": 4,
    "rule": {"id": "B602", "severity": "warning", "security_severity_level": "high"},
    "tool": {"name": "bandit"},
    "most_recent_instance": {"location": {"path": "src/run.py", "start_line": 12}},
}
LEAKED = {"number": 2, "state": "open", "secret_type": "aws", "secret": SECRET, "validity": "active"}
ANSWERS: Mapping[str, object] = {
    OURS: {"default_branch": "main", "private": True},
    f"{OURS}/dependabot/alerts": [DEPENDABOT],
    f"{OURS}/code-scanning/alerts": [CODE],
    f"{OURS}/code-scanning/analyses": [{"created_at": "2026-11-25T06:00:00Z"}],
    f"{OURS}/secret-scanning/alerts": [],
    f"{OURS}/actions/workflows/security.yml/runs": {"workflow_runs": [{"updated_at": "2026-11-25T09:00:00Z"}]},
    f"{OURS}/rules/branches/main": [{"type": "pull_request"}, {"type": "deletion"}],
    f"{OURS}/branches/main": {"protected": False},
    f"{OURS}/vulnerability-alerts": Refused(204),
    f"{OURS}/automated-security-fixes": {"enabled": True, "paused": False},
    f"{OURS}/private-vulnerability-reporting": {"enabled": False},
    f"{OURS}/immutable-releases": {"enabled": True},
    f"{OURS}/actions/permissions": {"enabled": True, "sha_pinning_required": True},
    f"{OURS}/actions/permissions/workflow": {
        "default_workflow_permissions": "read",
        "can_approve_pull_request_reviews": False,
    },
}


def collect(
    folder: Path, answers: Mapping[str, object] | None = None, **options: Any
) -> tuple[Collected, Mapping[str, Measurement], Endpoints]:
    endpoints = Endpoints({**ANSWERS, **(answers or {})})
    with hub(endpoints, folder, now=lambda: NOW) as here:
        chosen = security.Options(**options)
        security.check(chosen, here)
        found = security.collect(chosen, here)
    return found, {one.metric: one for one in found.measurements}, endpoints


def test_the_figures_of_a_repository_with_one_alert_of_each_kind(tmp_path: Path) -> None:
    _, found, endpoints = collect(tmp_path, scan_workflow="security.yml")
    assert {name: one.value for name, one in found.items()} == {
        "dependabot_alerts": 1,
        "code_scanning_alerts": 1,
        "secret_scanning_alerts": 0,
        "security_scan_age_hours": 3,
        "branch_protected": 1,
        "workflow_token_restricted": 1,
        "security_settings_percent": 80,
        "critical_vulnerabilities": 1,
        "high_or_graver_vulnerabilities": 2,
        "medium_or_graver_vulnerabilities": 2,
        "low_or_graver_vulnerabilities": 2,
        "security_score": 100 - 25 - 10,
    }
    assert ("−25 critical", "GHSA-1 alpha, fixed in 1.2 (Dependabot)") in found["security_score"].details
    assert (f"{OURS}/secret-scanning/alerts", {"state": "open", "hide_secret": "true", "per_page": "100"}) in (
        endpoints.asked
    )


@pytest.mark.parametrize(
    ("refused", "permission", "lost"),
    [
        (
            "dependabot/alerts",
            "vulnerability-alerts: read",
            {"dependabot_alerts", "security_score", "critical_vulnerabilities"},
        ),
        ("code-scanning/alerts", "security-events: read", {"code_scanning_alerts", "security_score"}),
        ("code-scanning/analyses", "security-events: read", {"security_scan_age_hours"}),
        ("secret-scanning/alerts", "secret-scanning-alerts: read", {"secret_scanning_alerts", "security_score"}),
        ("rules/branches/main", "metadata: read", {"branch_protected"}),
        ("actions/permissions/workflow", "administration: read", {"workflow_token_restricted"}),
        ("automated-security-fixes", "administration: read", {"security_settings_percent"}),
    ],
)
def test_what_is_refused_costs_its_own_figures_and_names_the_permission(
    tmp_path: Path, refused: str, permission: str, lost: set[str]
) -> None:
    _, found, _ = collect(tmp_path, {f"{OURS}/{refused}": Refused(403)})
    assert {name for name, one in found.items() if one.value is None} - {"security_score"} == lost - {"security_score"}
    for name in lost:
        assert f"`{permission}`" in found[name].reason
    assert "security_score" not in lost or found["security_score"].value is None


def test_what_a_jobs_token_can_never_read_may_be_left_out(tmp_path: Path) -> None:
    refused = {f"{OURS}/secret-scanning/alerts": Refused(403)}
    _, found, _ = collect(tmp_path, refused)
    assert "GITHUB_TOKEN cannot have" in found["security_score"].reason
    assert "leave out of `alerts`" in found["security_score"].reason
    _, found, endpoints = collect(tmp_path, refused, alerts=("dependabot", "code_scanning"))
    assert found["security_score"].value == 65
    assert "secret_scanning_alerts" not in found
    assert f"{OURS}/secret-scanning/alerts" not in [path for path, _ in endpoints.asked]


@pytest.mark.parametrize(("validity", "score"), [("active", 20), ("unknown", 20), (None, 20), ("inactive", 65)])
def test_a_secret_that_may_still_be_active_leaves_little(tmp_path: Path, validity: str | None, score: int) -> None:
    _, found, _ = collect(tmp_path, {f"{OURS}/secret-scanning/alerts": [{**LEAKED, "validity": validity}]})
    assert (found["security_score"].value, found["secret_scanning_alerts"].value) == (score, 1)


def test_a_secret_in_an_answer_reaches_no_report_no_store_and_no_output(tmp_path: Path) -> None:
    """A GitHub that does not heed `hide_secret`, or one day has a further field."""
    answers = {**ANSWERS, f"{OURS}/secret-scanning/alerts": [{**LEAKED, "note": {"literal": SECRET}}]}
    (tmp_path / "edgetpu-ci.yml").write_text(
        "collect: [{use: security}]\nstore: {use: folder, with: {path: kept}}\npublish: [{use: job}]\n"
    )
    out, warned = Said(), Said()
    with hub(Endpoints(answers), tmp_path, now=lambda: NOW, out=out.append, warn=warned.append) as here:
        outcome = app.run(config.load(tmp_path / "edgetpu-ci.yml"), tmp_path, here)
    assert [one.value for one in outcome.report.run.measurements if one.metric == "secret_scanning_alerts"] == [1]
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    said = f"{outcome}{out}{warned}{here.ledger.log}".encode() + encode_json(outcome.report)
    assert SECRET.encode() not in written + said


def test_an_answer_that_is_malformed_does_not_quote_a_secret(tmp_path: Path) -> None:
    _, found, _ = collect(tmp_path, {f"{OURS}/secret-scanning/alerts": [{"validity": [SECRET]}]})
    assert found["secret_scanning_alerts"].value is None
    assert SECRET not in str(found)


def bandit(folder: Path) -> None:
    result = {
        "filename": "./src/run.py",
        "line_number": 12,
        "issue_severity": "HIGH",
        "issue_confidence": "HIGH",
        "test_id": "B602",
    }
    report = {"generated_at": "2026-11-25T11:00:00Z", "errors": [], "metrics": {"_totals": {}}, "results": [result]}
    (folder / "bandit.json").write_text(json.dumps(report))


def test_what_a_report_and_an_alert_say_alike_costs_once(tmp_path: Path) -> None:
    bandit(tmp_path)
    _, found, _ = collect(tmp_path, files=("bandit.json",))
    assert found["security_score"].value == 65
    assert found["security_scan_age_hours"].value == 1


@pytest.mark.parametrize(("advisories", "score"), [([], None), (Refused(403), None), ("moderate", 65 - 3)])
def test_pip_audit_tells_no_severity_and_githubs_advisories_do(
    tmp_path: Path, advisories: object, score: int | None
) -> None:
    audit = {"dependencies": [{"name": "Gamma", "version": "1.0", "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-9"]}]}]}
    (tmp_path / "audit.json").write_text(json.dumps(audit))
    hit = {"package": {"ecosystem": "pip", "name": "gamma"}, "vulnerable_version_range": "<= 1.0"}
    rated = [{"ghsa_id": "GHSA-9", "cve_id": "CVE-9", "severity": advisories, "vulnerabilities": [hit]}]
    answers = {"/advisories": rated if isinstance(advisories, str) else advisories}
    _, found, endpoints = collect(tmp_path, answers, files=("audit.json",))
    assert found["security_score"].value == score
    assert ("/advisories", {"ecosystem": "pip", "affects": "gamma@1.0", "per_page": "100"}) in endpoints.asked


def test_a_report_that_cannot_be_read_makes_the_score_unknown(tmp_path: Path) -> None:
    (tmp_path / "scan.sarif").write_text('{"runs": [')
    collected, found, _ = collect(tmp_path, files=("scan.sarif",))
    assert found["security_score"].value is None
    assert "scan.sarif" in found["security_score"].reason
    assert len(collected.incomplete) == 1


def test_code_scanning_that_never_ran_says_nothing_good(tmp_path: Path) -> None:
    _, found, _ = collect(tmp_path, {f"{OURS}/code-scanning/analyses": []})
    assert "when it last ran is not known" in found["security_score"].reason
    assert found["security_scan_age_hours"].reason == "not known: code scanning has no analysis"


def test_reports_in_two_collectors_are_a_metric_measured_twice(tmp_path: Path) -> None:
    bandit(tmp_path)
    (tmp_path / "edgetpu-ci.yml").write_text(
        "collect:\n- {use: reports, with: {files: [bandit.json]}}\n- {use: security, with: {files: [bandit.json]}}\n"
    )
    with (
        hub(Endpoints(ANSWERS), tmp_path, now=lambda: NOW) as here,
        pytest.raises(ConfigError, match="repository/security_score again"),
    ):
        app.run(config.load(tmp_path / "edgetpu-ci.yml"), tmp_path, here)


def test_workflows_are_read_here(tmp_path: Path) -> None:
    commit = "a" * 40
    files = {
        ".github/workflows/good.yml": f"permissions: {{}}\njobs: {{a: {{steps: [{{uses: 'o/a@{commit}'}}]}}}}",
        ".github/workflows/loose.yaml": "jobs: {a: {steps: [{uses: o/a@v1}, {uses: ./x}, {run: ls}]}, "
        "b: {uses: o/b/.github/workflows/w.yml@main}}",
        ".github/workflows/each.yml": "jobs: {a: {permissions: {}, steps: [{uses: 'docker://i@sha256:"
        + "b" * 64
        + "'}]}}",
        ".github/workflows/broken.yml": "jobs: [",
        "action.yml": "runs: {using: composite, steps: [{uses: 'docker://i:latest'}]}",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    collected, found, _ = collect(tmp_path)
    pinned, bare = found["pinned_actions_percent"], found["workflows_without_permissions"]
    assert (pinned.value, pinned.n) == (40, 5)
    assert (".github/workflows/loose.yaml", "o/a@v1") in pinned.details
    assert (bare.value, [name for name, _ in bare.details]) == (1, [".github/workflows/loose.yaml"])
    assert [line for line in collected.incomplete if line.startswith(".github/workflows/broken.yml is not valid YAML")]


def test_a_branch_without_rules_may_have_the_older_protection(tmp_path: Path) -> None:
    _, found, _ = collect(tmp_path, {f"{OURS}/rules/branches/main": [], f"{OURS}/branches/main": {"protected": True}})
    assert found["branch_protected"].value == 1
    _, found, _ = collect(tmp_path, {f"{OURS}/rules/branches/main": []})
    assert found["branch_protected"].value == 0


def test_of_a_branch_that_is_not_there_nothing_is_said(tmp_path: Path) -> None:
    _, found, _ = collect(tmp_path, {f"{OURS}/rules/branches/nope": []}, branch="nope")
    assert found["branch_protected"].value is None
    assert found["branch_protected"].reason.startswith("not known: There is no branch nope that this token sees")


def test_a_workflow_of_scans_that_is_not_there_is_named(tmp_path: Path) -> None:
    never: dict[str, object] = {f"{OURS}/code-scanning/analyses": []}
    _, found, _ = collect(tmp_path, never, scan_workflow="nope.yml")
    age = found["security_scan_age_hours"]
    nothing = "no run of nope.yml ended well, or GitHub does not show it"
    assert age.reason == f"not known: code scanning has no analysis; {nothing}"
    _, found, _ = collect(tmp_path, scan_workflow="nope.yml")
    assert dict(found["security_scan_age_hours"].details)["nope.yml"] == nothing


def test_a_scan_that_is_not_there_costs_the_score_alone(tmp_path: Path) -> None:
    with hub(Endpoints(ANSWERS), tmp_path, now=lambda: NOW) as here:
        collected = security.collect(security.Options(files=("nope.json",)), here)
    found = {one.metric: one for one in collected.measurements}
    assert found["security_score"].reason.startswith('not known: No file matches "nope.json"')
    assert found["dependabot_alerts"].value == 1
    assert len(collected.incomplete) == 1


def test_of_no_scan_that_is_named_there_is_no_age(tmp_path: Path) -> None:
    _, found, _ = collect(tmp_path, alerts=("dependabot",))
    assert "security_scan_age_hours" not in found
    assert found["dependabot_alerts"].value == 1


def test_doctor_is_told_each_permission_that_is_missing(tmp_path: Path) -> None:
    answers = {**ANSWERS, f"{OURS}/secret-scanning/alerts": Refused(403), f"{OURS}/immutable-releases": Refused(403)}
    with hub(Endpoints(answers), tmp_path, now=lambda: NOW) as here:
        said = [str(error) for error in security.probe(security.Options(), here)]
    assert len(said) == 2
    assert "secret-scanning-alerts: read" in said[0]
