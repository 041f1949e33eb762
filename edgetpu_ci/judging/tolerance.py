"""What each kind of demand tolerates: a value in its band, a change within its limit, a level that stays. Pure."""

from math import inf

from msgspec.structs import replace

from edgetpu_ci import metrics
from edgetpu_ci.judging import demand, phrases
from edgetpu_ci.judging.verdicts import failed, improved, passed, unknown, warned
from edgetpu_ci.model import Better, Comparison, History, Measurement, Rule, Verdict
from edgetpu_ci.stats import changes

_ROUNDING = 1e-8
"""A change that is exactly what a rule is about does fail it, however its logarithm was rounded."""


def band(rule: Rule, measurement: Measurement, value: float) -> Verdict:
    """A value against the least, the most and the target."""
    metric = metrics.find(measurement.metric)
    said = metrics.answer(value, metric.name)
    # The bad side of a band fails; the good side is an improvement, where the metric has one.
    if rule.max is not None and value > rule.max:
        if metric.better == "higher":
            return improved(rule, measurement, f"{said} is beyond {rule.max:g}: improved, consider a new band")
        return failed(rule, measurement, _beyond(said, "above the most", rule.max, metric.name))
    if rule.min is not None and value < rule.min:
        if metric.better == "lower":
            return improved(rule, measurement, f"{said} is below {rule.min:g}: improved, consider a new band")
        return failed(rule, measurement, _beyond(said, "below the least", rule.min, metric.name))
    if rule.target is not None and _short_of(rule.target, value, metric.better):
        target = metrics.answer(rule.target, metric.name)
        return warned(rule, measurement, f"{said} is allowed, but misses the target, {target}")
    return passed(rule, measurement, f"{said} is within the band")


def _beyond(said: str, side: str, bound: float, name: str) -> str:
    limit = metrics.answer(bound, name)
    return f"{said}, and it must be {limit}" if metrics.is_yes_or_no(name) else f"{said} is {side} allowed, {limit}"


def _short_of(target: float, value: float, better: Better | None) -> bool:
    return value < target if better == "higher" else value > target if better == "lower" else value != target


def course(rule: Rule, measurement: Measurement, history: History | None) -> Verdict:
    """A lasting change for the worse, while it stands; what is only suspected is shown, and nothing more."""
    if history is None:
        return unknown(rule, measurement, "only what is noisy has change points; demand `exact` or a band of this")
    if history.runs < changes.FEWEST:
        verdict = unknown(
            rule, measurement, f"{history.runs} of the {changes.FEWEST} runs that a change of level takes"
        )
        return replace(verdict, weight=rule.unknown or "pass")
    said = "; ".join(phrases.shift(one, history.metric) for one in history.shifts)
    if any(one.tier == "confirmed" and one.finding == "regressed" for one in history.shifts):
        return failed(rule, measurement, said)
    if any(one.tier == "confirmed" for one in history.shifts):
        return improved(rule, measurement, said)
    verdict = passed(rule, measurement, said or f"no change of level that stands in {history.runs} runs")
    return replace(verdict, suspected=bool(said))


def change(rule: Rule, measurement: Measurement, comparison: Comparison) -> Verdict:
    """What became of something since its base, against the percents it may be worse by."""
    if metrics.find(comparison.metric).deterministic and comparison.finding != "inconclusive":
        return _growth(rule, measurement, comparison)
    match comparison.finding:
        case "regressed":
            return _regressed(rule, measurement, comparison)
        case "improved":
            return improved(rule, measurement, _said(comparison))
        case "unchanged":
            said = comparison.because or f"{phrases.unchanged(comparison)} against the {phrases.against(comparison)}"
            return passed(rule, measurement, said)
        case "inconclusive":
            return _undecided(rule, measurement, comparison)


def _regressed(rule: Rule, measurement: Measurement, comparison: Comparison) -> Verdict:
    """What is worse by the strictest rule fails only the rules that are about so great a change."""
    limit, words = _limit(rule, comparison)
    if worse_by(comparison) >= limit - _ROUNDING * (1 + limit):
        return _worse(rule, measurement, comparison, _said(comparison))
    return passed(rule, measurement, f"{_said(comparison)}, within the {words} allowed")


def _undecided(rule: Rule, measurement: Measurement, comparison: Comparison) -> Verdict:
    """What the strictest rule cannot be told by may surely be less than a looser one is about."""
    limit, words = _limit(rule, comparison)
    worst = _worst(comparison)
    if worst is None or not (comparison.min_effect or 0.0) <= worse_by(worst) < limit:
        return unknown(rule, measurement, comparison.because or "what was measured does not decide it")
    return passed(rule, measurement, f"at most {_said(worst)}, within the {words} allowed")


def _worst(comparison: Comparison) -> Comparison | None:
    """The comparison as bad as its interval allows; None where that is not to be believed."""
    # Beside a base, rounds that are needed say that only those are missing: neither a calmer host nor a better runner.
    if comparison.interval is None or (comparison.against == "base commit" and comparison.rounds_needed is None):
        return None
    bound = min if metrics.find(comparison.metric).better == "higher" else max
    return replace(comparison, ratio=bound(comparison.interval))


def worse_by(comparison: Comparison) -> float:
    """How much worse head is than base, as a fraction of the base."""
    sign = -1 if metrics.find(comparison.metric).better == "higher" else 1
    if comparison.ratio is not None:
        return sign * (comparison.ratio - 1)
    return sign * (comparison.head / comparison.base - 1) if comparison.base else inf


def _limit(rule: Rule, comparison: Comparison) -> tuple[float, str]:
    """The smallest change that a rule is about, as a fraction of the base, and in words."""
    percent = rule.worse_by_percent or 0.0
    # Runs at different times have a least effect of their own, and their test knows no floor.
    beside = comparison.against == "base commit"
    floor = demand.floor_of(comparison.metric, comparison.base, rule.floor_ms) if beside else 0.0
    return max((percent / 100, f"{percent:g} %"), (floor, f"{rule.floor_ms:g} ms"))


def _growth(rule: Rule, measurement: Measurement, comparison: Comparison) -> Verdict:
    """A fact that may become worse by so many percent: bytes, operators and MACs are better fewer."""
    said = _said(comparison)
    growth = comparison.head - comparison.base
    worse = -growth if metrics.find(comparison.metric).better == "higher" else growth
    # Of nothing there are no percents: whatever is worse than that is worse by any.
    if worse * 100 > (rule.worse_by_percent or 0) * abs(comparison.base):
        return _worse(rule, measurement, comparison, ": ".join(filter(None, [said, comparison.because])))
    return passed(rule, measurement, said if comparison.head != comparison.base else "unchanged")


def exact(rule: Rule, measurement: Measurement, comparison: Comparison) -> Verdict:
    """A fact that must not change."""
    if comparison.finding == "unchanged":
        return passed(rule, measurement, f"equals the {phrases.against(comparison)}")
    metric = metrics.find(comparison.metric)
    was, now = metrics.amount(comparison.base, metric), metrics.amount(comparison.head, metric)
    return _worse(rule, measurement, comparison, f"{now} is not the {was} of the {phrases.against(comparison)}")


def _worse(rule: Rule, measurement: Measurement, comparison: Comparison, said: str) -> Verdict:
    if comparison.against != "previous run":
        return replace(failed(rule, measurement, said), worse_than=comparison.against)
    # A previous run is nobody's decision: it may inform, it must not block.
    return warned(rule, measurement, said)


def _said(comparison: Comparison) -> str:
    return f"{phrases.describe(comparison)} than the {phrases.against(comparison)}"
