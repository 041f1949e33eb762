"""A plugin in use, as every section that lists some writes it."""

from typing import Any

from msgspec import Struct, field


class Step(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One plugin in use: its name, and its options."""

    use: str
    with_: dict[str, Any] = field(default_factory=dict, name="with")
