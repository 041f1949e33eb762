"""Access reviews in the store: each a document, the newest a named value, and the secret of their pseudonyms."""

from typing import Final

from msgspec import Struct

from edgetpu_ci import audit_log, codec, memory
from edgetpu_ci.audit_log import Act
from edgetpu_ci.errors import ConfigError, StoreError
from edgetpu_ci.upkeep import review
from edgetpu_ci.upkeep.access import Access
from edgetpu_ci.upkeep.keeper import Keeper
from edgetpu_ci.upkeep.review import Review
from edgetpu_ci.world import World

KIND: Final = "reviews"
NEWEST: Final = "access-review"
KEY: Final = "access-review-key"
VARIABLE: Final = "EDGETPU_CI_REVIEW_KEY"

_SHORTEST: Final = 16
_LONGEST: Final = 80
_TOKENS: Final = 4


class _Key(Struct, frozen=True):
    key: str


def newest(state: memory.State) -> Review | None:
    """The newest review that was signed off."""
    data = state.state(NEWEST)
    return memory.unpack(data, Review, NEWEST) if data else None


def secret(state: memory.State, world: World) -> bytes | None:
    """The secret of the pseudonyms: that of the environment, else the one in the store; None when there is none yet.

    ConfigError for one that can be guessed.
    """
    if given := world.env.get(VARIABLE, ""):
        if len(given) < _SHORTEST:
            raise ConfigError(f"{VARIABLE} is shorter than {_SHORTEST} characters; set it to a long random text.")
        return given.encode()
    data = state.state(KEY)
    return memory.unpack(data, _Key, KEY).key.encode() if data else None


def sign_off(keeper: Keeper, found: Access, role: str, world: World) -> Review:
    """Record that a role looked at `found` and agrees; ConfigError when that is no role, or nothing could be read."""
    if not role.strip() or "@" in role or len(role) > _LONGEST:
        raise ConfigError('Sign off as a role, such as "maintainer on duty": no name and no address is kept.')
    if not found.grants:
        raise ConfigError(f"There is nothing to sign off: {'; '.join(found.unread.values())}.")
    done = review.sign_off(found, secret(keeper, world) or _made(keeper, world), role.strip(), world.now())
    keeper.append(KIND, f"{done.at:%Y%m%dT%H%M%SZ}-{world.token()[:8]}", codec.encode_json(done))
    old = keeper.state(NEWEST)
    if not keeper.swap(NEWEST, old, memory.pack(done)):
        raise StoreError("Somebody else signed off a review at the same time; look at it, and sign off again.")
    audit_log.record(keeper, Act("signed off", f"access review of {done.period}", by=done.role), world)
    return done


def _made(keeper: Keeper, world: World) -> bytes:
    made = _Key("".join(world.token() for _ in range(_TOKENS)))
    if not keeper.swap(KEY, None, memory.pack(made)):
        raise StoreError("Somebody else signed off a review at the same time; look at it, and sign off again.")
    world.warn(
        f"warning: The key of the pseudonyms now lies in the store beside them, where who may read it can test which "
        f"logins they are of. Set a secret {VARIABLE} and remove the value {KEY} to keep them apart."
    )
    return made.key.encode()
