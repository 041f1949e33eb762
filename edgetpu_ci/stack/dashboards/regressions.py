"""What became worse, by how much, and with which commit. Pure."""

from edgetpu_ci.stack.dashboards.record import Dashboard, Panel, Query, Threshold
from edgetpu_ci.stack.dashboards.series import Selecting

_OF = "{{subject}} · {{metric}} · {{machine}}"
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
                description="By how much, of what is certain to be worse than it is held against; 0 where nothing is.",
                drawn="timeseries",
                queries=(Query(expr=worse, legend=_OF),),
                unit="percentunit",
                width=14,
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
                width=10,
                decimals=1,
                columns=("subject", "metric", "device", "machine"),
            ),
            *_speeds(select),
        ),
        variables=("branch", "machine", "subject"),
        commits=True,
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
