"""Logs in Grafana Loki, by its push API: `POST /loki/api/v1/push` (Loki's HTTP API reference)."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import SplitResult, unquote, urlsplit

from msgspec import Struct

from edgetpu_ci import codec, redaction
from edgetpu_ci.config.step import Variable
from edgetpu_ci.errors import ConfigError, DeliveryError, UnsetError
from edgetpu_ci.render import words
from edgetpu_ci.supply import web
from edgetpu_ci.telemetry.entry import Entry
from edgetpu_ci.telemetry.otlp.resource import SERVICE
from edgetpu_ci.transport.plain import Plain, told
from edgetpu_ci.world import World

PATH: Final = "/loki/api/v1/push"

_GOOD: Final = range(200, 300)
_MOST_WORDS: Final = 300
_MOST_READ: Final = 4_096


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`url_variable`: the variable with Loki's address, with a user and password in it where it asks for them.

    `tenant`: whose logs they are, where one Loki keeps those of several.
    """

    url_variable: Variable = "EDGETPU_CI_LOKI_URL"
    tenant: str = ""


def check(options: Options, world: World) -> None:
    """UnsetError without an address, ConfigError for one, or a tenant, that cannot be meant."""
    said = world.env.get(options.url_variable, "").strip()
    if not said:
        raise UnsetError(f"{options.url_variable} is not set; it holds the address of Loki, as http://localhost:3100.")
    if not web.host(said):
        raise ConfigError(f"{options.url_variable} is no address of the web; write it as http://localhost:3100.")
    if not (options.tenant.isascii() and options.tenant.isprintable()):
        raise ConfigError("observability.logs.aggregator.with.tenant has characters that no name of a tenant has.")


def send(options: Options, entries: Sequence[Entry], seconds: float, world: World) -> None:
    """Send entries, and whose they are; DeliveryError where Loki did not take them all."""
    parts = urlsplit(world.env[options.url_variable].strip().rstrip("/"))
    headers = {"Content-Type": "application/json", **_authorization(parts)}
    if options.tenant:
        headers["X-Scope-OrgID"] = options.tenant
    address = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
    body = codec.encode_json_line(pushed(entries, world.env))
    answer = Plain("Loki", world).post(f"{address}{PATH}", body, headers, seconds)
    if answer.status not in _GOOD:
        secrets = filter(None, (parts.password, unquote(parts.password or ""), *redaction.secrets(world.env)))
        said = words.plain(redaction.redacted(answer.data[:_MOST_READ].decode(errors="replace"), secrets), _MOST_WORDS)
        raise DeliveryError(f"Loki {told(answer)}{f': {said}' if said else ''}.")


def _authorization(parts: SplitResult) -> dict[str, str]:
    """The user and password of an address, as the header they are shown in."""
    user = unquote(parts.netloc.rpartition("@")[0])
    return {"Authorization": f"Basic {base64.b64encode(user.encode()).decode()}"} if user else {}


def pushed(entries: Sequence[Entry], env: Mapping[str, str]) -> dict[str, Any]:
    """The body: a stream for each level, whose few labels are the same in every job, so that Loki's index stays small.

    A value is a pair of texts: nanoseconds since 1970, and the line.
    """
    streams: dict[str, list[list[str]]] = {}
    for entry in entries:
        streams.setdefault(entry.level.lower(), []).append([str(entry.nanoseconds), entry.line])
    whose = {"service_name": SERVICE, "repo": env.get("GITHUB_REPOSITORY", "")}
    labels = {name: value for name, value in whose.items() if value}
    return {"streams": [{"stream": {**labels, "level": level}, "values": rows} for level, rows in streams.items()]}
