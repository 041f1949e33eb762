"""GitHub's REST API: one request at a time, repeated where that helps, its answer checked."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, Final, TypeVar

from msgspec import Struct

from edgetpu_ci import codec
from edgetpu_ci.errors import (
    ConfigError,
    DeliveryError,
    DeniedError,
    DocumentError,
    GoneError,
    LaterError,
    MissingError,
)
from edgetpu_ci.world import World

T = TypeVar("T")

BOT: Final = "github-actions[bot]"
"""Who writes with a job's own token."""

PER_PAGE = 100
MAX_PAGES = 100
_RETRIES = 3
_PATIENCE = timedelta(seconds=30)
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _GONE, _TOO_MANY, _SERVER_ERROR = 401, 403, 404, 410, 429, 500
_UNANSWERED = 0

_NEXT: Final = {
    401: "check that the token is the right one and has not expired",
    403: "give the job `permissions: {needs}`; a fork's pull request needs the two workflows of examples/fork-safe",
    404: "check that it exists and that the token may see it (`permissions: {needs}`)",
    410: "it was deleted, or what it belongs to is switched off in the repository's settings",
    422: "this version of edgetpu-ci asked for something GitHub does not take; please report it",
}
_LATER = "say it again later with `edgetpu-ci publish REPORT`"


class Answer(Struct, frozen=True, kw_only=True):
    """What GitHub answered; status 0 when it did not, with the reason as text."""

    status: int
    headers: dict[str, Any] = {}
    text: str = ""

    @property
    def limited(self) -> bool:
        """Whether this is "slow down", which GitHub says with 403 as well as with 429."""
        spent = "retry-after" in self.headers or self.headers.get("x-ratelimit-remaining") == "0"
        return self.status == _TOO_MANY or (self.status == _FORBIDDEN and spent)

    @property
    def asks(self) -> float:
        """Seconds for which it asks; 0 where it names none."""
        asked = str(self.headers.get("retry-after", ""))
        return float(asked[:9]) if asked.isdecimal() else 0.0  # More would be no time of ours.

    @property
    def passing(self) -> bool:
        """Whether the same request may succeed in a moment."""
        return self.limited or self.status >= _SERVER_ERROR or self.status == _UNANSWERED


class _User(Struct, frozen=True):
    login: str


class _Complaint(Struct, frozen=True):
    message: str = ""


