"""Publishers: each says a report in one place."""

from collections.abc import Callable
from typing import Any, Final, Protocol

from edgetpu_ci import plugins
from edgetpu_ci.config import Step
from edgetpu_ci.model import Report
from edgetpu_ci.publish import check, job, pull_request
from edgetpu_ci.world import World


class Publisher(plugins.Plugin, Protocol):
    """A module with `Options` and `publish`, which returns the outputs it adds (name to value).

    Raises DeliveryError when it could not deliver; that is a warning in `run` and an error in `publish`.
    """

    def publish(self, options: Any, report: Report, world: World) -> dict[str, str]: ...  # noqa: ANN401 - each has its own record


PUBLISHERS: Final[dict[str, Publisher]] = {"check": check, "job": job, "pull_request": pull_request}


Bound = Callable[[Report, World], dict[str, str]]


def bind(step: Step, place: str) -> Bound:
    """Check a step now, before anything is measured."""
    publisher, options = plugins.find(step, PUBLISHERS, "publish", place)

    def say(report: Report, world: World) -> dict[str, str]:
        with world.observed.span("publish", **{"edgetpu_ci.publisher": step.use}):
            return publisher.publish(options, report, world)

    return say
