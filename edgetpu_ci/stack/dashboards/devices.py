"""How machines and accelerators are: heat, power, load, and whether they still report. Pure."""

from edgetpu_ci import metrics
from edgetpu_ci.model import REPOSITORY
from edgetpu_ci.stack.dashboards.record import Dashboard, Panel, Query, Threshold
from edgetpu_ci.stack.dashboards.series import Selecting

_OF = "{{subject}} · {{machine}}"
_DAY = 86_400
_FULL = (Threshold(None, "green"), Threshold(0.9, "orange"), Threshold(0.97, "red"))


def dashboard(select: Selecting) -> Dashboard:
    """States first, then what leads to them."""
    return Dashboard(
        name="devices",
        title="Device Health",
        description="How hot, how busy and how well the machines and their accelerators are.",
        last="7d",
        panels=(*_states(select), *_heat(select), *_power(select), *_load(select), _age(select)),
        variables=("branch", "machine"),
    )


def _states(select: Selecting) -> tuple[Panel, ...]:
    return tuple(
        Panel(
            title=title,
            description=description,
            drawn="state-timeline",
            queries=(Query(expr=select.of_machine(metric), legend=_OF),),
            unit="none",
            height=6,
            thresholds=(Threshold(None, "green"), Threshold(1, "orange"), Threshold(2, "red")),
            states=metrics.find(metric).states,
        )
        for title, metric, description in (
            ("Thermal State", "thermal_state", "Far from the first trip point, near it, or slowed down by heat."),
            ("Device Status", "device_status", "What the driver says of the accelerator."),
        )
    )


def _heat(select: Selecting) -> tuple[Panel, ...]:
    return (
        Panel(
            title="Temperature of Accelerators",
            description="The accelerator's own sensor; of a model the highest while it ran. USB has none.",
            drawn="timeseries",
            queries=(Query(expr=select.of_machine("tpu_temperature_celsius"), legend=_OF),),
            unit="celsius",
            width=8,
        ),
        Panel(
            title="Temperature of Machines",
            description="The hottest thermal zone; of a model the highest while it ran.",
            drawn="timeseries",
            queries=(Query(expr=select.of_machine("temperature_celsius"), legend=_OF),),
            unit="celsius",
            width=8,
        ),
        Panel(
            title="Throttling",
            description="Share of the rounds in which something was slowed down by heat: their speeds tell nothing.",
            drawn="timeseries",
            queries=(Query(expr=select.of_machine("throttled_percent"), legend=_OF),),
            unit="percentunit",
            width=8,
            min=0,
            max=1,
        ),
    )


def _power(select: Selecting) -> tuple[Panel, ...]:
    return tuple(
        Panel(
            title=title,
            description=description,
            drawn="timeseries",
            queries=(Query(expr=select.of_machine(metric), legend=_OF),),
            unit=unit,
            width=8,
            min=0,
        )
        for title, metric, unit, description in (
            ("Power", "power_watts", "watt", "Mean power while inferences were timed, as the meter has it."),
            ("Energy of an Inference", "energy_per_inference_mj", "joule", "With what is drawn when idle."),
            (
                "Use of the Edge TPU",
                "tpu_utilization_percent",
                "percentunit",
                "Share of an inference that the host waits for the TPU's operators; not the chip's load.",
            ),
        )
    )


def _load(select: Selecting) -> tuple[Panel, ...]:
    used = {
        "CPU": select.of_machine("cpu_use_percent"),
        "memory": f"1 - {select.of_machine('memory_free_percent')}",
        "disk": f"1 - {select.of_machine('disk_free_percent')}",
    }
    return (
        Panel(
            title="Load of Machines",
            description="Share of CPU time, memory and disk that is used while nothing is measured.",
            drawn="timeseries",
            queries=tuple(Query(expr=expr, legend=f"{name} · {{{{machine}}}}") for name, expr in used.items()),
            unit="percentunit",
            width=8,
            min=0,
            max=1,
            thresholds=_FULL,
            limit=True,
        ),
        Panel(
            title="Resets",
            description="Resets of an accelerator since its driver was loaded.",
            drawn="timeseries",
            queries=(Query(expr=select.of_machine("device_resets"), legend=_OF),),
            unit="none",
            width=8,
            min=0,
            decimals=0,
        ),
    )


def _age(select: Selecting) -> Panel:
    newest = select.exported("last_run_timestamp_seconds", 'machine=~"$machine"', f'machine!="{REPOSITORY}"')
    return Panel(
        title="Age of the Newest Run",
        description="How long each machine has not reported. Silence is no good news.",
        drawn="stat",
        queries=(Query(expr=f"time() - {newest}", legend="{{machine}}"),),
        unit="s",
        width=8,
        decimals=0,
        thresholds=(Threshold(None, "green"), Threshold(_DAY, "yellow"), Threshold(2 * _DAY, "red")),
    )
