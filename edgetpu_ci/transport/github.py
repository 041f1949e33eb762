"""GitHub's API as a reader uses it: REST and GraphQL, counted, repeated where that helps, its answers checked."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from msgspec import Raw, Struct

from edgetpu_ci import codec
from edgetpu_ci.errors import ConfigError, DeliveryError, DeniedError, DocumentError, EdgeTpuCiError, MissingError
from edgetpu_ci.world import World

if TYPE_CHECKING:
    from requests import Response

T = TypeVar("T")
Query = Mapping[str, str | int]

MOST_BYTES: Final = 64 << 20
_REPOSITORY: Final = re.compile(r"[\w.-]+/[\w.-]+")


class _Complaint(Struct, frozen=True):
    message: str = ""


class _Answered(Struct, frozen=True):
    data: Raw = Raw(b"null")
    errors: tuple[_Complaint, ...] = ()


class GitHub:
    """The API as one job reads it. `repository` is owner/name; paths are whole: `/repos/{repository}/actions/runs`."""

    def __init__(self, repository: str, token: str, url: str, world: World) -> None:
        self.repository = repository
        self._url = url.rstrip("/")
        self._token = token
        self._world = world
        self.requests = 0

    def get(self, path: str, into: type[T], *, needs: str, query: Query | None = None) -> T:
        """One answer, decoded; `needs` is the permission to name when it is refused, such as "actions: read".

        MissingError when there is nothing, DeniedError when the token may not, DeliveryError when nothing came.
        """
        return self._decoded(self._send("GET", path, needs, params=query).content, into, f"GET {path}")

    def pages(self, path: str, into: type[T], *, needs: str, query: Query | None = None) -> Iterator[T]:
        """Every page of a list, each decoded as `into`, following GitHub's links; 100 items a page."""
        params: Query | None = {"per_page": 100, **(query or {})}
        where = path
        while where:
            answer = self._send("GET", where, needs, params=params)
            yield self._decoded(answer.content, into, f"GET {path}")
            where, params = answer.links.get("next", {}).get("url", ""), None

    def graphql(self, query: str, variables: Mapping[str, object], into: type[T], *, needs: str) -> T:
        """What a GraphQL query found; an answer with errors is none."""
        path = f"{self._url.removesuffix('/v3')}/graphql"
        answer = self._send("POST", path, needs, json={"query": query, "variables": dict(variables)})
        found = self._decoded(answer.content, _Answered, "GraphQL")
        if found.errors:
            raise DeliveryError(f"GitHub answered a GraphQL query with: {found.errors[0].message[:200]}.")
        return self._decoded(bytes(found.data), into, "GraphQL")

    def gather(self, asks: Sequence[Callable[[], T]]) -> list[T | EdgeTpuCiError]:
        """Several answers, at most four asked for at a time, in order; in place of one that failed, why."""
        found: list[T | EdgeTpuCiError] = []
        for ask in asks:
            try:
                found.append(ask())
            except EdgeTpuCiError as error:
                found.append(error)
        return found

    def _send(self, verb: str, path: str, needs: str, **parts: Any) -> "Response":  # noqa: ANN401 - as requests has them
        import requests

        where = path if path.startswith(("http://", "https://")) else f"{self._url}{path}"
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
            "User-Agent": "edgetpu-ci",
        }
        self.requests += 1
        try:
            answer = requests.request(verb, where, headers=headers, timeout=20, **parts)
        except requests.RequestException as error:
            raise DeliveryError(f"GitHub did not answer {verb} {path} ({type(error).__name__}).") from error
        if answer.status_code >= 400:  # noqa: PLR2004 - HTTP's errors begin there
            raise _refusal(verb, path, answer, needs)
        return answer

    @staticmethod
    def _decoded(data: bytes, into: type[T], what: str) -> T:
        try:
            return codec.decode_json(data or b"null", into, f"GitHub's answer to {what}", MOST_BYTES)
        except DocumentError as error:
            raise DeliveryError(str(error)) from error


def connect(world: World) -> GitHub:
    """GitHub as this job knows it: GITHUB_REPOSITORY, GITHUB_TOKEN, GITHUB_API_URL."""
    repository = world.env.get("GITHUB_REPOSITORY", "")
    if not _REPOSITORY.fullmatch(repository):
        raise ConfigError(f'"{repository}" is no repository; set GITHUB_REPOSITORY to owner/name.')
    token = world.env.get("GITHUB_TOKEN") or world.env.get("GH_TOKEN")
    if not token:
        raise ConfigError("There is no GitHub token: give the Action `github-token`, or set GITHUB_TOKEN.")
    return GitHub(repository, token, world.env.get("GITHUB_API_URL") or "https://api.github.com", world)


def _refusal(verb: str, path: str, answer: "Response", needs: str) -> DeliveryError:
    wanted = answer.headers.get("X-Accepted-GitHub-Permissions") or needs
    sentence = f"GitHub answered {answer.status_code} to {verb} {path}"
    if answer.status_code == 404:  # noqa: PLR2004
        return MissingError(f"{sentence}; check that it exists and that the token may see it ({wanted}).")
    if answer.status_code in {401, 403}:
        return DeniedError(f"{sentence}; the token needs `{wanted}`.")
    return DeliveryError(f"{sentence}; try again later.")
