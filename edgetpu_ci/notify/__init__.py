"""Notifiers: each tells somebody of an incident in one place."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple, Protocol, runtime_checkable

from edgetpu_ci import plugins
from edgetpu_ci.config.step import Step
from edgetpu_ci.errors import DeliveryError, EdgeTpuCiError
from edgetpu_ci.incidents.record import Acknowledged, Incident, Notice, Receipt
from edgetpu_ci.model import Report
from edgetpu_ci.notify import alertmanager, issue, pagerduty, slack, webhook
from edgetpu_ci.world import World


class Notifier(plugins.Plugin, Protocol):
    """A module with `Options`, `check` and `tell`.

    An address is what a contact gives for it: a Slack channel, the name of the variable with a PagerDuty routing key.
    """

    def check(self, options: Any, world: World) -> None:  # noqa: ANN401 - each has its own record
        """ConfigError where nothing could be said: a variable that is not set, an extra that is not installed."""

    def address(self, options: Any, labels: dict[str, str], channel: str) -> str:  # noqa: ANN401
        """Where an alert goes that names no contact: by its labels, and the channel of its rule."""

    def tell(self, options: Any, notice: Notice, world: World) -> Receipt:  # noqa: ANN401
        """Say it, or bring up to date what was said; what finds it again.

        DeliveryError: not now, perhaps later. DeniedError: not so, and never: somebody must mend something.
        """


@runtime_checkable
class Answering(Protocol):
    """A notifier that can tell who acknowledged what, or closed it by hand."""

    def answers(self, options: Any, incidents: Sequence[Incident], world: World) -> Sequence[Acknowledged]:  # noqa: ANN401
        """Of these open incidents; DeliveryError or DeniedError where the service does not tell."""


@runtime_checkable
class Following(Protocol):
    """A notifier that wants to know of every run, wrong or not: of what changed before something went wrong."""

    def changed(self, options: Any, report: Report, labels: Mapping[str, str], world: World) -> None:  # noqa: ANN401
        """Tell of a run, by its labels `repo` and `branch`; DeliveryError and DeniedError as of an incident."""


@runtime_checkable
class Addressed(Protocol):
    """A notifier that knows beforehand whether anything could be said at an address that a contact gives."""

    def fault(self, options: Any, address: str, world: World) -> str:  # noqa: ANN401
        """Why nothing could be, as a sentence that says no secret; empty when it can."""


@runtime_checkable
class Reachable(Protocol):
    """A notifier that can try its service without telling anybody anything."""

    def reach(self, options: Any, world: World) -> str:  # noqa: ANN401
        """What was seen of it, in a few words; DeliveryError or DeniedError where nothing could be told now."""


NOTIFIERS: Final[dict[str, Notifier]] = {
    "alertmanager": alertmanager,
    "issue": issue,
    "pagerduty": pagerduty,
    "slack": slack,
    "webhook": webhook,
}


class Bound(NamedTuple):
    """A notifier with its options; what it says `fades` where it is over unless it is said again."""

    use: str
    check: Callable[[World], None]
    address: Callable[[dict[str, str], str], str]
    tell: Callable[[Notice, World], Receipt]
    answers: Callable[[Sequence[Incident], World], Sequence[Acknowledged]]
    changed: Callable[[Report, Mapping[str, str], World], None] | None = None
    fades: bool = False
    fault: Callable[[str, World], str] | None = None
    reach: Callable[[World], str] | None = None


def bind(step: Step, place: str) -> Bound:
    """Check a step's options now, before anything is said."""
    notifier, options = plugins.find(step, NOTIFIERS, "notify", place)
    return Bound(
        step.use,
        partial(notifier.check, options),
        partial(notifier.address, options),
        partial(notifier.tell, options),
        partial(notifier.answers, options) if isinstance(notifier, Answering) else _nobody,
        partial(notifier.changed, options) if isinstance(notifier, Following) else None,
        bool(getattr(notifier, "FADES", False)),
        partial(notifier.fault, options) if isinstance(notifier, Addressed) else None,
        partial(notifier.reach, options) if isinstance(notifier, Reachable) else None,
    )


def trouble(told: str, error: Exception) -> EdgeTpuCiError:
    """What went wrong with somebody who was to be told, or asked; of a foreign notifier's own errors only the kind."""
    return error if isinstance(error, EdgeTpuCiError) else DeliveryError(f"{told} failed with {type(error).__name__}.")


def _nobody(_incidents: Sequence[Incident], _world: World) -> tuple[Acknowledged, ...]:
    return ()
