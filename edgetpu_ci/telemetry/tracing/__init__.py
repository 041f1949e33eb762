"""Traces: the spans of this process, sent once when it is done, and known to the processes it starts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from edgetpu_ci import redaction
from edgetpu_ci.config.observability import Traces
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.observed import Value
from edgetpu_ci.telemetry import otlp
from edgetpu_ci.telemetry.tracing import context, spans
from edgetpu_ci.telemetry.tracing.context import CHECK_RUN, Context
from edgetpu_ci.world import Ran, World

_RESULTS: Final = {0: "success", 1: "failure"}
"""By exit status; any other is an error, as which a pipeline's own mistakes count."""

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})

Say = Callable[[str], None]
Later = Callable[[Callable[[], None]], None]


def traced(
    verb: str,
    traces: Traces,
    world: World,
    act: Callable[[World], int],
    say: Say,
    later: Later = lambda sending: sending(),
) -> int:
    """What `act` returns, an exit status; all of it is one span, which is sent with those inside however it ends.

    `say` is told what is to be said of the trace: it changes nothing else. `later` is given what sends it, for the end
    of the process; without it, it is sent at once.
    """
    if not otlp.is_wanted("traces", world.env):
        return act(world)
    parent, note = context.find(traces.join, world.env, world.token)
    if note:
        say(note)
    trace = Trace(parent, world.token(), world)
    world.observed.identify = trace.identify
    try:
        with world.observed.span(f"edgetpu-ci {verb}", **_task(world.env)) as known:
            return _acted(lambda: act(replace(world, run=trace.run)), known)
    finally:
        later(lambda: trace.tell(say))


def _acted(act: Callable[[], int], known: dict[str, Value]) -> int:
    """The exit status, and in `known` what became of it, in the words for CI/CD."""
    known[spans.RESULT] = "error"
    try:
        status = act()
    except KeyboardInterrupt:
        known[spans.RESULT] = "cancellation"
        raise
    known |= {spans.RESULT: _RESULTS.get(status, "error"), "process.exit.code": status}
    return status


def _task(env: Mapping[str, str]) -> dict[str, Value]:
    """The job this process is part of, in the words for CI/CD."""
    if not env.get("GITHUB_JOB"):
        return {}
    repository, run, job = (env.get(name, "") for name in ("GITHUB_REPOSITORY", "GITHUB_RUN_ID", CHECK_RUN))
    server = env.get("GITHUB_SERVER_URL") or "https://github.com"
    return {
        "cicd.pipeline.task.name": env["GITHUB_JOB"],
        "cicd.pipeline.task.type": "test",
        "cicd.pipeline.task.run.id": job,
        "cicd.pipeline.task.run.url.full": f"{server}/{repository}/actions/runs/{run}/job/{job}" if job else "",
    }


@dataclass(frozen=True)
class Trace:
    """The trace of this process; `seed` is what the ids of its spans are made of."""

    context: Context
    seed: str
    world: World

    def run(self, argv: Sequence[str], stdin: bytes, timeout: float, env: Mapping[str, str] = _NOTHING) -> Ran:
        """As the world runs a process, which is told the span it is part of (OpenTelemetry: environment variables)."""
        return self.world.run(argv, stdin, timeout, {**self._environment(), **env})

    def identify(self, place: int | None) -> tuple[str, str]:
        """The ids of the trace and of the span at a place, in hexadecimal; at none, of what ours are below."""
        span = self.context.parent if place is None else spans.identity(self.seed, place)
        return self.context.trace.hex(), span.hex()

    def _environment(self) -> dict[str, str]:
        trace, span = self.identify(self.world.observed.innermost)
        parent = f"00-{trace}-{span}-{int(self.context.sampled):02x}"
        # One that came with a parent we ignored is no state of this trace.
        is_told = self.context.state or "TRACESTATE" in self.world.env
        return {"TRACEPARENT": parent, **({"TRACESTATE": self.context.state} if is_told else {})}

    def tell(self, say: Say) -> None:
        """Send all spans, and say what is to be said of it."""
        for sentence in self.send():
            say(sentence)

    def send(self) -> tuple[str, ...]:
        """Send all spans there are; what is to be said of it, empty where all is well. Nothing is raised."""
        observed = self.world.observed
        if not self.context.sampled:
            return ()
        kept = f"{len(observed.spans):,} spans"
        more = f"{observed.dropped:,} spans were too many to be kept beside {kept}." if observed.dropped else ""
        try:
            said = self._outcome().sentence
        except ConfigError as error:
            said = f"{kept} were not sent: {error}"
        except Exception as error:  # noqa: BLE001 - whatever breaks here, what was done is done
            said = f"{kept} were lost: sending them broke with {type(error).__name__}."
        return tuple(filter(None, (more, said)))

    def _outcome(self) -> otlp.Outcome:
        observed, env, began = self.world.observed, self.world.env, self.world.monotonic()
        resource = otlp.resource(self.world)
        request = spans.request(observed.spans, self.context, self.seed, resource, redaction.secrets(env))
        return otlp.send("traces", request, self.world, otlp.SECONDS - (self.world.monotonic() - began))
