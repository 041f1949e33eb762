"""A plugin in use, as every section that lists some writes it."""

from typing import Annotated, Any

from msgspec import Meta, Struct, field

from edgetpu_ci import misfit

Variable = Annotated[str, Meta(pattern=misfit.VARIABLE)]
"""The name of the environment variable that holds a secret."""


class Step(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One plugin in use: its name, and its options."""

    use: str
    with_: dict[str, Any] = field(default_factory=dict, name="with")
