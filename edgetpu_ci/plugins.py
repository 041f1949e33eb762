"""Find a plugin by its `use:` name and decode its `with:` before anything runs."""

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

from edgetpu_ci import codec, spelling
from edgetpu_ci.config import Step
from edgetpu_ci.errors import ConfigError


class Plugin(Protocol):
    """A module of a family: it has an `Options` record and the family's verb."""

    # A module matches a protocol (PEP 544); `self` is then ignored.
    @property
    def Options(self) -> type[Any]: ...  # noqa: N802 - a record type


P = TypeVar("P", bound=Plugin)


def find(step: Step, ours: Mapping[str, P], family: str, place: str) -> tuple[P, Any]:
    """The plugin a step names and its decoded options; ConfigError names `place` and what exists."""
    plugin = ours.get(step.use) or _registered(step.use, family)
    if plugin is None:
        known = f"; there are: {', '.join(sorted(ours))}."
        guess = spelling.meant(step.use, ours) or known
        raise ConfigError(f'{place}: there is no {family} plugin "{step.use}"{guess}')
    return plugin, codec.convert(step.with_, plugin.Options, f"{place}.with (use: {step.use})")


def _registered(name: str, family: str) -> Any:  # noqa: ANN401 - checked by use, it comes from a third party
    from importlib.metadata import entry_points

    for point in entry_points(group=f"edgetpu_ci.{family}", name=name):
        return point.load()
    return None