class Api:
    """The API as one repository's job uses it.

    `needs` is the permission to name when it is refused, `later` what to do when it may succeed another time. `steps`
    are what to do next when it answers with a status, where that is another step than usual.
    """

    def __init__(
        self, repository: str, world: World, needs: str, later: str = _LATER, steps: Mapping[int, str] = _NEXT
    ) -> None:
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
            raise ConfigError(f'"{repository}" is no repository; set GITHUB_REPOSITORY to owner/name.')
        self.repository = f"/repos/{repository}"
        self._world = world
        self._needs = needs
        self._later = later
        self._steps = {**_NEXT, **steps}
        self._requester = world.github().requester

    @property
    def of_an_app(self) -> bool:
        """Whether the token is an app's installation's, as a job's own is: such a one has no user."""
        return self._requester.auth is not None and self._requester.auth.token.startswith("ghs_")

    def author(self, named: str) -> str:
        """The login that what we write carries: the one that is named, a job's own, or of the person with the token."""
        if named or self.of_an_app:
            return named or BOT
        try:
            return self.send("GET", "/user", _User).login
        except DeniedError:
            return BOT

    def send(self, verb: str, path: str, into: type[T], **parts: Any) -> T:  # noqa: ANN401 - `query` and `body`, as JSON
        """One request and its checked answer; DeniedError or DeliveryError says what to do next."""
        answer = self.ask(verb, path, **parts)
        try:
            return codec.decode_json(answer.text.encode() or b"null", into, f"GitHub's answer to {verb} {path}")
        except DocumentError as error:
            raise DeliveryError(str(error)) from error

    def pages(self, path: str, into: type[T], query: dict[str, Any]) -> Iterator[T]:
        """All pages of a list: a page that is not full is the last, so a short list costs one request."""
        for page in range(1, MAX_PAGES + 1):
            found = self.send("GET", path, list[into], query={**query, "per_page": PER_PAGE, "page": page})  # type: ignore[valid-type]
            yield from found
            if len(found) < PER_PAGE:
                return

    def post(self, path: str, body: object) -> None:
        """Say something that shall not stand there twice: said again only where GitHub surely did not take it."""
        self._insist("POST", path, self._patiently("POST", path, repeats=lambda answer: answer.limited, body=body))

    def delete(self, path: str) -> None:
        """Delete something; that another job was faster is fine."""
        answer = self._patiently("DELETE", path)
        if answer.status != _NOT_FOUND:
            self._insist("DELETE", path, answer)

    def ask(self, verb: str, path: str, **parts: Any) -> Answer:  # noqa: ANN401 - as `send`
        """One request and its answer as it came, when that is a good one."""
        return self._insist(verb, path, self._patiently(verb, path, **parts))

    def _patiently(
        self,
        verb: str,
        path: str,
        repeats: Callable[[Answer], bool] = lambda answer: answer.passing,
        **parts: Any,  # noqa: ANN401 - as `send`
    ) -> Answer:
        started = self._world.now()
        answer = self._try(verb, path, **parts)
        for attempt in range(_RETRIES):
            wait = _wait(answer, attempt)
            if not repeats(answer) or self._world.now() - started + timedelta(seconds=wait) > _PATIENCE:
                break
            self._world.sleep(wait)
            answer = self._try(verb, path, **parts)
        return answer

    def _insist(self, verb: str, path: str, answer: Answer) -> Answer:
        if answer.status == _UNANSWERED or answer.status >= 400:  # noqa: PLR2004 - HTTP's errors begin there
            raise self._refusal(f"{verb} {path}", answer)
        return answer

    def _try(self, verb: str, path: str, query: dict[str, Any] | None = None, body: object = None) -> Answer:
        from requests import RequestException

        try:
            status, headers, text = self._requester.requestJson(verb, path, query, input=body)
        except (RequestException, RuntimeError) as error:  # RuntimeError: a redirect to another host
            return Answer(status=_UNANSWERED, text=type(error).__name__)
        return Answer(status=status, headers=headers, text=text)

    def _refusal(self, request: str, answer: Answer) -> DeliveryError:
        if answer.status == _UNANSWERED:
            return DeliveryError(f"GitHub did not answer {request} ({answer.text}); {self._later}.")
        step = self._later if answer.passing else self._steps.get(answer.status, self._later).format(needs=self._needs)
        said = _message(self._without_token(answer.text))
        sentence = f"GitHub answered {answer.status} ({said}) to {request}; {step}."
        if answer.status in {_NOT_FOUND, _GONE}:
            return (GoneError if answer.status == _GONE else MissingError)(sentence)
        if answer.limited:
            return LaterError(sentence, answer.asks)
        denied = answer.status in {_UNAUTHORIZED, _FORBIDDEN}
        return DeniedError(sentence) if denied else DeliveryError(sentence)

    def _without_token(self, text: str) -> str:
        """Whoever answers in GitHub's place may throw it back."""
        auth = self._requester.auth
        return text.replace(auth.token, "***") if auth else text


def _wait(answer: Answer, attempt: int) -> float:
    """Seconds until the next try: as long as GitHub asks, else 1, 2, 4."""
    return answer.asks or 2.0**attempt


def _message(text: str) -> str:
    """GitHub's own words on one short line."""
    try:
        said = codec.decode_json(text.encode(), _Complaint, "").message
    except DocumentError:
        said = ""
    return " ".join(said.split())[:200] or "no reason given"
