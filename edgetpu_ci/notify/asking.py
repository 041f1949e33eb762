"""Asking a service that was told of incidents what people did about them there."""

from collections.abc import Mapping
from typing import Final, TypeVar

from msgspec import Struct

from edgetpu_ci import codec
from edgetpu_ci.errors import DeliveryError, DeniedError, DocumentError
from edgetpu_ci.notify.post import SECONDS
from edgetpu_ci.transport.answer import ERRORS, SERVER_ERRORS, TOO_MANY
from edgetpu_ci.transport.plain import Plain, told
from edgetpu_ci.world import World

T = TypeVar("T")

_GOOD: Final = 200


class Service(Struct, frozen=True, kw_only=True):
    """Who is asked: what sentences call it, its address, and what opens it; `step` is for where that does not."""

    name: str
    url: str
    headers: Mapping[str, str]
    step: str


def ask(service: Service, path: str, into: type[T], world: World) -> T:
    """What it says at a path; DeniedError where it lets us not know, DeliveryError where it does not tell now."""
    plain = Plain(service.name, world)
    answer = plain.patiently(lambda: plain.get(service.url + path, service.headers, follow=False, seconds=SECONDS))
    sentence = f"{service.name} {told(answer)} to who acknowledged what"
    if ERRORS <= answer.status < SERVER_ERRORS and answer.status != TOO_MANY:
        raise DeniedError(f"{sentence}; {service.step}.")
    if answer.status != _GOOD:
        raise DeliveryError(f"{sentence}; the next run asks again.")
    try:
        return codec.decode_foreign_json(answer.data, into, f"What {service.name} says")
    except DocumentError as error:
        raise DeliveryError(str(error)) from error
