"""Text without secrets, before it is written where others read it. Pure."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final
from urllib.parse import quote, unquote

import msgspec

GONE: Final = "***"

_NAMES: Final = re.compile(
    "TOKEN|SECRET|PASSW|CREDENTIAL|AUTH(?!OR(?!I))|WEBHOOK|PAGERDUTY|(^|_)(PAT|PASS|KEY|DSN)($|_)|APIKEY|_(PWD|HEADERS)$",
    re.IGNORECASE,
)
_SHORTEST: Final = 6
_TELLING: Final = 16
"""A part of a secret with fewer characters, and no digit among them, is a word that stands in any text."""

_ADDRESS: Final = re.compile(r"://(?P<user>[^\s/?#@:]*)(?::(?P<password>[^\s/?#]*))?@")
_SHAPES: Final[tuple[tuple[tuple[str, ...], re.Pattern[str], str], ...]] = (
    (("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), re.compile(r"\bgh[pousr]_\w{20,}"), GONE),
    (("github_pat_",), re.compile(r"\bgithub_pat_\w{20,}"), GONE),
    (("xox", "xapp-"), re.compile(r"\b(?:xox[a-z]|xapp)-[\w-]{10,}"), GONE),
    # GitLab, npm, Hugging Face, Docker, Google.
    (
        ("glpat-", "npm_", "hf_", "dckr_pat_", "aiza"),
        re.compile(r"\b(?:glpat-|npm_|hf_|dckr_pat_|AIza)[\w-]{20,}"),
        GONE,
    ),
    (("akia", "asia"), re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}"), GONE),
    (("pypi-age",), re.compile(r"\bpypi-AgE[\w-]{10,}"), GONE),
    # The key of an integration of PagerDuty, and a token of its API.
    (("r0",), re.compile(r"\bR0[0-9A-Z]{30}\b"), GONE),
    (("u+",), re.compile(r"\bu\+[\w-]{18}\b"), GONE),
    (("token=",), re.compile(r"(?i)(?<=token token=)\S+"), GONE),
    # A token of three parts, the first of them JSON that begins with {".
    (("eyj",), re.compile(r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}(?:\.[\w-]*)?"), GONE),
    (
        ("-----begin",),
        re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
        GONE,
    ),
    # To the last @ before the path: a password may have one in it, and a token may stand there alone.
    (("://",), re.compile(r"""(?<=://)[^\s/?#"'<>]+(?=@)"""), GONE),
    (("hooks.slack.com",), re.compile(r"(?<=hooks\.slack\.com/)\S+"), GONE),
    (("authorization: ",), re.compile(r"(?i)(?<=authorization: )\S+ ?\S*"), GONE),
    (("bearer ",), re.compile(r"(?i)\b(?<=bearer )[\w.~+/=-]{6,}"), GONE),
    # A word after it ("basic training") is no secret: that has more than small letters in it.
    (("basic ",), re.compile(r"\b(?<=[Bb]asic )(?=\S*[A-Z0-9=])[\w+/=-]{8,}"), GONE),
    # What is quoted is a secret to its end, whatever scheme it begins with; a header is one to the end of its line.
    (
        ("authorization",),
        re.compile(r"""(?i)(?P<name>authorization\\?["']\s*[:=]\s*\\?["'])[^"'\\\n]+"""),
        rf"\g<name>{GONE}",
    ),
    (
        ("cookie", "key", "token", "secret", "auth"),
        re.compile(
            r"""(?ix) (?P<name> \b
            (?: (?:set-)?cookie | private-token | x-[\w-]{0,40} (?: key | token | secret | auth ) )
            ["']? : [ ]* ["']? ) [^"'\n]+"""
        ),
        rf"\g<name>{GONE}",
    ),
    (
        ("passw", "_secret", "_token", "key"),
        re.compile(r"(?i)(?P<name>\b(?:passwo?r?d|\w+_secret|\w+_token|(?:\w+_)?api[_-]?key): +)\S+"),
        rf"\g<name>{GONE}",
    ),
    (
        ("passw", "secret", "token", "key", "authorization", "sig=", "signature="),
        re.compile(
            r"""(?ix)
            (?P<name> (?: passwo?r?d | secret | token | authorization | \b sig | signature
              | (?: api | access | account | private | routing ) [_-]? key ) \\? ["']?
              \s* (?: = | (?<=["']) \s* : ) \s* \\? ["']? )
            (?: \\ (?!["']) | [^\s"'&,;\\] )+"""
        ),
        rf"\g<name>{GONE}",
    ),
)
"""What secrets look like: of each shape something that stands in all of them, in small letters, and what is left."""

_SIGNS: Final = tuple(sign for signs, _, _ in _SHAPES for sign in signs)


def secrets(env: Mapping[str, str], named: Iterable[str] = ()) -> tuple[str, ...]:
    """The values of variables that are secret by their name, or because the configuration names them; longest first.

    Of any other variable the password of an address in it; all also as they are written in an address.
    """
    names = {name for name in env if is_secret(name)} | {name for name in named if name in env}
    whole = {secret for name in names for secret in (env[name], *_parts(env[name]))}
    shown = {secret for value in env.values() if "://" in value for secret in _passwords(value)}
    found = {form for secret in whole | shown for form in (secret, quote(secret, safe=""))}
    return tuple(sorted((one for one in found if len(one) >= _SHORTEST), key=len, reverse=True))


def _parts(secret: str) -> Iterator[str]:
    """The lines of a key, and the token behind a scheme."""
    return (part for part in secret.split() if len(part) >= _TELLING or any(sign.isdigit() for sign in part))


def _passwords(value: str) -> Iterator[str]:
    """Of each address; a user that stands alone may be a token."""
    for found in _ADDRESS.finditer(value):
        said = (found["password"],) if found["password"] else _parts(found["user"])
        yield from (form for one in said for form in (one, unquote(one)))


def named(*records: object) -> Iterator[str]:
    """All texts in records of a configuration: one that is a variable's name may mean a secret."""
    yield from _texts(msgspec.to_builtins(records))


@cache
def is_secret(name: str) -> bool:
    """Whether what is called so is a secret by its name: a variable, or a field of a record."""
    return bool(_NAMES.search(name))


def redacted(text: str, known: Iterable[str]) -> str:
    """A text in which no known secret stands, and nothing that looks like a token or a password in an address."""
    for secret in known:
        text = text.replace(secret, GONE)
    for _, shape, left in _SHAPES:
        text = shape.sub(left, text)
    return text


def cleaned(value: Any, known: Sequence[str]) -> Any:  # noqa: ANN401 - plain data of any shape
    """The same of all texts in plain data, and nothing of what stands under the name of a secret."""
    # To look for a shape costs a hundred times what it costs to see that none can be there.
    together = "\n".join(_texts(value))
    small = together.lower()
    if any(sign in small for sign in _SIGNS) or any(secret in together for secret in known):
        return _changed(value, lambda text: redacted(text, known))
    return _changed(value, lambda text: text)


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from value
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _changed(value: Any, change: Callable[[str], str]) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {
            change(name): GONE if inner and is_secret(name) else _changed(inner, change)
            for name, inner in value.items()
        }
    return [_changed(item, change) for item in value] if isinstance(value, list | tuple) else value
