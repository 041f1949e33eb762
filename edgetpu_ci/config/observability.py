"""The section `observability:`: what is logged and traced and where it goes, what is rendered, what must be well."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct, field

from edgetpu_ci.config.step import Step, Variable

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
Destination = Literal[
    "local_file", "remote_aggregator", "slack_webhook", "pagerduty", "all_channels", "emergency_contacts"
]
Flavour = Literal["scrape", "push"]
Join = Literal["", "githubreceiver", "grafana"]

DAYS: Final = Meta(ge=1, le=3650)


class Route(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where events of a level go, and for how many days they are kept."""

    destinations: tuple[Destination, ...] = ()
    retention_days: Annotated[int, DAYS]


def default_levels() -> dict[LogLevel, Route]:
    """The routes of each level that `levels` does not name."""
    return {
        "DEBUG": Route(destinations=("local_file",), retention_days=7),
        "INFO": Route(destinations=("local_file", "remote_aggregator"), retention_days=30),
        "WARNING": Route(destinations=("local_file", "remote_aggregator", "slack_webhook"), retention_days=90),
        "ERROR": Route(destinations=("local_file", "remote_aggregator", "pagerduty"), retention_days=365),
        "CRITICAL": Route(destinations=("all_channels", "emergency_contacts"), retention_days=365),
    }


class Logs(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is logged: events as JSON, a line each, in files below `folder` and in the `aggregator`.

    `levels` says where events of each level go. What goes to Slack or PagerDuty becomes an alert of `alerting`, told
    once however often it is logged.
    """

    folder: str = ".edgetpu-ci/logs"
    levels: dict[LogLevel, Route] = field(default_factory=dict)
    aggregator: Step | None = None


class Traces(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Spans of a run, sent by OTLP to where OTEL_EXPORTER_OTLP_ENDPOINT says.

    `join` is the trace they belong to where TRACEPARENT names none: that which a receiver of GitHub's webhooks makes of
    the same run, in the OpenTelemetry Collector (`githubreceiver`) or as Grafana's action names it (`grafana`).
    """

    join: Join = "githubreceiver"


class Receiver(Step, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A way by which Alertmanager can tell somebody; its options are those of the same way in `alerting.notify`."""

    use: Literal["pagerduty", "slack"]


class Stack(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `edgetpu-ci render` writes below `folder`: the configuration of Prometheus, Alertmanager and Grafana.

    `flavour`: rules for what is scraped, or for what jobs push once and nobody scrapes. `notify`: the ways by which
    Alertmanager tells, where they are not those of `alerting.notify`, by which jobs do; `contacts` and `routing` may
    name ways of either.
    """

    folder: str = "monitoring"
    flavour: Flavour = "scrape"
    notify: tuple[Receiver, ...] = ()


class Health(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `edgetpu-ci health` looks at, besides GitHub's API and the ways of `alerting.notify`.

    `packages` on the index (`index`: a simple index in place of the public one), and pages such as those of `docs`.
    `benchmark_age` is how old the newest benchmark may be, `runners` how many self-hosted runners have to be online,
    which a token needs `administration: read` to see; 0 asks for none. `heartbeat` is the name of a variable with an
    address that is asked whenever all is well: a service elsewhere raises the alarm when nobody does.
    """

    packages: tuple[str, ...] = ()
    index: str = ""
    docs: tuple[str, ...] = ()
    benchmark_age: str = "2 days"
    runners: Annotated[int, Meta(ge=0, le=10_000)] = 0
    heartbeat: Variable | None = None


class Observability(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Logs and traces of the toolkit itself, the monitoring stack it is read with, and the health of CI.

    Without `logs` or `traces` nothing is logged or traced.
    """

    logs: Logs | None = None
    traces: Traces | None = None
    stack: Stack = Stack()
    health: Health = Health()
