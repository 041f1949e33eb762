"""How a repository is set up: its settings, what a workflow's token may do, and the rules of its default branch."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from msgspec import Struct, field

from edgetpu_ci.errors import EdgeTpuCiError, MissingError
from edgetpu_ci.kpis import summary
from edgetpu_ci.model import REPOSITORY, Measurement
from edgetpu_ci.transport.github import Getting

_ADMINISTRATION: Final = "administration: read"
_GUARDS: Final = ("pull_request", "required_status_checks", "non_fast_forward")
"""Rules that keep a change from coming in unseen; any of them counts as protection."""


class _Enabled(Struct):
    enabled: bool


class _Actions(Struct):
    enabled: bool
    sha_pinning_required: bool = False


class _Token(Struct):
    default_workflow_permissions: str
    can_approve_pull_request_reviews: bool = False


class _Rule(Struct):
    type: str


class _Branch(Struct):
    protected: bool


class Owner(Struct, frozen=True):
    """Who pays: an Organization or a User; the name is that before the repository's."""

    kind: str = field(name="type", default="User")


class Repository(Struct, frozen=True):
    """Whether it is private, who pays for it, and the branch that is merged into."""

    private: bool
    owner: Owner = Owner()
    default_branch: str = ""


Setting = bool | EdgeTpuCiError

_SETTINGS: Final = {
    "Dependabot alerts": "vulnerability-alerts",
    "Dependabot security updates": "automated-security-fixes",
    "private vulnerability reports": "private-vulnerability-reporting",
    "immutable releases": "immutable-releases",
    "actions must be pinned by SHA": "actions/permissions",
}
_PRIVATE_REPORTS: Final = "private-vulnerability-reporting"


def repository(github: Getting) -> Repository:
    """The repository."""
    return github.get(f"/repos/{github.repository}", Repository, needs="metadata: read")


def asks(github: Getting) -> dict[str, Callable[[], bool]]:
    """Each setting by its name, as a question: whether it is on."""
    return {name: partial(_setting, github, path) for name, path in _SETTINGS.items()}


def _setting(github: Getting, path: str) -> bool:
    where = f"/repos/{github.repository}/{path}"
    if path == "actions/permissions":
        return github.get(where, _Actions, needs=_ADMINISTRATION).sha_pinning_required
    if path == _PRIVATE_REPORTS:
        return github.get(where, _Enabled, needs="metadata: read").enabled
    try:
        # Of alerts GitHub says by its status alone whether they are on.
        found: _Enabled | None = github.get(where, _Enabled | None, needs=_ADMINISTRATION)  # type: ignore[arg-type]
    except MissingError:
        return False
    return found is None or found.enabled


def settings(found: Mapping[str, Setting]) -> Measurement:
    """The share of settings that are on, each with its state."""
    metric = "security_settings_percent"
    refused = [it for it in found.values() if isinstance(it, EdgeTpuCiError)]
    details = tuple((name, "on" if it else "off") for name, it in found.items() if isinstance(it, bool))
    if refused:
        return summary.unknown(REPOSITORY, metric, str(refused[0]).rstrip("."), details=details)
    on = sum(it is True for it in found.values())
    return summary.plain(REPOSITORY, metric, 100 * on / len(found), n=len(found), details=details)


def token(github: Getting) -> Measurement:
    """1 when a workflow's token may only read unless a workflow says otherwise, and approves no pull request."""
    metric = "workflow_token_restricted"
    path = f"/repos/{github.repository}/actions/permissions/workflow"
    found = github.get(path, _Token, needs=_ADMINISTRATION)
    details = (
        ("default", found.default_workflow_permissions),
        ("may approve pull requests", "yes" if found.can_approve_pull_request_reviews else "no"),
    )
    restricted = found.default_workflow_permissions == "read" and not found.can_approve_pull_request_reviews
    return summary.plain(REPOSITORY, metric, float(restricted), details=details)


def _protected(github: Getting, name: str) -> bool:
    """Of the older protection. GitHub has no rules of a branch that is not there either, and says so only here."""
    try:
        return github.get(f"/repos/{github.repository}/branches/{name}", _Branch, needs="contents: read").protected
    except MissingError as error:
        raise MissingError(f"There is no branch {name} that this token sees; name another under `branch`.") from error


def branch(github: Getting, name: str) -> Measurement:
    """1 when rules or the older protection guard the default branch; the details have the rules."""
    name = name or repository(github).default_branch
    rules = github.get(f"/repos/{github.repository}/rules/branches/{name}", list[_Rule], needs="metadata: read")
    kinds = sorted({rule.type for rule in rules})
    guarded = any(kind in _GUARDS for kind in kinds) or _protected(github, name)
    details = (("branch", name), ("rules", ", ".join(kinds) or "none"))
    return summary.plain(REPOSITORY, "branch_protected", float(guarded), details=details)
