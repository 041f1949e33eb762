"""Any program that takes a POST: what became of an incident as JSON, signed."""

from typing import Final

import msgspec
from msgspec import Struct

from edgetpu_ci.config.step import Variable
from edgetpu_ci.errors import ConfigError, DeniedError
from edgetpu_ci.incidents.record import Notice, Receipt
from edgetpu_ci.notify.post import Letter, post
from edgetpu_ci.render import webhook
from edgetpu_ci.supply import web
from edgetpu_ci.world import World

SIGNATURE: Final = "X-EdgeTPU-CI-Signature-256"
TIMESTAMP: Final = "X-EdgeTPU-CI-Timestamp"
DELIVERY: Final = "X-EdgeTPU-CI-Delivery"
_LEAST_SECRET: Final = 16


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The names of the variables with the address and with the secret that deliveries are signed with."""

    url: Variable = "EDGETPU_CI_WEBHOOK_URL"
    secret: Variable = "EDGETPU_CI_WEBHOOK_SECRET"  # noqa: S105 - the name of a variable


def check(options: Options, world: World) -> None:
    """ConfigError for what is not set, no address, and a secret that could be guessed."""
    if found := fault(options, options.url, world):
        raise ConfigError(found)


def address(options: Options, labels: dict[str, str], channel: str) -> str:  # noqa: ARG001 - as all notifiers have it
    """The variable with the address."""
    return options.url


def tell(options: Options, notice: Notice, world: World) -> Receipt:
    """One delivery; its id is the intent's, so that who heard it before knows."""
    if found := fault(options, notice.address, world):
        raise DeniedError(found)
    url, secret = world.env[notice.address].strip(), world.env[options.secret].strip()
    timestamp = f"{world.now().timestamp():.0f}"
    data = msgspec.json.encode(webhook.delivery(notice))
    letter = Letter(
        to=f"The webhook of {notice.address}",
        url=url,
        data=data,
        headers={
            SIGNATURE: webhook.signature(secret, timestamp, data),
            TIMESTAMP: timestamp,
            DELIVERY: notice.intent.id,
        },
    )
    # Whoever it is may throw back the address or the secret in any disguise: none of its words are repeated.
    post(letter, world, lambda _: "")
    return Receipt(ref=notice.address, at=world.now(), said=notice.incident.change)


def fault(options: Options, address: str, world: World) -> str:
    """Why nothing can be sent to the address in a variable, as a sentence that says no secret; empty when it can."""
    if not web.host(world.env.get(address, "").strip()):
        return f"{address} is not set to an address of the web; it holds where the webhook goes."
    if len(world.env.get(options.secret, "").strip()) < _LEAST_SECRET:
        return f"{options.secret} is not set, or has fewer than {_LEAST_SECRET} characters; it signs the webhook."
    return ""
