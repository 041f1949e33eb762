"""PromQL as text: selectors whose values break out of nothing. Pure."""

import re
from collections.abc import Mapping, Sequence
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
    return newest(f"{name}{{{given}}}" if given else name, flavour)


def newest(selector: str, flavour: Flavour) -> str:
    """The newest value of each series of a selector: of what is pushed once, of what is scraped again and again."""
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


def series(name: str, labels: Mapping[str, str]) -> str:
    """One series by all its labels, as promtool reads it."""
    return f"{name}{{{', '.join(f'{label}={keys.quoted(value)}' for label, value in labels.items())}}}"


def given(values: Sequence[tuple[float, int]], flavour: Flavour) -> str:
    """Values of a series, each for so many minutes, as promtool reads them: scraped each minute, or pushed once."""
    again = [f"{number(value)}x{minutes - 1}" for value, minutes in values]
    once = [f"{number(value)} _x{minutes - 1}" for value, minutes in values]
    return " ".join(once if flavour == "push" else again)


def example(glob: str) -> str:
    """Something that a glob matches."""
    return glob.replace("*", "any").replace("?", "x")
