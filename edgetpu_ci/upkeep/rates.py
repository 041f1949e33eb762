"""What a minute of a runner costs: GitHub's published rates as data, each valid from a day on.

Source: docs.github.com, "Actions runner pricing" (with the rates of standard runners until and from 2026-01-01), read
in November 2026; linux_arm: the announcement of the rates from 2026-01-01. Larger runners have one rate there, which is
taken to hold from 2026-01-01; before, nothing is said of them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Annotated, Final

from msgspec import Meta, Struct

OWN: Final = "self-hosted"
"""The label of runners that are not GitHub's; their minutes cost nothing there."""


class Rate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The price of a minute on one kind of runner (GitHub's SKU, such as linux_4_core) from `valid_from` on."""

    sku: str
    usd_per_minute: Annotated[float, Meta(ge=0, le=1000)]
    valid_from: date


STANDARD: Final = frozenset({"linux_slim", "linux", "linux_arm", "windows", "windows_arm", "macos"})
"""Free in public repositories, and what the included minutes are for; all others are always billed."""

WEIGHTS: Final[Mapping[str, int]] = {"windows": 2, "macos": 10}
"""Included minutes that a minute uses up; 1 where nothing is said (docs.github.com, "GitHub Actions billing")."""

INCLUDED: Final[Mapping[str, int]] = {"free": 2_000, "pro": 3_000, "team": 3_000, "enterprise": 50_000}
"""Minutes a month that a plan includes, for all private repositories of an account together (same source)."""

_BEFORE, _SINCE = date(2024, 1, 1), date(2026, 1, 1)

_STANDARD: Final = (
    ("linux_slim", 0.002, 0.002),
    ("linux", 0.008, 0.006),
    ("linux_arm", 0.005, 0.005),
    ("windows", 0.016, 0.010),
    ("macos", 0.080, 0.062),
)
_LARGER: Final = {
    "linux_2_core_advanced": 0.006,
    "linux_4_core": 0.012,
    "linux_8_core": 0.022,
    "linux_16_core": 0.042,
    "linux_32_core": 0.082,
    "linux_64_core": 0.162,
    "linux_96_core": 0.252,
    "windows_4_core": 0.022,
    "windows_8_core": 0.042,
    "windows_16_core": 0.082,
    "windows_32_core": 0.162,
    "windows_64_core": 0.322,
    "windows_96_core": 0.552,
    "macos_l": 0.077,
    "linux_2_core_arm": 0.005,
    "linux_4_core_arm": 0.008,
    "linux_8_core_arm": 0.014,
    "linux_16_core_arm": 0.026,
    "linux_32_core_arm": 0.050,
    "linux_64_core_arm": 0.098,
    "windows_2_core_arm": 0.008,
    "windows_4_core_arm": 0.014,
    "windows_8_core_arm": 0.026,
    "windows_16_core_arm": 0.050,
    "windows_32_core_arm": 0.098,
    "windows_64_core_arm": 0.194,
    "macos_xl": 0.102,
    "linux_4_core_gpu": 0.052,
    "windows_4_core_gpu": 0.102,
}

PUBLISHED: Final[tuple[Rate, ...]] = (
    *(Rate(sku=sku, usd_per_minute=usd, valid_from=_BEFORE) for sku, usd, _ in _STANDARD),
    *(Rate(sku=sku, usd_per_minute=usd, valid_from=_SINCE) for sku, _, usd in _STANDARD),
    *(Rate(sku=sku, usd_per_minute=usd, valid_from=_SINCE) for sku, usd in _LARGER.items()),
)

_LABELS: Final = (
    (re.compile(r"ubuntu-slim"), "linux_slim"),
    (re.compile(r"ubuntu-(latest|\d\d\.\d\d)"), "linux"),
    (re.compile(r"ubuntu-\d\d\.\d\d-arm"), "linux_arm"),
    (re.compile(r"ubuntu-(?:latest|\d\d\.\d\d)-(\d+)-cores?"), r"linux_\1_core"),
    (re.compile(r"windows-(latest|20\d\d)"), "windows"),
    (re.compile(r"windows-\d\d-arm"), "windows_arm"),
    (re.compile(r"windows-(?:latest|20\d\d)-(\d+)-cores?"), r"windows_\1_core"),
    (re.compile(r"macos-(latest|\d\d)(-intel)?"), "macos"),
    (re.compile(r"macos-(latest|\d\d)-large"), "macos_l"),
    (re.compile(r"macos-(latest|\d\d)-xlarge"), "macos_xl"),
)


def sku(labels: Iterable[str], named: Mapping[str, str]) -> str:
    """The kind of runner that labels ask for: `named` first, then GitHub's; OWN for self-hosted, empty: not known."""
    wanted = [label.lower() for label in labels]
    mine = {label.lower(): kind for label, kind in named.items()}
    if found := [mine[label] for label in wanted if label in mine]:
        return found[0]
    if OWN in wanted:
        return OWN
    kinds = (match.expand(kind) for label in wanted for form, kind in _LABELS if (match := form.fullmatch(label)))
    return next(kinds, "")


def rate(kind: str, day: date, own: Sequence[Rate] = ()) -> float | None:
    """USD a minute on a day: the newest of the user's `own` rates, else the newest published; None: not known."""
    if kind == OWN:
        return 0.0
    for table in (own, PUBLISHED):
        if valid := [one for one in table if one.sku == kind and one.valid_from <= day]:
            return max(valid, key=lambda one: one.valid_from).usd_per_minute
    return None
