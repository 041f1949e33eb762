"""The events that are logged: their names and fields, which stay the same, and when each is. Pure."""

from typing import Final, NamedTuple


class Kind(NamedTuple):
    """When an event is logged, at which levels, and with which fields beside those that all have."""

    when: str
    levels: str
    fields: tuple[str, ...] = ()


ALWAYS: Final = ("timestamp", "level", "event", "user_id", "session_id", "version")
"""The fields of every event, and after them `trace_id` and `span_id` where it is traced."""

FOREIGN: Final = "library_message"
"""What a library we use said by Python's own logging; nobody is told of it."""

EVENTS: Final[dict[str, Kind]] = {
    "run_started": Kind(
        "a run begins to measure", "INFO", ("machine", "commit", "branch", "pull_request", "collectors")
    ),
    "benchmark_completed": Kind(
        "a model was measured",
        "INFO",
        ("model", "throughput_fps", "latency_p99_ms", "power_w", "tpu_utilization", "duration_seconds"),
    ),
    "collector_failed": Kind("a step of `collect` or `kpis` brought nothing", "WARNING", ("collector", "reason")),
    "report_judged": Kind("a run is judged", "INFO", ("status", "failed", "warned", "unknown")),
    "rule_failed": Kind("something that is demanded does not hold", "WARNING", ("subject", "metric", "because")),
    "report_saved": Kind("a report lies in its folder", "INFO", ("report",)),
    "report_unsaved": Kind(
        "a report could not be kept; a warning where it only waits for its store", "ERROR, WARNING", ("reason",)
    ),
    "delivery_failed": Kind("somebody could not be told something", "WARNING", ("reason",)),
    "alert_opened": Kind("an incident began", "INFO", ("incident", "severity")),
    "alert_resolved": Kind("an incident is over", "INFO", ("incident", "severity")),
    "incident_acknowledged": Kind("somebody took an incident on", "INFO", ("incident",)),
    "store_conflict": Kind("another job changed the book of incidents or the audit log first", "DEBUG", ("value",)),
    "audit_recorded": Kind("a line was added to the audit log", "INFO", ("what", "of", "hash")),
    "command_failed": Kind("a command ended with a failure that we expect", "ERROR", ("reason", "exit_status")),
    "bug": Kind("a command broke, by a fault of ours", "CRITICAL"),
    FOREIGN: Kind("a library said something", "its own", ("logger", "message")),
}
