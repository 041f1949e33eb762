"""The five groups of figures that operational monitoring asks for, under its own names. Pure."""

from collections.abc import Iterable
from statistics import fmean
from typing import Final

from msgspec.structs import replace

from edgetpu_ci import metrics, validity
from edgetpu_ci.metrics import monitored
from edgetpu_ci.model import REPOSITORY, Measurement, Report

Value = float | str | None

_ERRORS: Final = "error_rate_percent"
_NO_BENCHMARK: Final = "no benchmark report is in the store"
_NOT_MEASURED: Final = "was not measured in the newest benchmark report"


def document(kpis: Report, benchmark: Report | None) -> dict[str, object]:
    """The groups, each name with its value or None, when that was, whether all was collected, and why what is unknown.

    Of several models the worst counts where lower is better, else their mean; a state is its word.
    """
    unknown: dict[str, str] = {}
    groups = {
        **{group: _of_repository(names, kpis, unknown) for group, names in monitored.OF_REPOSITORY.items()},
        **{group: _of_models(names, benchmark, unknown) for group, names in monitored.OF_BENCHMARKS.items()},
    }
    return {
        "as_of": kpis.run.at,
        "benchmarks_as_of": benchmark.run.at if benchmark else None,
        "complete": not kpis.run.incomplete,
        "incomplete": list(kpis.run.incomplete),
        **groups,
        "unknown": unknown,
    }


def _of_repository(names: Iterable[str], report: Report, unknown: dict[str, str]) -> dict[str, Value]:
    known = {m.metric: m for m in report.run.measurements if m.subject == REPOSITORY}
    return {name: _value(name, [known[name]] if name in known else [], _not_collected(name), unknown) for name in names}


def _not_collected(name: str) -> str:
    kpi = metrics.published(name)
    return f"was not collected; `use: {kpi.use}` under `kpis` does" if kpi else "was not collected"


def _of_models(names: Iterable[str], report: Report | None, unknown: dict[str, str]) -> dict[str, Value]:
    measured = report.run.measurements if report else ()
    broken = validity.invalid(measured)
    why = _NOT_MEASURED if report else _NO_BENCHMARK
    valid = [_void(m, broken[m.subject]) if m.subject in broken else m for m in measured]
    return {name: _value(name, [m for m in valid if _is(m, name)], why, unknown) for name in names}


def _void(measurement: Measurement, why: str) -> Measurement:
    """What a run that broke measured says nothing of it, but how often it failed does."""
    is_of_failing = metrics.find(measurement.metric).name == _ERRORS
    return measurement if is_of_failing else replace(measurement, value=None, reason=why)


def _is(measurement: Measurement, name: str) -> bool:
    return metrics.find(measurement.metric).name == metrics.find(name).name


def _value(name: str, found: list[Measurement], why: str, unknown: dict[str, str]) -> Value:
    """What several measurements of one metric say together; the reason goes to `unknown` where they say nothing."""
    values = [m.value for m in found if m.value is not None]
    if not values:
        unknown[name] = next((m.reason for m in found if m.reason), why)
        return None
    metric = metrics.find(name)
    together = max(values) if metric.better == "lower" else fmean(values)
    return metrics.state(together, metric) if metric.states else together
