"""The performance dashboard of the operational monitoring document, and every model beside it. Pure."""

from edgetpu_ci.stack.dashboards.record import Dashboard, Panel, Query, Threshold
from edgetpu_ci.stack.dashboards.series import Selecting

_OF = "{{subject}} · {{device}} · {{machine}}"


def dashboard(select: Selecting) -> Dashboard:
    """The document's three, then throughput, latency, memory and errors of every model."""
    return Dashboard(
        name="performance",
        title="Performance Dashboard",
        description="How fast and how well models run, on each device.",
        last="7d",
        panels=(*_of_document(select), *_of_every_model(select)),
        variables=("branch", "machine", "subject"),
        commits=select.new_commits(),
    )


def _of_document(select: Selecting) -> tuple[Panel, ...]:
    return (
        Panel(
            title="Benchmark Throughput",
            description="Inferences per second of the models whose names have mobilenet or yolo in them.",
            drawn="timeseries",
            queries=tuple(
                Query(expr=select.measured(f"benchmark_fps_{model}"), legend=_OF) for model in ("mobilenet", "yolo")
            ),
            unit="fps",
            width=10,
            last="7d",
            min=0,
        ),
        Panel(
            title="Power Efficiency",
            description="Operations on the Edge TPU per second and measured watt: the best device of each model.",
            drawn="stat",
            queries=(
                Query(
                    expr=f"max by (subject) ({select.measured('power_efficiency_tops_per_watt')})",
                    legend="{{subject}}",
                ),
            ),
            unit="TOPS/W",
            width=6,
            decimals=1,
        ),
        Panel(
            title="Error Rate",
            description="Inferences that failed, of those attempted. The line is what may not be reached.",
            drawn="timeseries",
            queries=(Query(expr=select.measured("benchmark_error_rate"), legend=_OF),),
            unit="percent",
            width=8,
            min=0,
            thresholds=(Threshold(None, "green"), Threshold(1.0, "red")),
            limit=True,
        ),
    )


def _of_every_model(select: Selecting) -> tuple[Panel, ...]:
    return tuple(
        Panel(
            title=title,
            description=description,
            drawn="timeseries",
            queries=(Query(expr=select.of_subject(metric), legend=_OF),),
            unit=unit,
        )
        for title, metric, unit, description in (
            ("Throughput of Every Model", "throughput_fps", "fps", "Inferences completed per second, as a user gets."),
            (
                "Sustained Throughput",
                "throughput_sustained_fps",
                "fps",
                "What other work on the machine disturbs least.",
            ),
            ("Median Latency", "latency_p50_ms", "s", "The median over all samples of one inference."),
            ("Latency, 99th Percentile", "latency_p99_ms", "s", "Known where there were at least 662 samples."),
            ("Memory", "memory_peak_mb", "decbytes", "Peak resident memory of the measuring process."),
            ("First Inference", "first_inference_ms", "s", "The first inference after loading, median over slots."),
        )
    )
