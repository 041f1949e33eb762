"""The reusable workflow of the daily scan: what it may do, its step as bash runs it, and its example as it stands."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from edgetpu_ci import app, config
from tests.fakes.endpoints import REPOSITORY, Endpoints, hub
from tests.fakes.package_index import Upload, index

ROOT = Path(__file__).parents[2]
SECURITY_YML: dict[Any, Any] = yaml.safe_load((ROOT / ".github/workflows/security.yml").read_text())
CALLED = SECURITY_YML[True]["workflow_call"]  # YAML reads `on` as a boolean
SCAN, JUDGE = (SECURITY_YML["jobs"][name] for name in ("scan", "judge"))
EXAMPLES = ROOT / "examples/security"
CALLER = yaml.safe_load((EXAMPLES / "security.yml").read_text())["jobs"]["security"]
STEP = next(step["run"] for step in SCAN["steps"] if step.get("id") == "scan")
COMMIT = "3d3c42e5aac5ba805825da76410c181273ba90b1"
VULNERABLE = (
    '{"dependencies": [{"name": "alpha", "version": "1.0", "vulns": [{"id": "GHSA-1", "fix_versions": ["1.2"]}]}]}'
)
ADVISORY = {
    "ghsa_id": "GHSA-1",
    "severity": "high",
    "vulnerabilities": [
        {
            "package": {"ecosystem": "pip", "name": "alpha"},
            "vulnerable_version_range": "< 1.2",
            "first_patched_version": "1.2",
        }
    ],
}


def test_it_only_reads_and_its_caller_gives_what_it_asks_for() -> None:
    assert SECURITY_YML["permissions"] == {}
    assert SCAN["permissions"] == {"contents": "read"}
    assert set(JUDGE["permissions"].values()) == {"read"}
    assert CALLER["permissions"] == JUDGE["permissions"]
    assert set(CALLER["with"]) <= set(CALLED["inputs"])


def test_the_token_of_ones_own_never_meets_a_scanner() -> None:
    assert "secrets." not in str(SCAN)
    assert [step["id"] for step in JUDGE["steps"] if "secrets." in str(step)] == ["edgetpu-ci"]


def project(folder: Path) -> None:
    (folder / "src").mkdir()
    (folder / "src/run.py").write_text("import subprocess\n\nsubprocess.run(input(), shell=True)\n")
    (folder / "requirements.txt").write_text("alpha==1.0\n")
    workflows = folder / ".github/workflows"
    workflows.mkdir(parents=True)
    (workflows / "ci.yml").write_text(
        "on: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n"
        f"      - uses: actions/checkout@{COMMIT} # v7.0.1\n        with: {{persist-credentials: false}}\n"
    )


def scan(folder: Path, pip_audit: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the step with the bandit and zizmor of this environment, and this for pip-audit, which would ask an index."""
    scanners = folder.with_name("scanners")
    scanners.mkdir()
    for name in ("bandit", "zizmor"):
        (scanners / name).symlink_to(Path(sys.executable).with_name(name))
    (scanners / "pip-audit").write_text(f"#!/usr/bin/env bash\nfor last; do :; done\n{pip_audit}\n")
    (scanners / "pip-audit").chmod(0o755)
    known = {"PATH": os.environ["PATH"], "SCANNERS": str(scanners), "RUNNER_TEMP": str(folder)}
    chosen = {"REQUIREMENTS": "requirements.txt", "SOURCES": "src", **env}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEP],
        cwd=folder,
        env={**known, **chosen},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    project(folder)
    return folder


def test_what_scanners_find_is_judged_by_the_example_as_it_stands(checkout: Path) -> None:
    ran = scan(checkout, f"echo '{VULNERABLE}' > \"$last\"; exit 1")
    assert ran.returncode == 0, ran.stderr
    ours = f"/repos/{REPOSITORY}"
    answers: dict[str, object] = {
        ours: {"default_branch": "main"},
        f"{ours}/dependabot/alerts": [],
        f"{ours}/code-scanning/alerts": [],
        f"{ours}/code-scanning/analyses": [{"created_at": datetime.now(UTC).isoformat()}],
        "/advisories": ([ADVISORY],),
    }
    with (
        index({"alpha": [Upload(version="1.0"), Upload(version="1.2")]}) as fake,
        hub(Endpoints(answers), checkout, now=lambda: datetime.now(UTC)) as here,
    ):
        text = (EXAMPLES / "edgetpu-ci.yml").read_text().replace("audit: [", f"index: '{fake.url}', audit: [")
        (checkout / "edgetpu-ci.yml").write_text(text)
        report = app.run(config.of_kpis(config.load(checkout / "edgetpu-ci.yml")), checkout, here).report
    found = {one.metric: one for one in report.run.measurements}
    # The advisory 10, bandit's shell=True 10 and its import of subprocess 1.
    assert found["security_score"].value == 100 - 10 - 10 - 1, found["security_score"]
    assert found["pinned_actions_percent"].value == 100
    assert [(row.package, row.severity, row.fixed_in) for row in report.run.dependencies] == [("alpha", "high", "1.2")]
    statuses = {verdict.metric: verdict.status for verdict in report.verdicts}
    assert statuses["security_score"] == "failed"
    assert statuses["vulnerable_dependencies"] == "warned"
    assert statuses["security_scan_age_hours"] == "passed"


def test_a_scanner_that_breaks_ends_the_scan(checkout: Path) -> None:
    assert scan(checkout, "exit 1").returncode != 0


def test_without_a_requirements_file_its_own_packages_are_not_audited(checkout: Path) -> None:
    ran = scan(checkout, "exit 0", REQUIREMENTS="")
    assert ran.returncode != 0
    assert "names no file" in ran.stderr
