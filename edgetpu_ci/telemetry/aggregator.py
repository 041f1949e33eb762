"""Aggregators of logs: each sends entries to those who keep and search them."""

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, Protocol

from edgetpu_ci import plugins
from edgetpu_ci.config.step import Step
from edgetpu_ci.errors import DeliveryError
from edgetpu_ci.telemetry import loki, otlp_logs
from edgetpu_ci.telemetry.entry import Entry
from edgetpu_ci.world import World

SECONDS: Final = 2.0
"""How long a batch may take: logs must not hold up a job."""


THREAD: Final = "edgetpu-ci logs"
"""The thread that sends: what libraries log in it is of logging itself."""


class Aggregator(plugins.Plugin, Protocol):
    """A module with `Options`, `check` and `send`."""

    def check(self, options: Any, world: World) -> None:  # noqa: ANN401 - each has its own record
        """ConfigError where nothing could be sent: a variable that is not set, as in the job of a fork."""

    def send(self, options: Any, entries: Sequence[Entry], seconds: float, world: World) -> None:  # noqa: ANN401
        """Send entries in at most so many seconds; DeliveryError where they did not arrive."""


AGGREGATORS: Final[dict[str, Aggregator]] = {"loki": loki, "otlp": otlp_logs}


def sender(step: Step, world: World, seconds: float = SECONDS) -> Callable[[Sequence[Entry]], None]:
    """What sends entries, as a step says, after a look at whether it can; ConfigError for options that are wrong."""
    plugin, options = plugins.find(step, AGGREGATORS, "aggregator", "observability.logs.aggregator")
    return partial(_send, plugin, options, world, seconds)


def _send(plugin: Aggregator, options: Any, world: World, seconds: float, entries: Sequence[Entry]) -> None:  # noqa: ANN401
    plugin.check(options, world)
    faults: list[Exception] = []

    def sent() -> None:
        try:
            plugin.send(options, entries, seconds, world)
        except Exception as error:  # noqa: BLE001 - handed on to who waits
            faults.append(error)

    # Looking up a name has no timeout of ours; whoever still waits for it then keeps nobody.
    thread = threading.Thread(target=sent, name=THREAD, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise DeliveryError(f"it did not answer in {seconds:g} s.")
    if faults:
        raise faults[0]
