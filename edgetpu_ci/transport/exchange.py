"""One request and its answer over HTTP: capped, timed, to one host only."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from queue import Empty, LifoQueue
from typing import TYPE_CHECKING, Final

from edgetpu_ci import __version__
from edgetpu_ci.errors import DeliveryError
from edgetpu_ci.transport import body, straight
from edgetpu_ci.transport.answer import UNANSWERED, Answer, Request

if TYPE_CHECKING:
    from requests import PreparedRequest, Session

_TIMEOUT: Final = 20.0
_HEADERS: Final = {
    "Accept": "application/vnd.github+json",
    "X-GitHub-Api-Version": "2022-11-28",
    "User-Agent": f"edgetpu-ci/{__version__}",
}


class Wire:
    """Connections to a host, kept open; no two threads share one. `now` is our clock where the host tells none."""

    def __init__(self, bearer: Callable[[], str], now: Callable[[], datetime]) -> None:
        self._bearer = bearer
        self._now = now
        self._idle: LifoQueue[Session] = LifoQueue()

    def send(self, request: Request, left: Callable[[], float]) -> Answer:
        """The answer as it came, status 0 when none did in the seconds `left`; it leads nowhere by itself.

        DeliveryError when it is larger than anything we ask for.
        """
        from requests import RequestException

        # As `auth`, for a header of ours would give way to whatever stands in a .netrc.
        def show(prepared: "PreparedRequest") -> "PreparedRequest":
            prepared.headers["Authorization"] = f"Bearer {self._bearer()}"
            return prepared

        try:
            with (
                self._session() as session,
                session.request(
                    request.verb,
                    request.url,
                    params=request.query,
                    json=request.body,
                    auth=show,
                    timeout=max(min(_TIMEOUT, left()), 0.01),
                    stream=True,
                    allow_redirects=False,
                ) as response,
            ):
                data = body.read(response, left)
        except RequestException as error:
            return Answer(status=UNANSWERED, at=self._now(), why=type(error).__name__)
        if data is None:
            what = f"{request.verb} {request.path}"
            raise DeliveryError(f"GitHub's answer to {what} has more than {body.MOST_BYTES:,} bytes.")
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(status=response.status_code, at=self._time(headers), headers=headers, data=data)

    def _time(self, headers: dict[str, str]) -> datetime:
        try:
            return parsedate_to_datetime(headers.get("date", "")).astimezone(UTC)
        except (ValueError, OverflowError):
            return self._now()

    @contextmanager
    def _session(self) -> "Iterator[Session]":
        try:
            session = self._idle.get_nowait()
        except Empty:
            session = straight.session()
            session.headers.update(_HEADERS)
        try:
            yield session
        finally:
            self._idle.put(session)
