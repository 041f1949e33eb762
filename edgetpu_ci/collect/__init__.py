"""Collectors: each turns one part of the world into measurements."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final, Protocol

from edgetpu_ci import plugins
from edgetpu_ci.collect import inference, model_file
from edgetpu_ci.config import Step
from edgetpu_ci.model import Collected
from edgetpu_ci.world import World


class Collector(plugins.Plugin, Protocol):
    """A module with `Options` and `collect`."""

    def collect(self, options: Any, world: World) -> Collected: ...  # noqa: ANN401 - each has its own record


COLLECTORS: Final[dict[str, Collector]] = {"inference": inference, "model_file": model_file}


Bound = Callable[[World], Collected]


def bind(step: Step, place: str) -> Bound:
    """Check a step now, so that a typo costs a second and not a benchmark."""
    collector, wanted = plugins.find(step, COLLECTORS, "collect", place)
    return partial(collector.collect, wanted)


def options(step: Step, place: str) -> Any:  # noqa: ANN401 - each collector has its own record
    """The decoded options of a step."""
    return plugins.find(step, COLLECTORS, "collect", place)[1]
