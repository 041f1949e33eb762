"""The catalogue: one line a metric, with its unit, the better direction and what it means."""

import re
from math import ceil
from typing import Final, Literal

from edgetpu_ci.metrics import benchmarks, incidents, quality, reliability, supply, upkeep, velocity
from edgetpu_ci.metrics.kpi import Kpi, collected_by
from edgetpu_ci.model import Better, Metric

KPIS: Final[tuple[Kpi, ...]] = (
    *collected_by("reports", quality.KPIS),
    *collected_by("github", velocity.KPIS),
    *collected_by("github", reliability.KPIS),
    *collected_by("github_actions", reliability.OF_THIS_RUN),
    *collected_by("incidents", incidents.KPIS),
    *collected_by("security", supply.SCORE),
    *collected_by("reports", supply.COMPONENTS),
    *collected_by("dependencies", supply.DEPENDENCIES),
    *collected_by("pypi", supply.PACKAGE),
    *collected_by("security", supply.SECURITY),
    *collected_by("site", supply.SITE),
    *collected_by("cost", upkeep.COST),
    *collected_by("compliance", upkeep.COMPLIANCE),
)

CATALOGUE: Final[tuple[Metric, ...]] = (*benchmarks.METRICS, *(kpi.metric for kpi in KPIS))

_FOUR_DIGITS: Final = 1000
_TOO_LONG_TO_WRITE_OUT: Final = 1e15

_NANOSECONDS_BELOW_MS: Final = 1e-3
_PER_MS: Final = 1e6
_SECONDS: Final = {"h": 3600, "d": 86_400, "days": 86_400}
_SHORT: Final = 0.01

_LONGEST_UNIT: Final = 60
_FOREIGN: Final = re.compile(r"value_(lower|higher)_([A-Za-z0-9._-]{1,60})")

_BY_NAME: Final = {name: metric for metric in CATALOGUE for name in (metric.name, *metric.aliases)}
_KPI_OF: Final = {kpi.metric.name: kpi for kpi in KPIS}


def amount(value: float, metric: Metric) -> str:
    """A value and its unit: facts with all their digits, what is measured with four; a state as its word."""
    if metric.states:
        return state(value, metric)
    if metric.unit == "ms" and 0 < abs(value) < _NANOSECONDS_BELOW_MS:
        return f"{value * _PER_MS:#.4g} ns"
    if metric.unit in _SECONDS and 0 < abs(value) < _SHORT:
        return f"{_digits(value * _SECONDS[metric.unit], exact=False)} s"
    return f"{_digits(value, exact=metric.better == 'exact')} {metric.unit}".rstrip()


def answer(value: float, name: str) -> str:
    """A value of a metric of this name; of one that is only ever 1 or 0, yes or no."""
    if is_yes_or_no(name) and value in _ANSWERS:
        return _ANSWERS[value]
    return amount(value, find(name))


_ANSWERS: Final = {1.0: "yes", 0.0: "no"}


def is_yes_or_no(name: str) -> bool:
    """Whether it is a key figure that is only ever 1 or 0."""
    kpi = published(name)
    return kpi is not None and kpi.is_yes_or_no


def state(value: float, metric: Metric) -> str:
    """The word of a value of a metric with states; between two of them, as in a mean, the worse one."""
    return metric.states[ceil(min(max(value, 0), len(metric.states) - 1))]


def _digits(value: float, *, exact: bool) -> str:
    if abs(value) >= _TOO_LONG_TO_WRITE_OUT:
        return f"{value:.4g}"
    if value % 1 == 0 or (abs(value) >= _FOUR_DIGITS and not exact):
        return f"{value:,.0f}"
    # Zeros at the end stay: values below each other have their digits below each other.
    return f"{value:,.2f}" if exact else f"{value:#.4g}"


def is_known(name: str) -> bool:
    """Whether the catalogue has this name or alias."""
    return name in _BY_NAME


def names() -> tuple[str, ...]:
    """Every name and alias of the catalogue."""
    return tuple(_BY_NAME)


def published(name: str) -> Kpi | None:
    """The definition of a key figure, by its name or alias; None for every other metric."""
    return _KPI_OF.get(find(name).name)


def find(name: str) -> Metric:
    """The metric of this name or alias; an unknown name is a metric that is shown, never compared."""
    return _BY_NAME.get(name) or _decode(name) or Metric(name=name)


def foreign(unit: str, better: Literal["lower", "higher"] | None) -> str:
    """The name of a metric that only a foreign file knows: `value_lower_MB`, `value_higher_frames_per_s`.

    `find` takes unit and direction from such a name. Without a direction it is `custom_UNIT`: shown, never compared.
    """
    word = unit.replace("%", "percent").replace("/", "_per_")
    word = re.sub(r"[^A-Za-z0-9.-]+", "_", word).strip("_")[:_LONGEST_UNIT] or "unit"
    return f"value_{better}_{word}" if better else f"custom_{word}"


def _decode(name: str) -> Metric | None:
    if not (found := _FOREIGN.fullmatch(name)):
        return None
    better: Better = "lower" if found[1] == "lower" else "higher"
    unit = "%" if found[2] == "percent" else found[2].replace("_per_", "/").replace("_", " ")
    return Metric(name=name, unit=unit, better=better, meaning="named by the file it was read from")
