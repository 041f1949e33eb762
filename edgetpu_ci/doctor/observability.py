"""What `doctor` says of `observability`: whether events and spans arrive where the configuration wants them."""

from collections.abc import Callable, Iterator

from edgetpu_ci import plugins
from edgetpu_ci.config import Config, Step
from edgetpu_ci.config.observability import Health, Logs
from edgetpu_ci.doctor.finding import Finding
from edgetpu_ci.errors import ConfigError, UnsetError
from edgetpu_ci.telemetry import aggregator
from edgetpu_ci.telemetry.otlp import destination
from edgetpu_ci.world import World

_PLACE = "observability.logs.aggregator"


def examine(settings: Config, world: World) -> Iterator[Finding]:
    """Each part that is configured; nothing is sent."""
    observed = settings.observability
    if observed.logs:
        yield from _logs(observed.logs, world)
    if observed.traces:
        yield _tried("traces", "Spans go to an OTLP receiver.", lambda: destination.find("traces", world.env))
    yield from _heartbeat(observed.health, world)


def _logs(logs: Logs, world: World) -> Iterator[Finding]:
    yield Finding("ok", "logs", f"Events go to {logs.folder}, a file for each level, day and session.")
    if step := logs.aggregator:
        yield _tried("aggregator", f"They go to {step.use}, too.", lambda: _check(step, world))


def _check(step: Step, world: World) -> None:
    plugin, options = plugins.find(step, aggregator.AGGREGATORS, "aggregator", _PLACE)
    plugin.check(options, world)


def _heartbeat(health: Health, world: World) -> Iterator[Finding]:
    """Only the job that looks at the health of CI has the secret."""
    if health.heartbeat and not world.env.get(health.heartbeat):
        yield Finding("note", "heartbeat", f"{health.heartbeat} is not set; the job that looks at health needs it.")


def _tried(what: str, well: str, check: Callable[[], object]) -> Finding:
    """What is not set may be known in jobs only, and costs no run anything."""
    try:
        check()
    except UnsetError as error:
        return Finding("note", what, str(error))
    except ConfigError as error:
        return Finding("bad", what, str(error))
    return Finding("ok", what, well)
