"""Who sends: this run of this pipeline, by the names that OpenTelemetry has for CI/CD and version control."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from edgetpu_ci import __version__, event, redaction
from edgetpu_ci.errors import ConfigError
from edgetpu_ci.observed import Value
from edgetpu_ci.world import World

if TYPE_CHECKING:
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
    from opentelemetry.proto.resource.v1.resource_pb2 import Resource

SERVICE: Final = "edgetpu-ci"


def resource(world: World, happened: event.Event | None = None) -> "Resource":
    """The resource of all that this process sends; `happened` is what started it, where somebody has read that.

    No secret stands in it. It has no service.instance.id: one for each process would make every series of metrics a
    new one with each job.
    """
    from opentelemetry.proto.resource.v1.resource_pb2 import Resource

    known = redaction.cleaned(described(world, happened), redaction.secrets(world.env))
    return Resource(attributes=attributes(known))


def attributes(values: Mapping[str, Value]) -> "list[KeyValue]":
    """Values as OTLP has them, without those that say nothing."""
    from opentelemetry.proto.common.v1.common_pb2 import KeyValue

    return [KeyValue(key=key, value=_any(value)) for key, value in values.items() if value is not None and value != ""]


def _any(value: Value) -> "AnyValue":
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue

    match value:
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case _:
            # A name of a file, or a variable, may hold what is no text.
            return AnyValue(string_value=str(value).encode(errors="replace").decode())


def described(world: World, happened: event.Event | None = None) -> dict[str, Value]:
    """The same as plain values: what OTEL_RESOURCE_ATTRIBUTES says stands above what we know."""
    env = world.env
    known = _event(world) if happened is None else happened
    ours: dict[str, Value] = {"service.name": SERVICE, "service.version": __version__}
    named = {"service.name": env.get("OTEL_SERVICE_NAME", "").strip()}
    said = _said(env.get("OTEL_RESOURCE_ATTRIBUTES", ""))
    return ours | _pipeline(env) | _versions(known, env) | said | {key: name for key, name in named.items() if name}


def _event(world: World) -> event.Event:
    """What started this process; nothing where its payload cannot be read, which others say."""
    try:
        return event.read(world)
    except ConfigError:
        return event.Event()


def _said(text: str) -> dict[str, Value]:
    pairs = (pair.partition("=") for pair in text.split(","))
    return {unquote(key.strip()): unquote(value.strip()) for key, equals, value in pairs if key.strip() and equals}


def _pipeline(env: Mapping[str, str]) -> dict[str, Value]:
    """The run this process is of; outside Actions it is of none."""
    run, repository = env.get("GITHUB_RUN_ID", ""), env.get("GITHUB_REPOSITORY", "")
    if not (run and repository):
        return {}
    attempt = env.get("GITHUB_RUN_ATTEMPT") or "1"
    return {
        "cicd.pipeline.name": env.get("GITHUB_WORKFLOW", ""),
        "cicd.pipeline.run.id": run,
        "cicd.pipeline.run.url.full": f"{_server(env)}/{repository}/actions/runs/{run}/attempts/{attempt}",
    }


def _versions(happened: event.Event, env: Mapping[str, str]) -> dict[str, Value]:
    owner, _, name = (happened.repository or env.get("GITHUB_REPOSITORY", "")).partition("/")
    hosted: dict[str, Value] = {}
    if owner and name:
        hosted = {"vcs.provider.name": "github", "vcs.owner.name": owner, "vcs.repository.name": name}
        hosted["vcs.repository.url.full"] = f"{_server(env)}/{owner}/{name}"
    return {
        **hosted,
        "vcs.ref.head.name": happened.branch,
        "vcs.ref.head.type": "branch" if happened.branch else "",
        "vcs.ref.head.revision": happened.commit,
        "vcs.ref.base.name": happened.base_branch,
        "vcs.ref.base.revision": happened.base_commit,
        "vcs.change.id": "" if happened.pull_request is None else str(happened.pull_request),
    }


def _server(env: Mapping[str, str]) -> str:
    return env.get("GITHUB_SERVER_URL") or "https://github.com"
