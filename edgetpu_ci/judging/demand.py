"""What a rule demands, and of which measurements. Pure."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct

from edgetpu_ci import metrics
from edgetpu_ci.model import Measurement, Rule, Run

STEADY = "no lasting change for the worse"
"""What `no_change_point` demands, in words."""


def matches(rule: Rule, measurement: Measurement) -> bool:
    """Whether a rule names a measurement, also by an alias of its metric."""
    return any(fnmatchcase(f"{measurement.subject}/{name}", rule.match) for name in _names(measurement.metric))


def metrics_of(rule: Rule, names: Iterable[str]) -> frozenset[str]:
    """Those of some metrics that a rule may name, whatever their subjects: most rules name one letter by letter."""
    last = rule.match.rpartition("/")[2]
    if set(last) & set("*?[]"):
        return frozenset(names)
    return frozenset(one for one in names if any(f"/{name}".endswith(f"/{last}") for name in _names(one)))


def _names(metric: str) -> tuple[str, ...]:
    return (metric, *metrics.find(metric).aliases)


def applying(rules: Sequence[Rule], run: Run) -> tuple[Rule, ...]:
    """The rules that such a run can answer: a rule on a KPI is no matter of a benchmark, nor the other way round.

    One configuration holds the demands on both, and each run collects one kind, or both. A name that nobody knows is
    no reason to leave a rule out, nor is a glob. What was to be collected and was not is of KPIs.
    """
    names = {measurement.metric for measurement in run.measurements}
    collected = {metrics.published(name) is not None for name in names}
    wanted = {*collected, None, *([True] if run.incomplete else [])}
    return tuple(rule for rule in rules if not collected or _is_of_kpi(rule) in wanted)


def _is_of_kpi(rule: Rule) -> bool | None:
    """Whether the metric that a rule names is a key figure; None where that cannot be said."""
    name = rule.match.rpartition("/")[2]
    return metrics.published(name) is not None if metrics.is_known(name) else None


def watched(rule: Rule, measurement: Measurement) -> str:
    """The key a rule reads: a change of something that other work disturbs is looked for in its calm metric."""
    is_of_change = rule.worse_by_percent is not None or rule.no_change_point
    calm = metrics.find(measurement.metric).calm if is_of_change else ""
    return f"{measurement.subject}/{calm or measurement.metric}"


def is_band(rule: Rule) -> bool:
    """Whether a rule is about the value itself, not about a change of it."""
    return rule.worse_by_percent is None and not rule.exact and not rule.no_change_point


def words(rule: Rule) -> str:
    """What a rule demands, as people read it."""
    if rule.worse_by_percent == 0:
        return "no worse"
    if rule.worse_by_percent is not None:
        return f"at most {rule.worse_by_percent:g} % worse"
    if rule.exact:
        return "equal to the baseline"
    if rule.no_change_point:
        return STEADY
    bounds = (("min", rule.min), ("target", rule.target), ("max", rule.max))
    return ", ".join(f"{name} {bound:g}" for name, bound in bounds if bound is not None)


class Least(Struct, frozen=True):
    """The smallest change a rule demands to hear of: as a fraction, and in milliseconds where it is of a time."""

    effect: float
    floor_ms: float


def of_changes(measurements: Sequence[Measurement], rules: Sequence[Rule]) -> dict[str, Least]:
    """What the rules demand of changes, by the key each is looked for in: the least of all that any of them does.

    So nothing is missed; each rule is then held against its own limit.
    """
    found: dict[str, Least] = {}
    for rule in rules:
        if rule.worse_by_percent is not None:
            effect, floor_ms = rule.worse_by_percent / 100, rule.floor_ms
            for key in (watched(rule, m) for m in measurements if matches(rule, m)):
                known = found.get(key, Least(effect, floor_ms))
                found[key] = Least(min(effect, known.effect), min(floor_ms, known.floor_ms))
    return found


def floor_of(metric: str, level: float, floor_ms: float) -> float:
    """A floor in milliseconds as a fraction of `level`, whichever way round the metric counts time."""
    unit = metrics.find(metric).unit
    if unit == "ms" and level > 0:
        return floor_ms / level
    return floor_ms * level / 1000 if unit == "1/s" else 0.0
