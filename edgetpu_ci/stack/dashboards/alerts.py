"""What is wrong, who has taken it on, and whether the alerting itself works. Pure."""

from edgetpu_ci.stack import runbooks
from edgetpu_ci.stack.dashboards.record import Dashboard, Panel, Query, Threshold
from edgetpu_ci.stack.dashboards.series import Selecting

_ANY = (Threshold(None, "green"), Threshold(1, "red"))
# An alert on silence has no repository, and no branch; the one that fires always is none that anybody looks for.
_FIRING = 'ALERTS{alertstate="firing",severity!="none",repo=~"$repo|",branch=~"$branch|"}'
_LINKED = f"{_FIRING} * on (alertname) group_left ({runbooks.LABEL}) topk by (alertname) (1, {runbooks.NAME})"
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def dashboard(select: Selecting) -> Dashboard:
    """Counts, then what fires, then what says whether silence can be believed."""
    return Dashboard(
        name="alerts",
        title="Alerts",
        description="What is wrong and who has taken it on; and whether the alerting itself is well.",
        last="30d",
        panels=(*_counts(select), _firing(), *_course(select), *_itself(select)),
        commits=select.new_commits(),
    )


def _counts(select: Selecting) -> tuple[Panel, ...]:
    def stat(
        title: str, description: str, expr: str, unit: str = "none", limits: tuple[Threshold, ...] = _ANY
    ) -> Panel:
        return Panel(
            title=title,
            description=description,
            drawn="stat",
            queries=(Query(expr=expr, legend="{{repo}}"),),
            unit=unit,
            width=6,
            height=5,
            decimals=0,
            thresholds=limits,
        )

    late = (Threshold(None, "green"), Threshold(5 * _MINUTE, "yellow"), Threshold(_HOUR, "red"))
    return (
        stat("Open Incidents", "Those that are not over.", select.of_store("incidents", 'state="open"')),
        stat("Unacknowledged", "Nobody has taken them on.", select.of_store("incidents", 'state="unacknowledged"')),
        stat(
            "Escalation Came Late By",
            "The largest of the last 30 days; timers of GitHub start late.",
            select.figure("escalation_lateness_minutes"),
            "s",
            late,
        ),
        stat("Messages Waiting", "What could not be said yet; the next run tries.", select.of_store("outbox_waiting")),
    )


def _firing() -> Panel:
    return Panel(
        title="Firing Rules",
        description="What Prometheus holds to be broken now, and the runbook of each alert that has one.",
        drawn="table",
        queries=(Query(expr=f"{_LINKED} or {_FIRING} unless on (alertname) {runbooks.NAME}"),),
        unit="none",
        width=24,
        height=6,
        columns=("alertname", "severity", "priority", "branch", "subject", "machine", "escalation", runbooks.LABEL),
    )


def _course(select: Selecting) -> tuple[Panel, ...]:
    return (
        Panel(
            title="Bad Runs in a Row",
            description="In how many runs in a row each rule's demand was broken, where it was most; 0 where it holds.",
            drawn="timeseries",
            queries=(Query(expr=f"max by (rule) ({select.exported('alert_bad_runs')})", legend="{{rule}}"),),
            unit="runs",
            decimals=0,
            min=0,
        ),
        Panel(
            title="Builds Failed in a Row",
            description="Of each workflow on the branch.",
            drawn="timeseries",
            queries=(Query(expr=select.figure("workflow_failure_streak"), legend="{{subject}}"),),
            unit="runs",
            decimals=0,
            min=0,
        ),
    )


def _itself(select: Selecting) -> tuple[Panel, ...]:
    return (
        Panel(
            title="Age of the Newest Run",
            description="By machine; `repository` is the one of the key figures. What is not measured cannot alert.",
            drawn="stat",
            queries=(Query(expr=f"time() - {select.exported('last_run_timestamp_seconds')}", legend="{{machine}}"),),
            unit="s",
            width=10,
            height=6,
            decimals=0,
            thresholds=(Threshold(None, "green"), Threshold(_DAY, "yellow"), Threshold(2 * _DAY, "red")),
        ),
        Panel(
            title="Failed Rules",
            description="Rules and gates that the newest run of each machine failed.",
            drawn="stat",
            queries=(Query(expr=select.exported("rules", 'status="failed"'), legend="{{machine}}"),),
            unit="none",
            width=8,
            height=6,
            decimals=0,
            thresholds=_ANY,
        ),
        Panel(
            title="Store",
            description="Whether all that is stored can be read.",
            drawn="stat",
            queries=(Query(expr=select.of_store("store_readable"), legend="{{repo}}"),),
            unit="none",
            width=6,
            height=6,
            thresholds=(Threshold(None, "red"), Threshold(1, "green")),
            states=("cannot be read", "can be read"),
        ),
    )
