"""What CI costs: this month and at its end, minutes, storage, and who uses them. Pure."""

from edgetpu_ci.stack.dashboards.record import Dashboard, Panel, Query, Threshold
from edgetpu_ci.stack.dashboards.series import Selecting

_WHOLE = 'subject="repository"'


def dashboard(select: Selecting) -> Dashboard:
    """Figures of the month first, then their course and their parts."""
    return Dashboard(
        name="cost",
        title="Cost",
        description="What GitHub Actions and monitoring cost this month, and where it comes from.",
        last="90d",
        panels=(*_month(select), *_course(select), *_parts(select)),
    )


def _month(select: Selecting) -> tuple[Panel, ...]:
    def stat(title: str, metric: str, description: str) -> Panel:
        return Panel(
            title=title,
            description=description,
            drawn="stat",
            queries=(Query(expr=select.figure(metric, _WHOLE), legend="{{branch}}"),),
            unit="currencyUSD",
            width=5,
            height=6,
            decimals=2,
        )

    return (
        stat(
            "Month to Date", "cost_month_to_date_usd", "What this month's minutes cost beyond what the plan includes."
        ),
        stat("Forecast", "cost_forecast_usd", "What the whole month will cost if it goes on so."),
        stat("Billed", "billed_month_to_date_usd", "What GitHub billed, after discounts; some hours behind."),
        stat("Monitoring", "monitoring_cost_usd", "What watching costs: minutes, storage, messages."),
        Panel(
            title="Budget Used",
            description="This month's cost as a share of `budget_usd`.",
            drawn="gauge",
            queries=(Query(expr=select.figure("budget_used_percent", _WHOLE), legend="{{branch}}"),),
            unit="percentunit",
            width=4,
            height=6,
            min=0,
            max=1,
            thresholds=(Threshold(None, "green"), Threshold(0.8, "yellow"), Threshold(1, "red")),
        ),
    )


def _course(select: Selecting) -> tuple[Panel, ...]:
    cost = {"month to date": "cost_month_to_date_usd", "forecast": "cost_forecast_usd"}
    storage = {"artifacts": "artifact_storage_gb", "caches": "cache_storage_gb"}
    return (
        _lines("Cost of the Month", "Month to date, and forecast.", cost, "currencyUSD", select),
        Panel(
            title="Minutes of the Month",
            description="Minutes of GitHub Actions since the month began, as they are billed.",
            drawn="timeseries",
            queries=(Query(expr=f"{select.figure('minutes_month_to_date', _WHOLE)} / 60", legend="{{branch}}"),),
            unit="min",
            width=8,
            min=0,
        ),
        _lines("Storage", "What artifacts and caches keep.", storage, "decbytes", select),
    )


def _lines(title: str, description: str, metrics: dict[str, str], unit: str, select: Selecting) -> Panel:
    return Panel(
        title=title,
        description=description,
        drawn="timeseries",
        queries=tuple(Query(expr=select.figure(metric, _WHOLE), legend=name) for name, metric in metrics.items()),
        unit=unit,
        width=8,
        min=0,
    )


def _parts(select: Selecting) -> tuple[Panel, ...]:
    return (
        Panel(
            title="Cost by Workflow",
            description="List price of the month's minutes, before what the plan includes.",
            drawn="timeseries",
            queries=(Query(expr=select.figure("workflow_cost_month_to_date_usd"), legend="{{subject}}"),),
            unit="currencyUSD",
            min=0,
        ),
        Panel(
            title="Cost by Runner",
            description="The same by kind of runner.",
            drawn="timeseries",
            queries=(Query(expr=select.figure("runner_cost_month_to_date_usd"), legend="{{subject}}"),),
            unit="currencyUSD",
            min=0,
        ),
    )
