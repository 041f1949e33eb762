"""Where metrics are pushed to or read from: an address, and what opens it, from variables of the environment. Pure."""

import base64
import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from msgspec import Struct

from edgetpu_ci.errors import ConfigError, UnsetError
from edgetpu_ci.supply import web

_TOKEN: Final = re.compile("[!-~]*")


class Kind(NamedTuple):
    """A kind of service: what sentences call it, what its variables begin with, an address as an example."""

    called: str
    prefix: str
    example: str
    option: str = "--url"


class Place(Struct, frozen=True, kw_only=True):
    """One service: `name` is what sentences call it, `secrets` what none of them may repeat."""

    name: str
    url: str
    prefix: str
    headers: Mapping[str, str] = {}
    secrets: tuple[str, ...] = ()


def find(kind: Kind, env: Mapping[str, str], url: str = "") -> Place:
    """The service at `url`, or where `…_URL` says; opened by `…_TOKEN`, or by `…_USER` and `…_PASSWORD`.

    UnsetError where nothing says where it is; ConfigError for what is no address, or says twice what opens it.
    """
    address = (url or env.get(f"{kind.prefix}_URL", "")).strip().rstrip("/")
    if not address:
        raise UnsetError(
            f"{kind.prefix}_URL is not set; set it to an address like {kind.example}, or give {kind.option}."
        )
    host = web.host(address)
    if "@" in address.partition("://")[2].partition("/")[0]:
        raise ConfigError(
            f"The address of {kind.called} has a password in it; set {kind.prefix}_USER and {kind.prefix}_PASSWORD "
            "instead, they stay secret."
        )
    if not host:
        raise ConfigError(f'"{address}" is no address of {kind.called}; give one like {kind.example}.')
    headers, secrets = _opened(kind, env)
    return Place(name=f"{kind.called} at {host}", url=address, prefix=kind.prefix, headers=headers, secrets=secrets)


def _opened(kind: Kind, env: Mapping[str, str]) -> tuple[Mapping[str, str], tuple[str, ...]]:
    token, user, password = (env.get(f"{kind.prefix}_{name}", "").strip() for name in ("TOKEN", "USER", "PASSWORD"))
    if token and (user or password):
        raise ConfigError(f"{kind.prefix}_TOKEN and {kind.prefix}_USER are both set; {kind.called} is opened by one.")
    if bool(user) != bool(password):
        unset = "PASSWORD" if user else "USER"
        raise UnsetError(f"{kind.prefix}_{unset} is not set; user and password belong together.")
    if not _TOKEN.fullmatch(token):
        raise ConfigError(f"{kind.prefix}_TOKEN has blanks or characters that no token has; give it anew.")
    if token:
        return {"Authorization": f"Bearer {token}"}, (token,)
    if user:
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}, (pair, password)
    return {}, ()
