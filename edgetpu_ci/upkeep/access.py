"""Who and what may reach a repository, as GitHub says now: people, keys, hooks, secrets, environments, tokens."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Annotated, Final
from urllib.parse import urlsplit

from msgspec import Meta, Struct, field

from edgetpu_ci.transport.github import GitHub
from edgetpu_ci.upkeep import asking
from edgetpu_ci.upkeep.asking import No

When = Annotated[datetime, Meta(tz=True)]

COLLABORATOR: Final = "collaborator"
OUTSIDE: Final = "outside collaborator"
DEPLOY_KEY: Final = "deploy key"
HOOK: Final = "hook"
SECRET: Final = "secret"  # noqa: S105 - what it is called, not one
ENVIRONMENT: Final = "environment"
TOKEN: Final = "token of workflows"  # noqa: S105 - the same


class Grant(Struct, frozen=True, order=True):
    """Something of a kind, by its name or number, and how much it may."""

    kind: str
    who: str
    what: str = ""
    since: datetime | None = None


class Access(Struct, frozen=True):
    """All grants that may be read, and of each kind that may not be, why."""

    grants: tuple[Grant, ...]
    unread: Mapping[str, str] = {}


class _Person(Struct, frozen=True):
    login: str
    role_name: str = ""


class _Key(Struct, frozen=True):
    id: int
    read_only: bool = True


class _Wire(Struct, frozen=True):
    url: str = ""
    insecure_ssl: str | int = "0"


class _Hook(Struct, frozen=True):
    id: int
    active: bool = True
    events: tuple[str, ...] = ()
    config: _Wire = _Wire()


class _Secret(Struct, frozen=True):
    name: str
    updated_at: When | None = None


class _Secrets(Struct, frozen=True):
    secrets: tuple[_Secret, ...]


class _Rule(Struct, frozen=True):
    kind: str = field(name="type", default="")


class _Environment(Struct, frozen=True):
    name: str
    protection_rules: tuple[_Rule, ...] = ()


class _Environments(Struct, frozen=True):
    environments: tuple[_Environment, ...] = ()


class _Workflows(Struct, frozen=True):
    default_workflow_permissions: str = ""
    can_approve_pull_request_reviews: bool = False


def read(github: GitHub) -> Access:
    """What GitHub says; a kind that may not be read costs only itself."""
    found = asking.gather(github, asks(github))
    unread = {kind: it.why for kind, it in found.items() if isinstance(it, No)}
    grants = (grant for it in found.values() if not isinstance(it, No) for grant in it)
    return Access(tuple(sorted(grants, key=lambda grant: (grant.kind, grant.who))), unread)


def asks(github: GitHub) -> dict[str, Callable[[], list[Grant]]]:
    """What is asked, by the kind of grant."""
    return {kind: partial(ask, github) for kind, ask in _KINDS.items()}


def _people(github: GitHub, kind: str, affiliation: str) -> list[Grant]:
    # GitHub shows collaborators to who may push.
    people = asking.listed(github, _at(github, "collaborators"), _Person, "metadata: read", affiliation=affiliation)
    return [Grant(kind, person.login, person.role_name) for person in people]


def _keys(github: GitHub) -> list[Grant]:
    keys = asking.listed(github, _at(github, "keys"), _Key, "administration: read")
    return [Grant(DEPLOY_KEY, str(key.id), "may read" if key.read_only else "may write") for key in keys]


def _hooks(github: GitHub) -> list[Grant]:
    return [
        Grant(HOOK, str(hook.id), _hears(hook))
        for hook in asking.listed(github, _at(github, "hooks"), _Hook, "repository-hooks: read")
    ]


def _hears(hook: _Hook) -> str:
    what = f"hears {', '.join(sorted(hook.events))}" if hook.active else "is off"
    # Of the address only the host: what follows is often a secret.
    if host := _host(hook.config.url):
        what = f"{what}, at {host}"
    return what if str(hook.config.insecure_ssl) == "0" else f"{what}; does not check certificates"


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _secrets(github: GitHub) -> list[Grant]:
    pages = github.pages(_at(github, "actions/secrets"), _Secrets, needs="secrets: read")
    return [Grant(SECRET, one.name, since=one.updated_at) for page in pages for one in page.secrets]


def _environments(github: GitHub) -> list[Grant]:
    pages = github.pages(_at(github, "environments"), _Environments, needs="actions: read")
    return [
        Grant(ENVIRONMENT, one.name, ", ".join(sorted(rule.kind for rule in one.protection_rules)) or "no protection")
        for page in pages
        for one in page.environments
    ]


def _workflows(github: GitHub) -> list[Grant]:
    path = _at(github, "actions/permissions/workflow")
    found = github.get(path, _Workflows, needs="administration: read")
    may = "may" if found.can_approve_pull_request_reviews else "may not"
    return [Grant(TOKEN, "GITHUB_TOKEN", f"{found.default_workflow_permissions}; {may} approve pull requests")]


def _at(github: GitHub, path: str) -> str:
    return f"/repos/{github.repository}/{path}"


_KINDS: Final[Mapping[str, Callable[[GitHub], list[Grant]]]] = {
    COLLABORATOR: partial(_people, kind=COLLABORATOR, affiliation="direct"),
    OUTSIDE: partial(_people, kind=OUTSIDE, affiliation="outside"),
    DEPLOY_KEY: _keys,
    HOOK: _hooks,
    SECRET: _secrets,
    ENVIRONMENT: _environments,
    TOKEN: _workflows,
}
