"""SARIF 2.1: what scanners of code found and nobody suppressed."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeVar

from msgspec import Struct

from edgetpu_ci.errors import DocumentError
from edgetpu_ci.quality import foreign, severities
from edgetpu_ci.quality.records import Scan
from edgetpu_ci.supply.findings import Finding, Severity

T = TypeVar("T")

_LEVELS: Final[dict[str, Severity]] = {"error": "high", "warning": "medium", "note": "low"}
_LINTERS: Final = ("clippy", "eslint", "flake8", "mypy", "pylint", "pyright", "ruff")
_RUFF_SECURITY: Final = re.compile(r"S\d+")
_SECURITY_TAGS: Final = ("security", "cwe", "vulnerability")


class _Properties(Struct, rename={"score": "security-severity"}):
    score: str | float | None = None
    tags: list[str] | None = None


class _Configuration(Struct):
    level: str | None = None


class _Rule(Struct, rename="camel"):
    id: str = ""
    properties: _Properties | None = None
    default_configuration: _Configuration | None = None


class _Component(Struct):
    name: str = "SARIF"
    rules: list[_Rule] | None = None


class _Tool(Struct):
    driver: _Component
    extensions: list[_Component] | None = None


class _ComponentReference(Struct):
    index: int | None = None


class _RuleReference(Struct, rename="camel"):
    id: str | None = None
    index: int | None = None
    tool_component: _ComponentReference | None = None


class _Region(Struct, rename="camel"):
    start_line: foreign.Count | None = None


class _Artifact(Struct):
    uri: str | None = None


class _Physical(Struct, rename="camel"):
    artifact_location: _Artifact | None = None
    region: _Region | None = None


class _Location(Struct, rename="camel"):
    physical_location: _Physical | None = None


class _Suppression(Struct):
    status: str | None = None


class _Result(Struct, rename="camel"):
    rule_id: str | None = None
    rule_index: int | None = None
    rule: _RuleReference | None = None
    level: str | None = None
    kind: str | None = None
    baseline_state: str | None = None
    locations: list[_Location] | None = None
    suppressions: list[_Suppression] | None = None
    properties: _Properties | None = None


class _Invocation(Struct, rename="camel"):
    execution_successful: bool | None = None
    end_time_utc: str | None = None


class _Run(Struct):
    tool: _Tool
    results: list[_Result] | None = None
    invocations: list[_Invocation] | None = None


class _Log(Struct):
    version: str
    runs: list[_Run] | None = None


def read(data: bytes, source: str) -> tuple[Scan, ...]:
    """A scan for each run of a tool; one that has no results was not finished."""
    log = foreign.json(data, _Log, source)
    if not log.version.startswith("2.1"):
        raise DocumentError(f"{source} is SARIF {log.version[:40]!a}; 2.1 is read.")
    return tuple(_scan(run) for run in log.runs or []) or (Scan(tool="SARIF", missed=("it has no run",)),)


def _scan(run: _Run) -> Scan:
    results, named = run.results or [], _by_name(run.tool)
    findings = tuple(finding for result in results if (finding := _finding(result, run.tool, named)))
    ended = [at for one in run.invocations or [] if (at := foreign.moment(one.end_time_utc))]
    return Scan(
        tool=run.tool.driver.name,
        findings=findings,
        at=max(ended, default=None),
        missed=tuple(_missed(run)),
        left_out=len(results) - len(findings),
    )


def _missed(run: _Run) -> Iterator[str]:
    if run.results is None:
        yield "it has no list of results"
    if any(one.execution_successful is False for one in run.invocations or []):
        yield "it was not executed to the end"


def _finding(result: _Result, tool: _Tool, named: Mapping[str, _Rule]) -> Finding | None:
    """None for what is suppressed, not wrong, gone, or no matter of security."""
    rule = _rule(result, tool, named)
    severity = _severity(result, rule)
    name = (result.rule_id or (result.rule and result.rule.id) or rule.id or "unnamed").strip()
    if severity is None or not _is_open(result) or not _is_of_security(name, rule, tool.driver.name):
        return None
    return Finding(
        source=tool.driver.name,
        id=name,
        aliases=_aliases(name, tool.driver.name),
        place=_place(result.locations or []),
        severity=severity,
    )


def _aliases(name: str, tool: str) -> tuple[str, ...]:
    """Ruff's S rules are bandit's, under the same numbers."""
    return (f"B{name[1:]}",) if tool.lower() == "ruff" and _RUFF_SECURITY.fullmatch(name) else ()


def _is_open(result: _Result) -> bool:
    suppressed = any(one.status in (None, "accepted") for one in result.suppressions or [])
    return not suppressed and result.kind in (None, "fail") and result.baseline_state != "absent"


def _is_of_security(name: str, rule: _Rule, tool: str) -> bool:
    """Linters and CodeQL's queries of quality write SARIF too: of those only what says that it is."""
    properties = rule.properties or _Properties()
    if properties.score is not None:
        return True
    if tags := properties.tags:
        return any(word in tag.lower() for tag in tags for word in _SECURITY_TAGS)
    if tool.lower() == "ruff":
        return _RUFF_SECURITY.fullmatch(name) is not None
    return tool.lower() not in _LINTERS


def _severity(result: _Result, rule: _Rule) -> Severity | None:
    """The rule's `security-severity`, else the level; None of level "none"."""
    for properties in (rule.properties, result.properties):
        if properties and (severity := _scored(properties.score)) != "unknown":
            return severity
    configured = rule.default_configuration.level if rule.default_configuration else None
    level = result.level or configured or "warning"
    return None if level == "none" else _LEVELS.get(level, "unknown")


def _scored(score: str | float | None) -> Severity:
    try:
        return severities.scored(float(score)) if score is not None else "unknown"
    except ValueError:
        return "unknown"


def _rule(result: _Result, tool: _Tool, named: Mapping[str, _Rule]) -> _Rule:
    """The rule a result is of: by its place in the driver's or an extension's list, else by its name.

    It may name a part of a rule: "CA1000/1" is of CA1000.
    """
    of = result.rule or _RuleReference()
    place = of.tool_component.index if of.tool_component else None
    listed = (_at(tool.extensions or [], place) or tool.driver).rules or []
    index = result.rule_index if of.index is None else of.index
    name = result.rule_id or of.id or ""
    return _at(listed, index) or named.get(name) or named.get(name.rpartition("/")[0]) or _Rule()


def _at(listed: Sequence[T], index: int | None) -> T | None:
    return listed[index] if index is not None and 0 <= index < len(listed) else None


def _by_name(tool: _Tool) -> dict[str, _Rule]:
    """The rules that have a name; of several with the same the first, the driver's before its extensions'."""
    rules = [rule for one in (tool.driver, *(tool.extensions or [])) for rule in one.rules or [] if rule.id]
    return {rule.id: rule for rule in reversed(rules)}


def _place(locations: Sequence[_Location]) -> str:
    physical = locations[0].physical_location if locations else None
    if physical is None or physical.artifact_location is None or not physical.artifact_location.uri:
        return ""
    line = physical.region.start_line if physical.region else None
    return severities.place(physical.artifact_location.uri, line or 0)
