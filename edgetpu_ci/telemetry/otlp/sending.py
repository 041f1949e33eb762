"""Sending one request by OTLP within a deadline, and saying what arrived, what was rejected and what was lost."""

import gzip
import threading
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from edgetpu_ci import redaction
from edgetpu_ci.errors import DocumentError
from edgetpu_ci.render import words
from edgetpu_ci.telemetry.otlp import destination, signals
from edgetpu_ci.telemetry.otlp.destination import Destination, Signal
from edgetpu_ci.transport import patience
from edgetpu_ci.transport.answer import UNANSWERED, Answer
from edgetpu_ci.transport.plain import Plain, told
from edgetpu_ci.world import World

if TYPE_CHECKING:
    from edgetpu_ci.telemetry.otlp.signals import Request

SECONDS: Final = 2.0
"""How long a process that is done waits for a receiver."""

_GOOD: Final = range(200, 300)
_AGAIN: Final = frozenset({429, 502, 503, 504})
"""After these the same may be sent again, by the protocol; after all others it is lost."""

_PAUSE: Final = 0.25
_PACKED: Final = 6
"""The level of zlib's own choice: gzip's highest takes several times as long for the same size."""

_MOST_WORDS: Final = 300
_MOST_READ: Final = 1 << 16


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of what was sent: each thing arrived, was rejected by the receiver, or was lost.

    `why` some did not arrive, in our words and the receiver's; where all did, what it warns of.
    """

    signal: Signal
    arrived: int = 0
    rejected: int = 0
    lost: int = 0
    why: str = ""

    @property
    def sentence(self) -> str:
        """What is to be said of it; empty where all arrived and nobody warns."""
        things, all_of = signals.THINGS[self.signal], self.arrived + self.rejected + self.lost
        missing = self.rejected + self.lost
        if not missing:
            return f"All {all_of:,} {things} arrived; {self.why}." if self.why else ""
        return f"{missing:,} of {all_of:,} {things} {'were lost' if self.lost else 'were rejected'}: {self.why}."


def send(signal: Signal, request: "Request | bytes", world: World, deadline: float = SECONDS) -> Outcome:
    """What became of a request, after at most `deadline` seconds, or as many as OTEL_EXPORTER_OTLP_TIMEOUT says.

    ConfigError where a variable says what cannot be meant; UnsetError where none names a receiver.
    """
    began = world.monotonic()
    to, service = destination.find(signal, world.env), signals.service(signal)
    message = service.request.FromString(request) if isinstance(request, bytes) else request
    data = signals.encoded(message, to.coding)
    seconds = deadline if to.seconds is None else min(deadline, to.seconds)
    answer = _within(seconds - (world.monotonic() - began), to, data, world)
    return _outcome(signal, service.count(message), answer, to)


def _within(seconds: float, to: Destination, data: bytes, world: World) -> Answer:
    """The answer, or that none came in time; whoever is still waiting for it then keeps nobody."""
    answers: list[Answer] = []
    # By the name who sends logs is known: what libraries log of that is not logged.
    name = threading.current_thread().name
    thread = threading.Thread(target=lambda: answers.append(_sent(seconds, to, data, world)), name=name, daemon=True)
    thread.start()
    # The name server has no timeout of ours, and headers that drip, one each in time, have no end.
    thread.join(max(seconds, 0))
    return answers[0] if answers else Answer(status=UNANSWERED, at=world.now(), why=f"in {max(seconds, 0):.2g} s")


def _sent(seconds: float, to: Destination, data: bytes, world: World) -> Answer:
    until, attempt = world.monotonic() + seconds, 0
    plain = Plain("OTLP", world)
    coded = {"Content-Encoding": "gzip"} if to.gzip else {}
    headers = {"Content-Type": signals.CONTENT[to.coding], **coded, **to.headers}
    body = gzip.compress(data, _PACKED, mtime=0) if to.gzip else data
    while True:
        answer = plain.post(to.url, body, headers, until - world.monotonic())
        wait = _wait(answer, attempt, world)
        if wait is None or wait >= until - world.monotonic():
            return answer
        world.sleep(wait)
        attempt += 1


def _wait(answer: Answer, attempt: int, world: World) -> float | None:
    """Seconds until it may be sent again: as many as are asked for, and more each time; None when that is no help."""
    if answer.status not in _AGAIN:
        return None
    spread = 0.75 + patience.drawn(world.token()) / 2
    return max(_PAUSE * float(2**attempt) * spread, patience.asked(answer) or 0.0)


def _outcome(signal: Signal, count: int, answer: Answer, to: Destination) -> Outcome:
    content = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if answer.status not in _GOOD:
        said = signals.words(answer.data[:_MOST_READ], content)
        return Outcome(signal=signal, lost=count, why=f"{to.name} {told(answer)}{_quoted(said, to)}")
    if not answer.data:
        return Outcome(signal=signal, arrived=count)
    try:
        rejected, said = signals.partial(signal, answer.data, content)
    except DocumentError:
        # Such as the page of a proxy that says yes to everything.
        return Outcome(signal=signal, lost=count, why=f"{to.name} answered {answer.status} with what is no OTLP")
    rejected = min(max(rejected, 0), count)
    why = f"{to.name} says{_quoted(said, to)}" if said else f"{to.name} does not say why" if rejected else ""
    return Outcome(signal=signal, arrived=count - rejected, rejected=rejected, why=why)


def _quoted(said: str, to: Destination) -> str:
    """The receiver's words without what is secret: before they are cut, which could leave half of it."""
    shown = words.plain(redaction.redacted(said, to.secrets), _MOST_WORDS).rstrip(".")
    return f": {shown}" if shown else ""
