"""Services that are not GitHub: capped, timed, and counted in the ledger."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct

from edgetpu_ci import __version__
from edgetpu_ci.ledger import AT_ONCE, Asked
from edgetpu_ci.transport import body, budget, straight
from edgetpu_ci.transport.answer import SERVER_ERRORS, TOO_MANY, UNANSWERED, Answer
from edgetpu_ci.world import World

if TYPE_CHECKING:
    from requests import PreparedRequest, Response, Session

    _Read = Callable[[Response], bytes | None]

T = TypeVar("T")

TRIES: Final = 3
GOOD: Final = range(200, 300)
ENOUGH: Final = 5
"""So many answers in vain say that a service is down."""

_TIMEOUT: Final = 20.0
_LONGEST: Final = 120.0
"""Seconds for a whole answer, however steadily it drips."""

_PAUSE: Final = 2.0


class _Request(Struct, frozen=True, kw_only=True):
    """One request, and how long its service may be silent."""

    url: str
    verb: str = "GET"
    headers: Mapping[str, str] = {}
    data: bytes = b""
    follow: bool = True
    seconds: float = _TIMEOUT

    def show(self, prepared: "PreparedRequest") -> "PreparedRequest":
        """The headers, last: one that proves who we are would give way to whatever stands in a .netrc."""
        prepared.headers.update(self.headers)
        return prepared


class Plain:
    """One service; `name` is its resource in the ledger, such as "package index".

    `in_vain` counts what was asked patiently and not answered: a service that is down must not cost hours.
    """

    def __init__(self, name: str, world: World) -> None:
        self._name = name
        self._world = world
        self._of_thread = threading.local()
        self.in_vain = 0

    def get(
        self, url: str, headers: Mapping[str, str] | None = None, *, follow: bool = True, seconds: float = _LONGEST
    ) -> Answer:
        """The answer as it came, after redirects if `follow`; status 0 when none did in time, or more than is read."""
        asked = _Request(url=url, headers=headers or {}, follow=follow)
        return self._once(asked, self._whole(seconds))

    def post(self, url: str, data: bytes, headers: Mapping[str, str], seconds: float) -> Answer:
        """The answer to what is sent, in so many seconds, and nowhere else. A path may be a secret: none is noted."""
        asked = _Request(verb="POST", url=url, headers=headers, data=data, follow=False, seconds=seconds)
        return self._once(asked, self._whole(seconds))

    def put(self, url: str, data: bytes, headers: Mapping[str, str], seconds: float) -> Answer:
        """The same of what takes the place of all that is there."""
        asked = _Request(verb="PUT", url=url, headers=headers, data=data, follow=False, seconds=seconds)
        return self._once(asked, self._whole(seconds))

    def begin(self, url: str) -> Answer:
        """The same of a file, of which no more than its first byte is wanted."""
        asked = _Request(url=url, headers={"Range": "bytes=0-0"})
        return self._once(asked, lambda response: next(response.iter_content(1), b""))

    def patiently(self, ask: Callable[[], Answer]) -> Answer:
        """What `ask` brings, asked again after a pause, twice at most, where that may help."""
        answer = ask()
        for attempt in range(1, TRIES):
            if not _may_pass(answer):
                break
            self._world.sleep(_PAUSE * attempt)
            answer = ask()
        self.in_vain += _may_pass(answer)
        return answer

    def within(
        self, seconds: float, ask: Callable[[float], Answer], wait: Callable[[Answer, int], float | None]
    ) -> Answer:
        """What `ask` brings in the seconds it is given: a good answer, or the last after which it is no use to `wait`.

        `wait` says how many seconds until it may be asked again, after so many attempts; None where that is no help.
        """
        until, attempt = self._world.monotonic() + seconds, 0
        while True:
            answer = ask(until - self._world.monotonic())
            pause = None if answer.status in GOOD else wait(answer, attempt)
            if pause is None or pause >= until - self._world.monotonic():
                return answer
            self._world.sleep(pause)
            attempt += 1

    def gather(self, asks: Sequence[Callable[[], T]]) -> list[T]:
        """Several answers in order, at most four asked for at a time."""
        with ThreadPoolExecutor(AT_ONCE) as threads:
            return list(threads.map(lambda ask: ask(), asks))

    def _whole(self, seconds: float) -> "_Read":
        until = self._world.monotonic() + seconds
        return partial(body.read, left=lambda: until - self._world.monotonic())

    def _once(self, asked: "_Request", read: "_Read") -> Answer:
        began = self._world.monotonic()
        answer = self._sent(asked, read)
        ended = self._world.monotonic()
        self._world.ledger.change(self._name, lambda account: budget.answered(account, answer, ended))
        self._world.ledger.note(
            Asked(
                verb=asked.verb,
                path=_parts(asked.url).path if asked.verb == "GET" else "",
                status=answer.status,
                ms=round((ended - began) * 1000),
                resource=self._name,
                cost=answer.cost,
            )
        )
        return answer

    def _sent(self, asked: "_Request", read: "_Read") -> Answer:
        from requests import RequestException

        at = self._world.now()
        try:
            with self._session(follow=asked.follow).request(
                asked.verb,
                asked.url,
                data=asked.data,
                auth=asked.show,
                timeout=max(min(_TIMEOUT, asked.seconds), 0.01),
                stream=True,
                allow_redirects=asked.follow,
            ) as response:
                data = read(response)
        except (RequestException, OSError, ValueError) as error:
            return Answer(status=UNANSWERED, at=at, why=type(error).__name__)
        if data is None:
            return Answer(status=UNANSWERED, at=at, why=f"more than {body.MOST_BYTES:,} bytes")
        known = {name.lower(): value for name, value in response.headers.items()}
        return Answer(status=response.status_code, at=at, headers=known, data=data)

    def _session(self, *, follow: bool) -> "Session":
        import requests

        name = "session" if follow else "straight"
        if not hasattr(self._of_thread, name):
            session = requests.Session() if follow else straight.session()
            session.headers["User-Agent"] = f"edgetpu-ci/{__version__}"
            setattr(self._of_thread, name, session)
        known: Session = getattr(self._of_thread, name)
        return known


def _may_pass(answer: Answer) -> bool:
    """Whether the same may be answered in a moment: nobody did, the service failed, or asks to wait."""
    return answer.status in {UNANSWERED, TOO_MANY} or answer.status >= SERVER_ERRORS


def told(answer: Answer) -> str:
    """An answer that is none, in a few words: "answered 503", "did not answer (ConnectTimeout)"."""
    return f"answered {answer.status}" if answer.status else f"did not answer ({answer.why})"


def host(url: str) -> str:
    """Whose address it is, without what may be a password in it."""
    return _parts(url).hostname or "no host"


def _parts(url: str) -> SplitResult:
    """Of an address that somebody else may have written; empty ones of what is none."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")
