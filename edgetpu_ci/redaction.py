"""Text without secrets, before it is written where others read it. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

GONE: Final = "***"

_NAMES: Final = re.compile(
    "TOKEN|SECRET|PASSW|CREDENTIAL|AUTH(?!OR(?!I))|WEBHOOK|PAGERDUTY|(^|_)(PAT|PASS|KEY|DSN)($|_)|APIKEY|_PWD$",
    re.IGNORECASE,
)
_SHORTEST: Final = 6
_SHAPES: Final = (
    re.compile(
        r"\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|xox[a-z]-[\w-]{10,}|(?:AKIA|ASIA)[A-Z0-9]{16}"
        # The key of an integration of PagerDuty, and a token of its API.
        r"|pypi-AgE[\w-]{10,}|R0[0-9A-Z]{30}\b|u\+[\w-]{18}\b"
        r"|eyJ[\w-]{8,}\.eyJ[\w-]{8,}(?:\.[\w-]*)?)"
    ),
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(r"(?<=://)[^\s/@:]*:[^\s/@]+(?=@)"),
    re.compile(r"(?<=hooks\.slack\.com/)\S+"),
    re.compile(r"(?i)(?<=authorization: )\S+ ?\S*"),
    re.compile(r"(?i)\b(?<=bearer )[\w.~+/=-]{6,}"),
    # A word after it ("basic training") is no secret: that has more than small letters in it.
    re.compile(r"\b(?<=[Bb]asic )(?=\S*[A-Z0-9=])[\w+/=-]{8,}"),
    re.compile(r"(?<=[Tt]oken token=)\S+"),
)
_GIVEN: Final = re.compile(
    r"""(?ix)
    (?P<name> (?: password | passwd | secret | token | api[_-]?key | routing[_-]?key | authorization ) ["']?
      \s* (?: = | (?<=["']) \s* : ) \s* ["']? )
    [^\s"'&,;]+"""
)


def secrets(env: Mapping[str, str], named: Iterable[str] = ()) -> tuple[str, ...]:
    """The values of variables that are secret by their name, or because the configuration names them; longest first."""
    names = {name for name in env if is_secret(name)} | {name for name in named if name in env}
    found = {part for name in names for part in (env[name], *env[name].split()) if len(part) >= _SHORTEST}
    return tuple(sorted(found, key=len, reverse=True))


def is_secret(name: str) -> bool:
    """Whether what is called so is a secret by its name: a variable, or a field of a record."""
    return bool(_NAMES.search(name))


def redacted(text: str, known: Iterable[str]) -> str:
    """A text in which no known secret stands, and nothing that looks like a token or a password in an address."""
    for secret in known:
        text = text.replace(secret, GONE)
    for shape in _SHAPES:
        text = shape.sub(GONE, text)
    return _GIVEN.sub(rf"\g<name>{GONE}", text)


def cleaned(value: Any, known: Iterable[str]) -> Any:  # noqa: ANN401 - plain data of any shape
    """The same of all texts in plain data, and nothing of what stands under the name of a secret."""
    if isinstance(value, str):
        return redacted(value, known)
    if isinstance(value, Mapping):
        return {
            redacted(str(name), known): GONE if is_secret(str(name)) and inner else cleaned(inner, known)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [cleaned(item, known) for item in value]
    return value
