"""A reply to a GET: the endpoint, whether the token may, and the page that is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.fakes.hub import endpoints, paging, rest
from tests.fakes.hub.endpoints import REPOSITORY, Found, Listed
from tests.fakes.hub.failures import json_reply, refusal
from tests.fakes.hub.repository import Repository
from tests.fakes.loopback import Reply

_NOT_FOUND = refusal(404, "Not Found")
_UNFILTERED = "In order to protect this service, only the first 40,000 results are available."


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A path with its query, and the address it is below."""

    url: str
    path: str
    query: Mapping[str, str]


def reply(of: Repository, objects: Mapping[str, Any], granted: frozenset[str], asked: Asked) -> Reply:
    """What GitHub answers of a repository; `objects` is said of it by path, below its own or whole."""
    found = endpoints.find(asked.path)
    if found is None or not (is_own(of, asked.path) or not asked.path.startswith("/repos/")):
        return _NOT_FOUND
    if found.needs not in granted:
        named = found.needs.replace(": ", "=").replace("-", "_")
        headers = {"x-accepted-github-permissions": named}
        return refusal(403, "Resource not accessible by integration", **headers)
    try:
        return _shown(_content(of, objects, found, asked), found, asked)
    except rest.TooLongError:
        return refusal(422, _UNFILTERED)


def is_own(of: Repository, path: str) -> bool:
    """Whether a path leads to this repository."""
    return f"{path}/".startswith(f"/repos/{of.name}/")


def _content(of: Repository, objects: Mapping[str, Any], found: Found, asked: Asked) -> Any:
    """What there is; None is nothing."""
    said = objects.get(asked.path.removeprefix(f"/repos/{of.name}"))
    if callable(said):
        said = said(asked.query)
    if isinstance(said, Reply):
        return said
    if found.template == REPOSITORY:
        return endpoints.shown(found.template, rest.about(of) | (said or {}))
    if said is None and found.template in rest.ANSWERS:
        return rest.ANSWERS[found.template](of, found.parts, asked.query)
    if said is None and found.template in endpoints.NOTHING:
        return None
    return endpoints.shown(found.template, said)


def _shown(content: Any, found: Found, asked: Asked) -> Reply:
    if content is None:
        return _NOT_FOUND
    if isinstance(content, Reply):
        return content
    if not isinstance(content, Listed):
        return json_reply(content)
    items = [content.shown(one) for one in paging.page(content.items, asked.query)]
    body = {**content.about, content.name: items} if content.name else items
    by_cursor = found.template in endpoints.BY_CURSOR
    link = paging.links(asked.url + asked.path, asked.query, len(content.items), by_cursor=by_cursor)
    return json_reply(body, **({"link": link} if link else {}))
