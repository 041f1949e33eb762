"""How long to wait after which answer: pure."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from edgetpu_ci.transport.answer import Answer

RETRIES: Final = 3
_MINUTE: Final = 60.0
_DRAWN: Final = 1 << 64


def pause(answer: Answer, attempt: int, drawn: float, *, divides: bool = False) -> float | None:
    """Seconds until the same may be asked again; None when that does not help.

    As long as GitHub asks, at least a minute where it does not say; else 1, 2, 4 s, spread by `drawn` (0 to 1) so
    that jobs that failed together do not come again together.
    """
    if attempt >= RETRIES:
        return None
    if answer.limited:
        seconds = asked(answer)
        return _MINUTE * 2**attempt if seconds is None else max(seconds, 1.0)
    if answer.passing and not (answer.heavy and divides):
        return 2.0**attempt * (0.75 + drawn / 2)
    return None


def until_again(answer: Answer, attempt: int, drawn: float) -> float | None:
    """The same of any service: at least as long as it asks, whatever it answered."""
    wait = pause(answer, attempt, drawn)
    return None if wait is None else max(wait, asked(answer) or 0.0)


def drawn(token: str) -> float:
    """A token of the world as a number from 0 to 1."""
    return int(token, 16) / _DRAWN


def asked(answer: Answer) -> float | None:
    """Seconds that a service asks to wait, if it says so."""
    if (seconds := _retry_after(answer)) is not None:
        return seconds
    resets = answer.number("x-ratelimit-reset")
    if not answer.exhausted or resets is None:
        return None
    # Its times are whole seconds: one more, so as not to come too early.
    return max((datetime.fromtimestamp(resets, UTC) - answer.at).total_seconds(), 0) + 1


def _retry_after(answer: Answer) -> float | None:
    """A number of seconds, or a time of day (RFC 9110, 10.2.3)."""
    if (seconds := answer.number("retry-after")) is not None:
        return float(seconds)
    try:
        until = parsedate_to_datetime(answer.headers.get("retry-after", ""))
    except ValueError:
        return None
    return max((until.replace(tzinfo=until.tzinfo or UTC) - answer.at).total_seconds(), 0.0)
