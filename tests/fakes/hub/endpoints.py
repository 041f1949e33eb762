"""What can be asked by REST: one line an endpoint, with the permission it takes; GitHub's own example gives its shape.

A test says what is answered by path, below the repository's own or whole: a dict is laid over GitHub's example, and so
is each item of a list; a function gets the query; a Reply is sent as it is. Where nothing is said, lists are empty.
"""

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from tests.fakes.contract import contract

REPOSITORY: Final = "/repos/{owner}/{repo}"

_OF_REPOSITORY: Final = {
    "": "metadata: read",
    "/actions/artifacts": "actions: read",
    "/actions/cache/usage": "actions: read",
    "/actions/caches": "actions: read",
    "/actions/permissions": "administration: read",
    "/actions/permissions/artifact-and-log-retention": "administration: read",
    "/actions/permissions/workflow": "administration: read",
    "/actions/runners": "administration: read",
    "/actions/runs": "actions: read",
    "/actions/runs/{run_id}": "actions: read",
    "/actions/runs/{run_id}/artifacts": "actions: read",
    "/actions/runs/{run_id}/attempts/{attempt_number}": "actions: read",
    "/actions/runs/{run_id}/attempts/{attempt_number}/jobs": "actions: read",
    "/actions/runs/{run_id}/jobs": "actions: read",
    "/actions/secrets": "secrets: read",
    "/actions/workflows": "actions: read",
    "/actions/workflows/{workflow_id}/runs": "actions: read",
    "/automated-security-fixes": "administration: read",
    "/branches/{branch}": "contents: read",
    "/branches/{branch}/protection": "administration: read",
    "/code-scanning/alerts": "security-events: read",
    "/code-scanning/analyses": "security-events: read",
    "/collaborators": "metadata: read",
    "/commits": "contents: read",
    "/community/profile": "contents: read",
    "/contents/{path}": "contents: read",
    "/dependabot/alerts": "vulnerability-alerts: read",
    "/dependency-graph/compare/{basehead}": "contents: read",
    "/dependency-graph/sbom": "contents: read",
    "/deployments": "deployments: read",
    "/deployments/{deployment_id}/statuses": "deployments: read",
    "/environments": "actions: read",
    "/hooks": "repository-hooks: read",
    "/immutable-releases": "administration: read",
    "/issues": "issues: read",
    "/keys": "administration: read",
    "/pages": "pages: read",
    "/pages/builds/latest": "pages: read",
    "/private-vulnerability-reporting": "metadata: read",
    "/pulls": "pull-requests: read",
    "/releases": "contents: read",
    "/rules/branches/{branch}": "metadata: read",
    "/rulesets": "metadata: read",
    "/secret-scanning/alerts": "secret-scanning-alerts: read",
    "/traffic/clones": "administration: read",
    "/traffic/views": "administration: read",
    "/vulnerability-alerts": "administration: read",
}
NEEDS: Final = {f"{REPOSITORY}{below}": needs for below, needs in _OF_REPOSITORY.items()} | {
    "/advisories": "metadata: read",
    "/organizations/{org}/settings/billing/budgets": "organization-administration: read",
    "/organizations/{org}/settings/billing/usage": "organization-administration: read",
    "/organizations/{org}/settings/billing/usage/summary": "organization-administration: read",
    "/orgs/{org}/outside_collaborators": "members: read",
    "/rate_limit": "metadata: read",
    "/users/{username}/settings/billing/usage": "plan: read",
    "/users/{username}/settings/billing/usage/summary": "plan: read",
}
BY_CURSOR: Final = frozenset({"/advisories", f"{REPOSITORY}/dependabot/alerts"})
"""Lists whose pages have no numbers."""

NOTHING: Final = frozenset(
    f"{REPOSITORY}{below}"
    for below in (
        "/branches/{branch}/protection",
        "/contents/{path}",
        "/pages",
        "/pages/builds/latest",
        "/vulnerability-alerts",
    )
)
"""What is not there unless a test says what it is: with Reply(status=204) where that is all there is to it."""

ABSENT: Final = object()
_AMENDED: Final[dict[str, Any]] = {
    "/advisories": {"id": ABSENT, "epss": {"percentile": 0.16}},
    REPOSITORY: {"language": "Python", "source": ABSENT, "parent": ABSENT},
    f"{REPOSITORY}/dependabot/alerts": {"security_advisory": {"epss": {"percentile": 0.16}}},
    f"{REPOSITORY}/dependency-graph/compare/{{basehead}}": {"scope": "runtime"},
    f"{REPOSITORY}/pulls": {"requested_teams": []},
    f"{REPOSITORY}/rulesets": {"enforcement": "active"},
    f"{REPOSITORY}/secret-scanning/alerts": {"secret": ABSENT},
}
"""Where GitHub's example breaks GitHub's description, or says more than anybody should."""


class Found(NamedTuple):
    """The endpoint of a path: what it is in GitHub's description, the parts of the path, and what it takes."""

    template: str
    parts: tuple[str, ...]
    needs: str


def find(path: str) -> Found | None:
    """The endpoint of a path that GitHub has; None of any other."""
    for template, pattern in _patterns():
        if found := pattern.fullmatch(path):
            return Found(template, found.groups(), NEEDS[template])
    return None


@cache
def _patterns() -> tuple[tuple[str, "re.Pattern[str]"], ...]:
    """Those with the fewest parameters first, as a literal name goes before any."""
    ordered = sorted(NEEDS, key=lambda template: template.count("{"))
    return tuple((template, re.compile(re.sub(r"\{\w+\}", "([^/]+)", template))) for template in ordered)


class Listed(NamedTuple):
    """A list to be given out in pages, under `name` where it is not alone; `shown` makes one of each."""

    items: Sequence[Any]
    name: str = ""
    about: Mapping[str, Any] = MappingProxyType({})
    shown: Callable[[Any], Any] = lambda one: one


def shown(template: str, said: Any) -> Any:
    """What GitHub answers when a test said this much of it, as a whole object or a list to be paged."""
    example, name = _example(template), ""
    lists = [key for key, value in example.items() if isinstance(value, list)] if isinstance(example, dict) else []
    if isinstance(said, list) or (said is None and (isinstance(example, list) or "total_count" in example)):
        name = lists[0] if lists else ""
        items = example[name] if name else example
        beside = example.items() if name else ()
        about = {key: value for key, value in beside if key != name} | {"total_count": len(said or ())}
        shown = [laid_over(_amended(template, items[0]), one) for one in said or ()]
        return Listed(shown, name, about if name else {})
    return laid_over(_amended(template, example) if isinstance(example, dict) else {}, said or {})


@cache
def item(template: str) -> dict[str, Any]:
    """GitHub's own example of an item of a list, or of an object, as its description wants it; not to be changed."""
    example = _example(template)
    lists = [value for value in example.values() if isinstance(value, list)] if isinstance(example, dict) else [example]
    is_list = isinstance(example, list) or "total_count" in example
    found: dict[str, Any] = _amended(template, lists[0][0] if is_list else example)
    return found


@cache
def _example(template: str) -> Any:
    return contract().example("get", template, 200)


def _amended(template: str, example: Any) -> Any:
    return laid_over(example, _AMENDED.get(template, {}))


def laid_over(example: Any, said: Mapping[str, Any]) -> Any:
    """An example with what is said in its place, to any depth."""
    found = copy.deepcopy(example)
    for name, value in said.items():
        if value is ABSENT:
            found.pop(name, None)
        elif isinstance(value, Mapping) and isinstance(found.get(name), dict):
            found[name] = laid_over(found[name], value)
        else:
            found[name] = value
    return found
