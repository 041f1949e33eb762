"""Collectors: each turns one part of the world into measurements."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

from edgetpu_ci import plugins
from edgetpu_ci.collect import (
    capacity,
    command,
    compliance,
    cost,
    dependencies,
    github,
    github_actions,
    health,
    incidents,
    inference,
    model_file,
    model_set,
    paced,
    pypi,
    reports,
    results,
    scaling,
    security,
    site,
    soak,
)
from edgetpu_ci.config import Step
from edgetpu_ci.errors import EdgeTpuCiError
from edgetpu_ci.loads.beside import Beside
from edgetpu_ci.memory import State
from edgetpu_ci.model import Collected
from edgetpu_ci.world import World


class Collector(plugins.Plugin, Protocol):
    """A module with `Options` and `collect`."""

    def collect(self, options: Any, world: World) -> Collected: ...  # noqa: ANN401 - each has its own record


class Comparing(Collector, Protocol):
    """One that can measure a base in turns with the head."""

    def series(self, options: Any, world: World) -> tuple[str, ...]: ...  # noqa: ANN401
    def collect_beside(self, options: Any, beside: Beside, world: World) -> Collected: ...  # noqa: ANN401


class Remembering(Collector, Protocol):
    """One that keeps what it read, so that the next run reads only what is new."""

    def collect_remembering(self, options: Any, state: State, world: World) -> Collected: ...  # noqa: ANN401


class Checking(Collector, Protocol):
    """One that can tell what is wrong before anything is measured."""

    def check(self, options: Any, world: World) -> None: ...  # noqa: ANN401


class Probing(Collector, Protocol):
    """One that can tell what it may not read, for a few requests and without collecting anything."""

    def probe(self, options: Any, world: World) -> Sequence[EdgeTpuCiError]: ...  # noqa: ANN401


class Repeating(Collector, Protocol):
    """One that can measure some of its subjects again."""

    def collect_again(self, options: Any, subjects: frozenset[str], world: World) -> Collected: ...  # noqa: ANN401


COLLECTORS: Final[dict[str, Collector]] = {
    "capacity": capacity,
    "command": command,
    "compliance": compliance,
    "cost": cost,
    "dependencies": dependencies,
    "github": github,
    "github_actions": github_actions,
    "health": health,
    "incidents": incidents,
    "inference": inference,
    "model_file": model_file,
    "model_set": model_set,
    "paced": paced,
    "pypi": pypi,
    "reports": reports,
    "results": results,
    "scaling": scaling,
    "security": security,
    "site": site,
    "soak": soak,
}


@dataclass(frozen=True)
class Bound:
    """A collector and its checked options, and where it stands in the configuration."""

    collector: Collector
    options: Any
    place: str = "collect"

    @property
    def name(self) -> str:
        """What it is called, as `use:` has it: the name of its module."""
        return getattr(self.collector, "__name__", type(self.collector).__name__).rpartition(".")[2]

    @property
    def is_of_repository(self) -> bool:
        """Whether what it brings is the same wherever it runs: a collector says so with `OF_REPOSITORY = True`."""
        return bool(getattr(self.collector, "OF_REPOSITORY", False))

    def __call__(self, world: World, state: State) -> Collected:
        """Measure the head."""
        if hasattr(self.collector, "collect_remembering"):
            return cast("Remembering", self.collector).collect_remembering(self.options, state, world)
        return self.collector.collect(self.options, world)

    def check(self, world: World) -> None:
        """ConfigError for what can be known to be wrong before anything is measured."""
        if hasattr(self.collector, "check"):
            cast("Checking", self.collector).check(self.options, world)

    def probe(self, world: World) -> Sequence[EdgeTpuCiError] | None:
        """Why something may not be read, each once; None where it asks nobody."""
        if not hasattr(self.collector, "probe"):
            return None
        return cast("Probing", self.collector).probe(self.options, world)

    def series(self, world: World) -> tuple[str, ...]:
        """What it can compare in rounds, each as `subject/metric`."""
        return self._comparing.series(self.options, world) if self._comparing else ()

    def again(self, subjects: frozenset[str], world: World) -> Collected | None:
        """Measure some subjects once more, if it can."""
        if not hasattr(self.collector, "collect_again"):
            return None
        return cast("Repeating", self.collector).collect_again(self.options, subjects, world)

    def beside(self, beside: Beside, world: World, state: State) -> Collected:
        """Measure the head, and the base in turns with it if it can."""
        if self._comparing:
            return self._comparing.collect_beside(self.options, beside, world)
        return self(world, state)

    @property
    def _comparing(self) -> Comparing | None:
        # A third party's collector may be older than comparing.
        return cast("Comparing", self.collector) if hasattr(self.collector, "collect_beside") else None


def bind(step: Step, place: str) -> Bound:
    """Check a step now, so that a typo costs a second and not a benchmark."""
    return Bound(*plugins.find(step, COLLECTORS, "collect", place), place)


def options(step: Step, place: str) -> Any:  # noqa: ANN401 - each collector has its own record
    """The decoded options of a step."""
    return plugins.find(step, COLLECTORS, "collect", place)[1]
