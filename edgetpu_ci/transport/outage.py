"""A service that is down, or does not know our token, is found to be so once; the rest of a run asks it no more."""

import re
from typing import Final
from urllib.parse import urlsplit

from edgetpu_ci.errors import DeliveryError, DownError, TokenError
from edgetpu_ci.transport.answer import SERVER_ERRORS, UNANSWERED, UNAUTHORIZED, Answer, Request
from edgetpu_ci.world import World

PAGE_STEP: Final = "answered a web page, no JSON; check GITHUB_API_URL"

_ENOUGH: Final = 3
"""So many endpoints in vain, one after the other, say that a service is down that answered before."""

_AT_ONCE: Final = 1
_AT_FIRST: Final = 2
"""And so many one that never did: 5xx is sooner an endpoint's own than what no answer at all, or 401, says."""


def check(world: World, url: str) -> None:
    """DownError with the sentence it was found down with."""
    if error := world.ledger.outage(_host(url)).error:
        raise type(error)(str(error))


def is_page(answer: Answer) -> bool:
    """Whether this is what a browser gets: no error of an API that is there has one below 500."""
    is_text = "html" in answer.headers.get("content-type", "") and answer.data.lstrip().startswith(b"<")
    return UNANSWERED < answer.status < SERVER_ERRORS and is_text


def answered(world: World, request: Request) -> None:
    """A service answered as one does that is up."""
    known = world.ledger.outage(_host(request.url))
    known.was_up = True
    known.in_vain.clear()


def refused(world: World, request: Request, answer: Answer, error: DeliveryError) -> DeliveryError:
    """What to raise for an answer that is none: its own error, or that the service is asked no more."""
    if not _is_in_vain(answer):
        answered(world, request)
        return error
    known = world.ledger.outage(_host(request.url))
    if not (answer.heavy and request.divides):
        known.in_vain.add(re.sub(r"\d+", "N", request.path))
    enough = _ENOUGH if known.was_up else _AT_FIRST if answer.status >= SERVER_ERRORS else _AT_ONCE
    if len(known.in_vain) < enough:
        return error
    kind = TokenError if answer.status == UNAUTHORIZED else DownError
    if known.error is None:
        known.error = kind(str(error))
        world.warn(f"{error} This run asks it nothing more.")
    return kind(str(known.error))


def _is_in_vain(answer: Answer) -> bool:
    is_no_answer = answer.status in {UNANSWERED, UNAUTHORIZED} or answer.status >= SERVER_ERRORS
    return (is_no_answer and not answer.limited) or is_page(answer)


def _host(url: str) -> str:
    return urlsplit(url).netloc
