"""PromQL as text: selectors whose values break out of nothing. Pure."""

import re
from collections.abc import Mapping
from typing import Final

from edgetpu_ci.config.observability import Flavour
from edgetpu_ci.incidents import keys

KEPT: Final = "30d"
"""For so long a value that was pushed once is the newest; without this, queries forget it after five minutes."""

_WILD: Final[Mapping[str, str]] = {"*": ".*", "?": "."}
_MEANT: Final = re.compile(r"[\\.+()|\[\]{}^$]")


def selected(name: str, matchers: Mapping[str, str], flavour: Flavour) -> str:
    """The newest value of each series of this name; `matchers` are globs with "*" and "?" by label."""
    given = ", ".join(f"{label}{_matching(glob)}" for label, glob in matchers.items() if glob != "*")
    selector = f"{name}{{{given}}}" if given else name
    return f"last_over_time({selector}[{KEPT}])" if flavour == "push" else selector


def _matching(glob: str) -> str:
    is_wild = any(character in glob for character in _WILD)
    return f"=~{keys.quoted(_regex(glob))}" if is_wild else f"={keys.quoted(glob)}"


def _regex(glob: str) -> str:
    """As RE2, which Prometheus anchors at both ends; with (?s) "." is any character, also the end of a line."""
    return "(?s)" + "".join(_WILD.get(one) or _MEANT.sub(r"\\\g<0>", one) for one in glob)


def number(value: float) -> str:
    """A number with all its digits."""
    return repr(value).removesuffix(".0")
