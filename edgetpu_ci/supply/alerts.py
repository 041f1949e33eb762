"""What GitHub's own scanners found and is still open. Of a leaked secret only that there is one is ever read."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from edgetpu_ci.supply.advisories import Epss, severity
from edgetpu_ci.supply.findings import Finding, Severity
from edgetpu_ci.transport.answer import Query
from edgetpu_ci.transport.github import GitHub

Kind = Literal["dependabot", "code_scanning", "secret_scanning"]

NEEDS: Final[Mapping[Kind, str]] = {
    "dependabot": "vulnerability-alerts: read",
    "code_scanning": "security-events: read",
    "secret_scanning": "secret-scanning-alerts: read",
}

_LEVELS: Final[dict[str, Severity]] = {"error": "high", "warning": "medium", "note": "low"}
_OPEN: Final[Query] = {"state": "open"}


class _Package(Struct, frozen=True):
    name: str = ""


class _Patched(Struct, frozen=True):
    identifier: str = ""


class _Vulnerability(Struct, frozen=True):
    package: _Package = _Package()
    first_patched_version: _Patched | None = None


class _Advisory(Struct, frozen=True):
    ghsa_id: str
    cve_id: str | None = None
    severity: str = ""
    epss: Epss | None = None


class _Dependency(Struct, frozen=True):
    scope: str | None = None


class _Dependabot(Struct, frozen=True):
    security_advisory: _Advisory
    security_vulnerability: _Vulnerability
    dependency: _Dependency = _Dependency()


class _Rule(Struct, frozen=True):
    id: str | None = None
    severity: str | None = None
    security_severity_level: str | None = None


class _Tool(Struct, frozen=True):
    name: str = ""


class _Location(Struct, frozen=True):
    path: str = ""
    start_line: int = 0


class _Instance(Struct, frozen=True):
    location: _Location | None = None


class _Code(Struct, frozen=True):
    number: int
    rule: _Rule
    tool: _Tool = _Tool()
    most_recent_instance: _Instance = _Instance()


class _Secret(Struct, frozen=True):
    """Nothing of what leaked: not the secret, not its kind, not where it lies."""

    validity: str | None = None


class Open(Struct, frozen=True):
    """Open alerts of one kind: findings that cost what they cost, and secrets, some of which may still be `active`."""

    findings: tuple[Finding, ...] = ()
    secrets: int = 0
    active: int = 0

    @property
    def count(self) -> int:
        """How many alerts."""
        return len(self.findings) + self.secrets


def dependabot(github: GitHub) -> Open:
    """Vulnerable dependencies."""
    pages = github.pages(
        f"/repos/{github.repository}/dependabot/alerts", list[_Dependabot], needs=NEEDS["dependabot"], query=_OPEN
    )
    return Open(tuple(_of_dependabot(one) for page in pages for one in page))


def _of_dependabot(one: _Dependabot) -> Finding:
    advisory, patched = one.security_advisory, one.security_vulnerability.first_patched_version
    return Finding(
        source="Dependabot",
        id=advisory.ghsa_id,
        aliases=(advisory.cve_id,) if advisory.cve_id else (),
        package=one.security_vulnerability.package.name,
        fixed_in=(patched.identifier,) if patched and patched.identifier else (),
        severity=severity(advisory.severity),
        epss=advisory.epss.percentage if advisory.epss else None,
        scope=one.dependency.scope or "",
    )


def code_scanning(github: GitHub) -> Open:
    """Weaknesses in the code, of the default branch."""
    pages = github.pages(
        f"/repos/{github.repository}/code-scanning/alerts", list[_Code], needs=NEEDS["code_scanning"], query=_OPEN
    )
    return Open(tuple(_of_code(one) for page in pages for one in page))


def _of_code(one: _Code) -> Finding:
    where = one.most_recent_instance.location
    grave = severity(one.rule.security_severity_level or "")
    return Finding(
        source=one.tool.name or "code scanning",
        id=one.rule.id or f"code-scanning alert {one.number}",
        place=f"{where.path}:{where.start_line}" if where and where.path else f"alert {one.number}",
        severity=_LEVELS.get(one.rule.severity or "", "unknown") if grave == "unknown" else grave,
    )


def secret_scanning(github: GitHub) -> Open:
    """Leaked secrets; GitHub is told to hide them, and they would not be read."""
    pages = github.pages(
        f"/repos/{github.repository}/secret-scanning/alerts",
        list[_Secret],
        needs=NEEDS["secret_scanning"],
        query={**_OPEN, "hide_secret": "true"},
    )
    found = [one for page in pages for one in page]
    return Open(secrets=len(found), active=sum(one.validity != "inactive" for one in found))


READ: Final[Mapping[Kind, Callable[[GitHub], Open]]] = {
    "dependabot": dependabot,
    "code_scanning": code_scanning,
    "secret_scanning": secret_scanning,
}


class _Analysis(Struct, frozen=True):
    created_at: Annotated[datetime, Meta(tz=True)]


class _Run(Struct, frozen=True):
    updated_at: Annotated[datetime, Meta(tz=True)]


class _Runs(Struct, frozen=True):
    workflow_runs: list[_Run]


def analysed(github: GitHub) -> datetime | None:
    """When code scanning had its newest analysis."""
    path = f"/repos/{github.repository}/code-scanning/analyses"
    found = github.once(path, list[_Analysis], needs=NEEDS["code_scanning"], query={"per_page": 1})
    return max((one.created_at for one in found), default=None)


def scanned(github: GitHub, workflow: str) -> datetime | None:
    """When a workflow, by its file name, last ended well."""
    path = f"/repos/{github.repository}/actions/workflows/{workflow}/runs"
    found = github.once(path, _Runs, needs="actions: read", query={"status": "success", "per_page": 1})
    return max((one.updated_at for one in found.workflow_runs), default=None)
