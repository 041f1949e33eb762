"""Where a signal goes, by OpenTelemetry's own variables (specification: OpenTelemetry Protocol Exporter)."""

import re
from collections.abc import Mapping
from typing import Final, Literal
from urllib.parse import SplitResult, unquote, urlsplit

from msgspec import Struct

from edgetpu_ci.errors import ConfigError, UnsetError
from edgetpu_ci.supply import web

Signal = Literal["traces", "metrics", "logs"]
Coding = Literal["protobuf", "json"]

_ALL: Final = "OTEL_EXPORTER_OTLP_"
_FIELD: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_LONG: Final = 12
"""A part of a path with so many characters may be a key."""

_SHORT: Final = 4
"""A value with fewer is no secret, and would be found in any word."""


class Destination(Struct, frozen=True, kw_only=True):
    """An address and what is shown there: at most so many seconds, if somebody says; no word repeats `secrets`."""

    url: str
    name: str
    headers: Mapping[str, str]
    coding: Coding = "protobuf"
    gzip: bool = True
    seconds: float | None = None
    secrets: tuple[str, ...] = ()


def is_disabled(env: Mapping[str, str]) -> bool:
    """Whether OTEL_SDK_DISABLED switches all of it off."""
    return env.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"


def is_wanted(signal: Signal, env: Mapping[str, str]) -> bool:
    """Whether a signal has somewhere to go, and is not switched off."""
    return not is_disabled(env) and bool(_of(signal, "ENDPOINT", env)[1])


def find(signal: Signal, env: Mapping[str, str]) -> Destination:
    """Where a signal goes; ConfigError for what cannot be meant, UnsetError where no address is set."""
    url, parts = _address(signal, env)
    headers, raw = _headers(signal, env)
    return Destination(
        url=url,
        name=parts.netloc,
        headers=headers,
        coding=_coding(signal, env),
        gzip=_is_gzip(signal, env),
        seconds=_seconds(signal, env),
        secrets=_secrets(parts, (*headers.values(), *raw)),
    )


def _of(signal: Signal, setting: str, env: Mapping[str, str]) -> tuple[str, str]:
    """The variable that holds for a signal, and what it says: its own, else the common one."""
    own, common = f"{_ALL}{signal.upper()}_{setting}", f"{_ALL}{setting}"
    said = env.get(own, "").strip()
    return (own, said) if said else (common, env.get(common, "").strip())


def _address(signal: Signal, env: Mapping[str, str]) -> tuple[str, SplitResult]:
    variable, said = _of(signal, "ENDPOINT", env)
    if not said:
        raise UnsetError(f"{variable} is not set; it holds the address of an OTLP receiver, as http://localhost:4318.")
    if not web.host(said):
        raise ConfigError(f"{variable} is no address of the web; write it as http://localhost:4318.")
    # The address of one signal is taken as it stands; below the common one each has a path of its own.
    parts = urlsplit(said)
    if variable == f"{_ALL}ENDPOINT":
        parts = parts._replace(path=f"{parts.path.rstrip('/')}/v1/{signal}")
    if "@" in parts.netloc:
        raise ConfigError(f"{variable} has a password in it; give it in {_ALL}HEADERS, as Authorization=Basic%20….")
    return parts.geturl(), parts


def _headers(signal: Signal, env: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The headers (`key=value,key=value`, with percent-encoding), and their values as they stand there."""
    variable, said = _of(signal, "HEADERS", env)
    written = [pair for pair in said.split(",") if pair.strip()]
    pairs = [pair.partition("=")[::2] for pair in written]
    headers = {unquote(key.strip()): unquote(value.strip()) for key, value in pairs}
    are_plain = all(_FIELD.fullmatch(key) and _is_plain(value) for key, value in headers.items())
    if not are_plain or not all("=" in pair for pair in written):
        raise ConfigError(f"{variable} has what is no header; write it as name=value,name=value, with %20 for a blank.")
    return headers, tuple(value.strip() for _, value in pairs)


def _is_plain(value: str) -> bool:
    return value.isascii() and value.isprintable()


def _coding(signal: Signal, env: Mapping[str, str]) -> Coding:
    variable, said = _of(signal, "PROTOCOL", env)
    if said in {"", "http/protobuf"}:
        return "protobuf"
    if said == "http/json":
        return "json"
    rather = "; receivers that speak gRPC on port 4317 take http/protobuf on 4318" if said == "grpc" else ""
    raise ConfigError(f"{variable} is neither http/protobuf nor http/json{rather}.")


def _is_gzip(signal: Signal, env: Mapping[str, str]) -> bool:
    variable, said = _of(signal, "COMPRESSION", env)
    if said not in {"", "gzip", "none"}:
        raise ConfigError(f"{variable} is neither gzip nor none.")
    return said != "none"


def _seconds(signal: Signal, env: Mapping[str, str]) -> float | None:
    """By the specification these are milliseconds, and 0 is no limit."""
    variable, said = _of(signal, "TIMEOUT", env)
    if not re.fullmatch(r"[0-9]{0,9}", said):
        raise ConfigError(f"{variable} is no number of milliseconds.")
    return int(said) / 1000 if said.strip("0") else None


def _secrets(parts: SplitResult, values: tuple[str, ...]) -> tuple[str, ...]:
    """All that nobody shall read, longest first: of a part that is taken out first the rest would stay."""
    shown = {part for value in values for part in (value, *value.split()) if len(part) >= _SHORT}
    hidden = {part for part in parts.path.split("/") if len(part) >= _LONG} | {parts.query}
    return tuple(sorted(filter(None, shown | hidden), key=len, reverse=True))
