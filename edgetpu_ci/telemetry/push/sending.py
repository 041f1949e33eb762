"""One request to a service that keeps metrics: within a deadline, patiently, and in its words where it refuses."""

import gzip
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeVar
from urllib.parse import urlencode

from msgspec import Struct

from edgetpu_ci import codec, redaction
from edgetpu_ci.errors import DeliveryError, DeniedError, DocumentError
from edgetpu_ci.render import words
from edgetpu_ci.telemetry.push.place import Place
from edgetpu_ci.transport import body, patience
from edgetpu_ci.transport.answer import ERRORS, FORBIDDEN, UNANSWERED, UNAUTHORIZED, Answer
from edgetpu_ci.transport.plain import GOOD, Plain, told
from edgetpu_ci.world import World

T = TypeVar("T")

SECONDS: Final = 30.0
"""How long one request is tried, with all its repetitions."""

NO_STEPS: Final[Mapping[str, str]] = MappingProxyType({})
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_MOST_READ: Final = 1 << 16
_MOST_WORDS: Final = 300


class Parcel(Struct, frozen=True, kw_only=True):
    """What is sent to a path below the place; with `put` it takes the place of all that is there.

    `steps` say what to do about an answer, by what stands in it; one of those is never tried again.
    """

    path: str
    data: bytes
    headers: Mapping[str, str]
    put: bool = False
    steps: Mapping[str, str] = NO_STEPS


def packed(data: bytes) -> bytes:
    """Data as it is sent with `Content-Encoding: gzip`: the fastest level, for it is read once."""
    return gzip.compress(data, compresslevel=1, mtime=0)


def send(parcel: Parcel, place: Place, world: World) -> None:
    """Deliver it; DeliveryError where it was not taken in time, DeniedError where it never will be."""
    url, headers = place.url + parcel.path, {**parcel.headers, **place.headers}

    def sent(plain: Plain, seconds: float) -> Answer:
        return (plain.put if parcel.put else plain.post)(url, parcel.data, headers, seconds)

    _answered(sent, place, world, parcel.steps)


def ask(place: Place, path: str, form: Mapping[str, str | list[str]], world: World) -> bytes:
    """What a place answers to a form; DeliveryError where it does not."""
    data, headers = urlencode(form, doseq=True).encode(), {**_FORM, **place.headers}
    return _answered(lambda plain, seconds: plain.post(place.url + path, data, headers, seconds), place, world)


def get(place: Place, path: str, world: World) -> bytes:
    """The same at an address that is only read."""
    url = place.url + path
    return _answered(lambda plain, seconds: plain.get(url, place.headers, follow=False, seconds=seconds), place, world)


def decode(data: bytes, into: type[T], place: Place) -> T:
    """What a place says, read; DeliveryError where it is nothing of the kind."""
    try:
        return codec.decode_json(data, into, f"What {place.name} answered", body.MOST_BYTES)
    except DocumentError as error:
        raise DeliveryError(f"{error} Is that its address?") from error


def number(said: str, place: Place) -> float:
    """A value that a place says as text; DeliveryError where it is none."""
    try:
        return float(said)
    except ValueError as error:
        raise DeliveryError(f"{place.name} has {words.plain(said)!r} for a value. Is that its address?") from error


def _answered(
    ask: Callable[[Plain, float], Answer], place: Place, world: World, steps: Mapping[str, str] = NO_STEPS
) -> bytes:
    def wait(answer: Answer, attempt: int) -> float | None:
        if _step(answer, steps):
            return None
        return patience.until_again(answer, attempt, patience.drawn(world.token()))

    plain = Plain(place.name, world)
    answer = plain.within(SECONDS, lambda seconds: ask(plain, seconds), wait)
    if answer.status not in GOOD:
        raise _refused(place, answer, steps)
    return answer.data


def _refused(place: Place, answer: Answer, steps: Mapping[str, str]) -> DeliveryError:
    said = words.plain(redaction.redacted(_said(answer), place.secrets), _MOST_WORDS).rstrip(".")
    sentence = f"{place.name} {told(answer)}{f': {said}' if said else ''}"
    if step := _step(answer, steps):
        return DeniedError(f"{sentence}; {step}.")
    if answer.status == UNANSWERED:
        return DeliveryError(f"{sentence}; check its address, or push again later.")
    if answer.limited or answer.passing:
        return DeliveryError(f"{sentence}; push again later.")
    if UNANSWERED < answer.status < ERRORS:
        return DeniedError(f"{sentence}, which is no address to push to; give the one it leads to.")
    if answer.status in {UNAUTHORIZED, FORBIDDEN}:
        return DeniedError(
            f"{sentence}; check {place.prefix}_TOKEN, or {place.prefix}_USER and {place.prefix}_PASSWORD."
        )
    return DeniedError(f"{sentence}; check its address, and that it takes this.")


def _step(answer: Answer, steps: Mapping[str, str]) -> str:
    """What to do about an answer that trying again does not help."""
    said = _said(answer) if answer.status >= ERRORS else ""
    return next((step for part, step in steps.items() if part in said), "")


def _said(answer: Answer) -> str:
    return answer.data[:_MOST_READ].decode(errors="replace")
