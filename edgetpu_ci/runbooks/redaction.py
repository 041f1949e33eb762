"""Text without secrets, before it is written where others read it. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

_NAMES: Final = re.compile(
    "TOKEN|SECRET|PASSW|CREDENTIAL|AUTH|WEBHOOK|PAGERDUTY|(^|_)(PAT|PASS|KEY|DSN)($|_)|APIKEY|_PWD$",
    re.IGNORECASE,
)
_SHORTEST: Final = 6
_SHAPES: Final = (
    re.compile(r"\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|xox[a-z]-[\w-]{10,}|(?:AKIA|ASIA)[A-Z0-9]{16})"),
    re.compile(r"(?<=://)[^\s/@:]*:[^\s/@]+(?=@)"),
    re.compile(r"(?<=hooks\.slack\.com/)\S+"),
    re.compile(r"(?i)(?<=authorization: )\S+ ?\S*"),
)
_GONE: Final = "***"


def secrets(env: Mapping[str, str], named: Iterable[str] = ()) -> tuple[str, ...]:
    """The values of variables that are secret by their name, or because the configuration names them; longest first."""
    names = {name for name in env if _NAMES.search(name)} | {name for name in named if name in env}
    found = {part for name in names for part in (env[name], *env[name].split()) if len(part) >= _SHORTEST}
    return tuple(sorted(found, key=len, reverse=True))


def redacted(text: str, known: Iterable[str]) -> str:
    """A text in which no known secret stands, and nothing that looks like a token or a password in an address."""
    for secret in known:
        text = text.replace(secret, _GONE)
    for shape in _SHAPES:
        text = shape.sub(_GONE, text)
    return text
