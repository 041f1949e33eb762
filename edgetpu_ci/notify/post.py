"""One POST to somebody who is told: within a deadline, patiently, and with no secret in what is said of it."""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from edgetpu_ci.errors import DeliveryError, DeniedError, LaterError
from edgetpu_ci.render import words
from edgetpu_ci.transport import patience
from edgetpu_ci.transport.answer import ERRORS, UNANSWERED, Answer
from edgetpu_ci.transport.plain import GOOD, Plain, told
from edgetpu_ci.world import World

SECONDS: Final = 30.0
"""How long a job tries before it leaves it to the next."""

_MOST_WORDS: Final = 300


class Letter(Struct, frozen=True, kw_only=True):
    """What is sent, as JSON: `to` is what sentences call who gets it, `secrets` what none of them may repeat."""

    to: str
    url: str
    data: bytes
    headers: Mapping[str, str] = {}
    secrets: tuple[str, ...] = ()


def post(letter: Letter, world: World, quote: Callable[[Answer], str] = lambda answer: answer.words) -> Answer:
    """The answer of one who took it, after as many tries as help.

    LaterError: not before so many seconds; DeliveryError: not now. DeniedError: not so, in the words that `quote` finds
    in the answer.
    """
    plain = Plain(letter.to, world)
    headers = {"Content-Type": "application/json", **letter.headers}
    answer = plain.within(
        SECONDS,
        lambda seconds: plain.post(letter.url, letter.data, headers, seconds),
        lambda answer, attempt: patience.until_again(answer, attempt, patience.drawn(world.token())),
    )
    if answer.status not in GOOD:
        raise _refused(letter, answer, quote(answer))
    return answer


def _refused(letter: Letter, answer: Answer, said: str) -> DeliveryError:
    for secret in filter(None, letter.secrets):
        said = said.replace(secret, "***")  # Before it is cut, which could leave half of one.
    quoted = f": {words.plain(said, _MOST_WORDS)}" if said else ""
    sentence = f"{letter.to} {told(answer)}{quoted}"
    if answer.limited or answer.passing:
        later, seconds = f"{sentence}; it is tried again later.", patience.asked(answer)
        return LaterError(later, seconds) if seconds else DeliveryError(later)
    if UNANSWERED < answer.status < ERRORS:
        return DeniedError(f"{sentence}, which is no address to send to; give the one it leads to.")
    return DeniedError(f"{sentence}.")
