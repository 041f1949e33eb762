"""Key figures for who skims: pairs of name and value, dependencies, cost."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from edgetpu_ci import metrics
from edgetpu_ci.digest.record import Digest
from edgetpu_ci.model import Dependency, Earlier, Measurement, Trend
from edgetpu_ci.render import dependencies, unknowns, words
from edgetpu_ci.render.digest.spans import NAME, OWNER, Pair

_SEVERITIES: Final = ("critical", "high")
_NAMES: Final = {
    "deployment_frequency_per_week": "deployments",
    "minutes_month_to_date": "minutes",
    "cost_month_to_date_usd": "cost so far",
    "cost_forecast_usd": "forecast",
}
_INCLUDED: Final = re.compile(r"([\d,]+) of ([\d,]+) used")
_THREE_DIGITS: Final = 100
_POINTS: Final = 12


def pair(measured: Measurement, courses: Iterable[Trend]) -> Pair:
    """Its value, quantile, direction and count, or why that is not known."""
    if measured.value is None:
        return Pair(_called(measured), _unknown(measured))
    p75 = next((text for name, text in measured.details if name == "p75"), "")
    told = [
        f"{_amount(measured)} {_direction(measured)}".rstrip(),
        f"p75 {words.plain(p75, OWNER)}" if p75 else "",
        f"n={measured.n:,}" if measured.n else "",
    ]
    course = next((one.values for one in courses if one.metric == metrics.find(measured.metric).name), ())
    spark = words.sparkline(course[-_POINTS:]) if len(course) > 1 else ""
    return Pair(_called(measured), " · ".join(filter(None, told)), spark)


def _called(measured: Measurement) -> str:
    return _NAMES.get(measured.metric) or words.label(measured.metric)


def _unknown(measured: Measurement) -> str:
    """Why a figure is not known, in few words."""
    return f"not known: {unknowns.brief(measured.reason, NAME)}"


def _unknown_ones(found: Iterable[Measurement]) -> Iterator[str]:
    """Those that are not known, each reason once."""
    names: dict[str, list[str]] = {}
    for measured in found:
        if measured.value is None:
            names.setdefault(_unknown(measured), []).append(_called(measured))
    yield from (f"{', '.join(called)} {why}" for why, called in names.items())


def _amount(measured: Measurement) -> str:
    """A value for who skims: three digits do."""
    value, metric = measured.value or 0.0, metrics.find(measured.metric)
    if metric.states or metrics.is_yes_or_no(measured.metric):
        return metrics.answer(value, measured.metric)
    if metric.unit == "USD":
        return f"{value:,.2f} USD"
    digits = f"{value:,.0f}" if abs(value) >= _THREE_DIGITS else f"{value:.3g}"
    return f"{digits}{'' if metric.unit.startswith('/') else ' '}{metric.unit}".rstrip()


def _direction(measured: Measurement) -> str:
    """An arrow only beyond noise; nothing where there is no time before to compare with."""
    before = measured.earlier
    if before is None or not before.moved:
        return "steady" if before else ""
    return f"{'▲' if (measured.value or 0.0) > before.value else '▼'} from {_amount(_as_before(measured, before))}"


def _as_before(measured: Measurement, before: Earlier) -> Measurement:
    return Measurement(subject=measured.subject, metric=measured.metric, value=before.value)


def security(digest: Digest) -> str:
    """How many are how grave, the gravest by name with what mends it, and alerts."""
    known = {measured.metric: measured for measured in digest.security if measured.value is not None}
    weak = known.pop("vulnerable_dependencies", None)
    told = [_graves(digest.dependencies)] if digest.dependencies or weak else []
    counts = [f"{one.value:,.0f} {_called(one)}" for one in known.values()]
    return " · ".join([*told, *counts, *_unknown_ones(digest.security)])


def _graves(found: Sequence[Dependency]) -> str:
    counted = Counter(one.severity for one in found)
    others = len(found) - sum(counted[name] for name in _SEVERITIES)
    told = [f"{counted[name]:,} {name}" for name in _SEVERITIES]
    if others:
        told.append(f"{others:,} lower or unrated")
    gravest = dependencies.ordered(found)[:1]
    return ", ".join(told) + "".join(f": {_raised(one)}" for one in gravest)


def _raised(one: Dependency) -> str:
    package, current = words.plain(one.package, OWNER), words.plain(one.current, OWNER)
    fixed = words.plain(one.fixed_in, OWNER)
    return f"{package} {current} → {fixed}" if fixed else f"{package} {current}, no fix is known"


def cost(found: Sequence[Measurement]) -> str:
    """Minutes, what of the included ones is used, and the bill at the month's end."""
    told = [_spent(measured, found) for measured in found if measured.value is not None]
    return " · ".join([*told, *_unknown_ones(found)])


def _spent(measured: Measurement, found: Sequence[Measurement]) -> str:
    if measured.metric == "minutes_month_to_date":
        return f"{_amount(measured)}{_included(found)}"
    return f"{_called(measured)} {_amount(measured)}{_interval(measured)}"


def _interval(measured: Measurement) -> str:
    if measured.interval is None:
        return ""
    low, high = measured.interval
    return f" ({low:,.2f} … {high:,.2f})"


def _included(found: Iterable[Measurement]) -> str:
    """What of the minutes that the plan includes was used, where a plan is configured."""
    told = (text for one in found for name, text in one.details if name == "included minutes")
    if not (counted := _INCLUDED.match(next(told, ""))):
        return ""
    used, included = (int(number.replace(",", "")) for number in counted.groups())
    return f", {100 * used / included:.0f} % of the {included:,} included" if included else ""
