"""What became worse, by how much, and with which commit. Pure."""

from edgetpu_ci.stack.dashboards.record import Dashboard, Panel, Query, Threshold
from edgetpu_ci.stack.dashboards.series import Selecting

_CHOSEN = ('subject=~"$subject"', 'machine=~"$machine"')


def dashboard(select: Selecting) -> Dashboard:
    """Changes that are certain, then the speeds they are of."""
    worse = select.exported("regression_ratio", *_CHOSEN)
    return Dashboard(
        name="regressions",
        title="Regressions",
        description="Changes for the worse that are certain, and the commits between which they lie.",
        last="30d",
        panels=(
            Panel(
                title="Worse Than Before",
                description="By how much the worst metric of each is certain to be worse; 0 where none is.",
                drawn="timeseries",
                queries=(Query(expr=f"max by (subject, machine) ({worse})", legend="{{subject}} · {{machine}}"),),
                unit="percentunit",
                width=12,
                min=0,
                thresholds=(Threshold(None, "green"), Threshold(0.1, "red")),
                limit=True,
            ),
            Panel(
                title="Worse Now",
                description="The same at this moment, the worst first.",
                drawn="table",
                queries=(Query(expr=f"sort_desc({worse} > 0)"),),
                unit="percentunit",
                width=12,
                decimals=1,
                columns=("subject", "metric", "machine"),
                value="worse by",
            ),
            *_speeds(select),
        ),
        variables=("branch", "machine", "subject"),
        commits=select.new_commits(),
    )


def _speeds(select: Selecting) -> tuple[Panel, ...]:
    return tuple(
        Panel(
            title=title,
            description=description,
            drawn="timeseries",
            queries=(Query(expr=select.of_subject(metric), legend="{{subject}} · {{device}} · {{machine}}"),),
            unit=unit,
        )
        for title, metric, unit, description in (
            ("Sustained Throughput", "throughput_sustained_fps", "fps", "What change rules read. Marks are commits."),
            ("CPU Time", "cpu_time_p10_ms", "s", "Of one inference: what waiting does not lengthen."),
        )
    )
