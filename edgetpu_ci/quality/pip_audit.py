"""pip-audit's JSON: known vulnerabilities of the packages that are installed or required."""

from msgspec import Struct

from edgetpu_ci.quality import foreign
from edgetpu_ci.quality.records import Scan
from edgetpu_ci.supply.findings import Finding


class _Vulnerability(Struct):
    id: str
    fix_versions: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


class _Dependency(Struct):
    name: str
    version: str = ""
    vulns: tuple[_Vulnerability, ...] = ()
    skip_reason: str = ""


class _Report(Struct):
    dependencies: list[_Dependency]


def read(data: bytes, source: str) -> Scan:
    """Each vulnerability, of no severity, as pip-audit tells none.

    A package that was skipped was not looked at, though pip-audit says "no known vulnerabilities" and exits with 0;
    nor was anything by a dry run.
    """
    dependencies = foreign.json(data, _Report, source).dependencies
    missed = tuple(f"{one.name}: {one.skip_reason}" for one in dependencies if one.skip_reason)
    return Scan(
        tool="pip-audit",
        findings=tuple(_finding(one, found) for one in dependencies for found in one.vulns),
        missed=missed if dependencies else ("it lists no package, as in a dry run",),
    )


def _finding(dependency: _Dependency, found: _Vulnerability) -> Finding:
    return Finding(
        source="pip-audit",
        id=found.id,
        aliases=found.aliases,
        package=dependency.name,
        version=dependency.version,
        fixed_in=found.fix_versions,
    )
