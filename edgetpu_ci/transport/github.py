"""GitHub's API as a reader uses it: REST and GraphQL, counted, repeated where that helps, its answers checked."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, Protocol, TypeVar
from urllib.parse import urljoin, urlsplit

from msgspec import structs

from edgetpu_ci import codec
from edgetpu_ci.errors import (
    ConfigError,
    DeliveryError,
    DeniedError,
    DocumentError,
    EdgeTpuCiError,
    MissingError,
    UnsetError,
)
from edgetpu_ci.ledger import AT_ONCE
from edgetpu_ci.transport import graphql, outage, refusal
from edgetpu_ci.transport.access import Access
from edgetpu_ci.transport.adaptive import PageSize, fitting
from edgetpu_ci.transport.answer import ACCEPTED, ERRORS, UNANSWERED, Answer, Query, Request
from edgetpu_ci.transport.asking import Asking
from edgetpu_ci.transport.body import MOST_BYTES
from edgetpu_ci.transport.exchange import Wire
from edgetpu_ci.world import World

T = TypeVar("T")

MOST_PAGES: Final = 400
"""GitHub ends an unfiltered list of runs at 40,000 of them."""

_MOST_HOPS: Final = 3
_REPOSITORY: Final = re.compile(r"[\w.-]+/[\w.-]+")
_REDIRECTS: Final = frozenset({301, 302, 307, 308})


class Getting(Protocol):
    """Who can be asked for one thing."""

    repository: str

    def get(self, path: str, into: type[T], *, needs: str, query: Query | None = None) -> T:
        """As of GitHub."""


class GitHub:
    """The API as one job reads it. `repository` is owner/name; paths are whole: `/repos/{repository}/actions/runs`.

    All readers of a world share its ledger: BudgetError from any of them when that says it is enough.
    """

    def __init__(self, repository: str, access: Access, url: str, world: World) -> None:
        self.repository = repository
        self._url = url.rstrip("/")
        self._access = access
        self._asking = Asking(self._send, world)
        self._wire = Wire(access.bearer, world.now)
        self._answers = world.ledger.answers

    @property
    def by(self) -> str:
        """The name of the variable that opens it: what another token may is not known."""
        return self._access.name

    def get(self, path: str, into: type[T], *, needs: str, query: Query | None = None) -> T:
        """One answer, decoded; `needs` is the permission to name when it is refused, such as "actions: read".

        MissingError when there is nothing, DeniedError when the token may not, BudgetError when no more may be asked,
        DeliveryError when nothing came.
        """
        return self._decoded(self._got(f"{self._url}{path}", path, needs, query).data, into, f"GET {path}")

    def once(self, path: str, into: type[T], *, needs: str, query: Query | None = None) -> T:
        """The same, of what several ask for in one run: GitHub is asked by the first of them."""
        known, name = self._answers, f"{path} {sorted((query or {}).items())}"
        if name not in known:
            try:
                known[name] = self._got(f"{self._url}{path}", path, needs, query).data
            except (DeniedError, MissingError) as error:
                known[name] = error
        if isinstance(found := known[name], DeliveryError):
            raise found
        return self._decoded(found, into, f"GET {path}")

    def pages(self, path: str, into: type[T], *, needs: str, query: Query | None = None) -> Iterator[T]:
        """Every page of a list, each decoded as `into`, following GitHub's links; 100 items a page."""
        params: Query | None = {"per_page": 100, **(query or {})}
        url = f"{self._url}{path}"
        for _ in range(MOST_PAGES):
            answer = self._got(url, path, needs, params)
            yield self._decoded(answer.data, into, f"GET {path}")
            if not (further := _next(answer)):
                return
            url, params = self._ours(further, url), None
        raise DeliveryError(f"GitHub's list {path} has more than {MOST_PAGES} pages; only those were read.")

    def graphql(  # noqa: PLR0913 - by name, and most have a default
        self,
        query: str,
        variables: Mapping[str, object],
        into: type[T],
        *,
        needs: str,
        size: PageSize | None = None,
        divides: bool = False,
        missing: Callable[[str], object] | None = None,
    ) -> T:
        """What a GraphQL query found.

        With `size`, `$first` is what that says, and less when it was too much. Who asks for less by other means says
        that it `divides`, and has TooHeavyError at once; others have it when the same was asked again in vain. Parts
        that GitHub does not show are an error, unless `missing` is there to be told a sentence for each.
        """
        if size is None:
            return self._queried(query, variables, into, needs, missing, divides=divides)
        return fitting(
            lambda first: self._queried(query, {**variables, "first": first}, into, needs, missing, divides=True), size
        )

    def gather(self, asks: Sequence[Callable[[], T]]) -> list[T | EdgeTpuCiError]:
        """Several answers, at most four asked for at a time, in order; in place of one that failed, why."""
        from concurrent.futures import ThreadPoolExecutor

        def tried(ask: Callable[[], T]) -> T | EdgeTpuCiError:
            try:
                return ask()
            except EdgeTpuCiError as error:
                return error

        with ThreadPoolExecutor(AT_ONCE) as threads:
            return list(threads.map(tried, asks))

    def _queried(
        self,
        query: str,
        variables: Mapping[str, object],
        into: type[T],
        needs: str,
        missing: Callable[[str], object] | None,
        *,
        divides: bool,
    ) -> T:
        answer = self._good(
            Request(
                verb="POST",
                url=f"{self._url.removesuffix('/v3')}/graphql",
                path="GraphQL",
                resource="graphql",
                body={"query": graphql.with_rate(query), "variables": dict(variables)},
                divides=divides,
            ),
            needs,
        )
        found = self._checked(lambda: graphql.found(answer))
        if error := graphql.refused(found, needs, may_lack=missing is not None):
            raise self._told(error)
        for fault in found.errors or ():
            if missing:
                missing(self._access.hidden(f"GitHub does not show {fault.sentence}"))
        return self._decoded(bytes(found.data), into, "GraphQL")

    def _got(self, url: str, path: str, needs: str, query: Query | None) -> Answer:
        resource = "search" if path.startswith("/search/") else "core"
        return self._good(Request(verb="GET", url=url, path=path, resource=resource, query=query), needs)

    def _good(self, request: Request, needs: str) -> Answer:
        """The answer, when it is a good one; what has moved on the same host is followed."""
        answer = self._asking.ask(request)
        for _ in range(_MOST_HOPS):
            if answer.status not in _REDIRECTS or request.verb != "GET":
                break
            there = self._ours(answer.headers.get("location", ""), request.url)
            request = structs.replace(request, url=there, query=None)
            answer = self._asking.ask(request)
        if outage.is_page(answer):
            page = DeliveryError(f"{urlsplit(self._url).netloc} {outage.PAGE_STEP}.")
            raise self._asking.refused(request, answer, page)
        if answer.status in {UNANSWERED, ACCEPTED} or answer.status >= 300 or answer.said:  # noqa: PLR2004 - not HTTP's 2xx
            error = self._told(refusal.of(answer, f"{request.verb} {request.path}", needs))
            raise self._asking.refused(request, answer, error)
        self._asking.answered(request)
        return answer

    def _send(self, request: Request, left: Callable[[], float]) -> Answer:
        answer = self._wire.send(request, left)
        return graphql.weighed(answer) if request.resource == "graphql" and answer.status < ERRORS else answer

    def _ours(self, given: str, base: str) -> str:
        """An address GitHub gave in an answer to `base`, if it is on the host that may see the token."""
        try:
            url = urljoin(base, given)
            there, here = urlsplit(url), urlsplit(self._url)
        except ValueError:
            raise DeliveryError("GitHub points to an address that is none; check GITHUB_API_URL.") from None
        if (there.scheme, there.netloc) != (here.scheme, here.netloc):
            where = f"GitHub points to another host ({there.netloc}), where the token must not go"
            raise self._told(DeliveryError(f"{where}; check GITHUB_API_URL."))
        return url

    def _decoded(self, data: bytes, into: type[T], what: str) -> T:
        return self._checked(lambda: codec.decode_json(data or b"null", into, f"GitHub's answer to {what}", MOST_BYTES))

    def _checked(self, decode: Callable[[], T]) -> T:
        try:
            return decode()
        except DocumentError as error:
            raise self._told(DeliveryError(str(error))) from None

    def _told(self, error: DeliveryError) -> DeliveryError:
        """An error that says nothing of our secrets."""
        error.args = (self._access.hidden(str(error)),)
        return error


def connect(world: World) -> GitHub:
    """GitHub as this job knows it: GITHUB_REPOSITORY, GITHUB_API_URL, and what `access` finds to open it.

    UnsetError without a repository or a token, ConfigError for what is none.
    """
    repository = world.env.get("GITHUB_REPOSITORY", "")
    if not _REPOSITORY.fullmatch(repository):
        raise UnsetError(f'"{repository}" is no repository; set GITHUB_REPOSITORY to owner/name.')
    url = world.env.get("GITHUB_API_URL") or "https://api.github.com"
    if not _is_address(url):
        raise ConfigError(f'GITHUB_API_URL is "{url}", which is no address; give one such as https://api.github.com.')
    return GitHub(repository, Access(world.env, repository, url), url, world)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _next(answer: Answer) -> str:
    """Where a list goes on; empty at its end."""
    from requests.utils import parse_header_links

    links = parse_header_links(answer.headers.get("link", ""))
    return next((link["url"] for link in links if link.get("rel") == "next"), "")
