"""Slack's SDK, patient within a deadline: alone, it waits as long as it is told to, and a hang until its time-out."""

import logging
from collections.abc import Mapping
from typing import Final

from slack_sdk.http_retry.handler import RetryHandler
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState

from edgetpu_ci.world import World

SECONDS: Final = 30.0
"""How long a job tries before it leaves it to the next."""

QUIET: Final = logging.getLogger("edgetpu_ci.notify.slack")
"""Instead of the SDK's own, which tells of failures and addresses: what is to be said, we say ourselves."""
QUIET.setLevel(logging.CRITICAL + 1)

_TIMEOUT: Final = 10
_TRIES: Final = 3
_UNTAKEN: Final = frozenset({429, 503})
_PASSING: Final = _UNTAKEN | {500, 502, 504}
_REPEATABLE: Final = frozenset(
    ("chat.update", "conversations.history", "conversations.replies", "files.getUploadURLExternal")
)
"""What may be asked twice. All else would stand there twice if it was taken by one who answers that he failed."""


class Patience(RetryHandler):
    """Waits as long as Slack asks, else 1, 2, 4 s, as long as the deadline allows.

    Where nobody knows whether it was said, it does not say it again: the next run looks first.
    """

    def __init__(self, world: World) -> None:
        super().__init__(max_retry_count=_TRIES)
        self._world = world
        self._until = world.monotonic() + SECONDS

    @property
    def timeout(self) -> int:
        """Seconds after which a request is given up."""
        return max(1, min(_TIMEOUT, int(self._until - self._world.monotonic())))

    def _can_retry(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,  # noqa: ARG002 - the SDK's signature
    ) -> bool:
        method = request.url.partition("?")[0].rpartition("/")[2]
        passing = _PASSING if method in _REPEATABLE else _UNTAKEN
        if response is None or response.status_code not in passing:
            return False
        return self._world.monotonic() + _wait(state, response) < self._until

    def prepare_for_next_attempt(
        self,
        *,
        state: RetryState,
        request: HttpRequest,  # noqa: ARG002
        response: HttpResponse | None = None,
        error: Exception | None = None,  # noqa: ARG002
    ) -> None:
        """Wait."""
        self._world.sleep(_wait(state, response))
        state.next_attempt_requested = True
        state.increment_current_attempt()


def _wait(state: RetryState, response: HttpResponse | None) -> float:
    return asked(response.headers if response else {}) or 2.0**state.current_attempt


def asked(headers: Mapping[str, str | list[str]]) -> float:
    """The seconds of Retry-After; 0 where there are none."""
    found = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    text = found if isinstance(found, str) else found[0]
    return float(text) if text.isdecimal() else 0.0
