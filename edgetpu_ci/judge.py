"""Judge: rules × measurements × comparisons → verdicts. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fnmatch import fnmatchcase
from math import inf
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from edgetpu_ci import changes, metrics
from edgetpu_ci.model import Approval, Comparison, History, Measurement, Report, Rule, Shift, Status, Verdict

_TWO_DIGITS = 10
_ROUNDING = 1e-8
"""A change that is exactly what a rule is about does fail it, however its logarithm was rounded."""

NO_BASE = "there is no baseline for it on this device; `edgetpu-ci baseline accept` makes one"


STEADY = "no lasting change for the worse"
"""What `no_change_point` demands, in words."""

NEW = "it is new: the base does not have it"


def judge(  # noqa: PLR0913 - all that a rule may be held against
    measurements: Sequence[Measurement],
    comparisons: Sequence[Comparison],
    rules: Sequence[Rule],
    *,
    busy: bool = False,
    without: Mapping[str, str] = MappingProxyType({}),
    history: Sequence[History] = (),
    ended: date | None = None,
) -> tuple[Verdict, ...]:
    """A verdict for each rule on each measurement it names; a rule that names nothing is unknown.

    On a `busy` host a value that other work can spoil fails only if the calm value of the same thing does too.
    `without` says of subjects why they have no base, and `history` what the series of the watched metrics say; the
    baseline was accepted until the day `ended`, which is over.
    A subject that could not be measured is unknown also where no rule names it: nobody would write that rule.
    """
    known = _Known(
        compared={comparison.key: comparison for comparison in comparisons},
        calm={m.key: m.value for m in measurements if m.value is not None} if busy else {},
        without=without,
        history={one.key: one for one in history},
        ended=ended,
    )
    verdicts = [verdict for rule in rules for verdict in _apply(rule, measurements, known)]
    said = {(verdict.subject, verdict.because) for verdict in verdicts}
    for broken in measurements:
        if broken.failed and (broken.subject, broken.reason) not in said:
            said.add((broken.subject, broken.reason))
            verdicts.append(_unknown(Rule(match=broken.key), broken, broken.reason))
    return tuple(verdicts)


def approved(verdicts: Sequence[Verdict], approvals: Sequence[Approval]) -> tuple[Verdict, ...]:
    """The verdicts with what somebody accepted: worse than the base commit, it warns with who said so."""
    return tuple(_approve(verdict, approvals) if is_open(verdict) else verdict for verdict in verdicts)


def is_open(verdict: Verdict) -> bool:
    """Whether something fails that a reviewer of the change may accept; wrong answers and broken limits are not."""
    return verdict.status == "failed" and verdict.worse_than == "base commit"


def _approve(verdict: Verdict, approvals: Sequence[Approval]) -> Verdict:
    found = next((one for one in approvals if one.subject in ("", verdict.subject)), None)
    if found is None:
        return verdict
    reason = f": {found.reason}" if found.reason else ""
    because = f"{verdict.because}; accepted {found.how} {found.by}{reason}"
    return replace(verdict, status="warned", because=because)


class _Known(Struct, frozen=True):
    """What a rule is held against beside the measurement itself."""

    compared: Mapping[str, Comparison]
    calm: Mapping[str, float]
    without: Mapping[str, str]
    history: Mapping[str, History]
    ended: date | None

    def no_base(self, measurement: Measurement) -> str:
        """Why a measurement was compared with nothing."""
        return self.without.get(measurement.subject, NO_BASE)


def overall(verdicts: Sequence[Verdict]) -> Status:
    """The one status of a report: the worst of its verdicts, each as heavy as its rule says."""
    worst = {(verdict.status, verdict.weight) for verdict in verdicts}
    if any(status == "failed" for status, _ in worst):
        return "failed"
    if ("unknown", "fail") in worst:
        return "unknown"
    if any(status == "warned" or (status, weight) == ("unknown", "warn") for status, weight in worst):
        return "warned"
    return "passed"


def status(report: Report) -> Status:
    """The one status of a report; one that measured nothing is unknown."""
    whole = overall(report.verdicts)
    return "unknown" if whole != "failed" and nothing_measured(report.run.measurements) else whole


def nothing_measured(measurements: Sequence[Measurement]) -> bool:
    """Whether values were sought and none was found; what stands in a model file is not measured."""
    sought = [m.value for m in measurements if metrics.find(m.metric).better != "exact"]
    return all(value is None for value in sought) and (bool(sought) or not measurements)


def matches(rule: Rule, measurement: Measurement) -> bool:
    """Whether a rule names a measurement, also by an alias of its metric."""
    return any(fnmatchcase(f"{measurement.subject}/{name}", rule.match) for name in _names(measurement.metric))


def watched(rule: Rule, measurement: Measurement) -> str:
    """The key a rule reads: a change of something that other work disturbs is looked for in its calm metric."""
    is_of_change = rule.worse_by_percent is not None or rule.no_change_point
    calm = metrics.find(measurement.metric).calm if is_of_change else ""
    return f"{measurement.subject}/{calm or measurement.metric}"


def _names(metric: str) -> tuple[str, ...]:
    return (metric, *metrics.find(metric).aliases)


def _apply(rule: Rule, measurements: Sequence[Measurement], known: _Known) -> Iterator[Verdict]:
    found = [measurement for measurement in measurements if matches(rule, measurement)]
    for measurement in found:
        verdict = _weigh(rule, measurement, known)
        yield _spoilt(rule, measurement, verdict, known.calm) if verdict.status == "failed" else verdict
    if not found:
        # The rules of a baseline name models letter by letter: there a bracket stands around what globs would take.
        subject, _, metric = re.sub(r"\[([*?\[])\]", r"\1", rule.match).rpartition("/")
        missing = Measurement(subject=subject, metric=metrics.find(metric).name, reason=_absent(metric))
        yield _unknown(rule, missing, missing.reason)


def _absent(metric: str) -> str:
    if metrics.is_known(metric) or set(metric) & set("*?["):
        return "was not measured in this run"
    return f"no metric is called {metric}, and nothing measured it; docs/metrics.md lists the known ones"


def _weigh(rule: Rule, measurement: Measurement, known: _Known) -> Verdict:
    if measurement.value is None:
        return _unknown(rule, measurement, measurement.reason)
    if rule.no_change_point:
        return _course(rule, measurement, known.history.get(watched(rule, measurement)))
    if _is_band(rule):
        return _band(rule, measurement, measurement.value)
    if rule.exact and metrics.find(measurement.metric).better != "exact":
        return _unknown(rule, measurement, "only facts of a model file can be compared exactly; demand a band of this")
    comparison = known.compared.get(watched(rule, measurement))
    if comparison is None:
        return _alone(rule, measurement, known.no_base(measurement))
    verdict = _exact(rule, measurement, comparison) if rule.exact else _change(rule, measurement, comparison)
    outlived = known.ended if comparison.against == "baseline" else None
    return _outlived(verdict, outlived) if outlived and verdict.status == "passed" else verdict


def _outlived(verdict: Verdict, until: date) -> Verdict:
    """A level that was accepted for a time, and is still there, is a warning."""
    step = "`edgetpu-ci baseline accept` renews it"
    return replace(
        verdict, status="warned", because=f"{verdict.because}, but that was accepted until {until} only; {step}"
    )


def _alone(rule: Rule, measurement: Measurement, why: str) -> Verdict:
    """Nothing to compare with; what is new could not have one, and that is nobody's fault."""
    verdict = _unknown(rule, measurement, why)
    return replace(verdict, weight="pass") if why == NEW else verdict


def _is_band(rule: Rule) -> bool:
    return rule.worse_by_percent is None and not rule.exact and not rule.no_change_point


def _course(rule: Rule, measurement: Measurement, history: History | None) -> Verdict:
    """A lasting change for the worse, while it stands; what is only suspected is shown, and nothing more."""
    if history is None:
        return _unknown(rule, measurement, "only what is noisy has change points; demand `exact` or a band of this")
    if history.runs < changes.FEWEST:
        verdict = _unknown(
            rule, measurement, f"{history.runs} of the {changes.FEWEST} runs that a change of level takes"
        )
        return replace(verdict, weight=rule.unknown or "pass")
    said = "; ".join(shift(one, history.metric) for one in history.shifts)
    if any(one.tier == "confirmed" and one.finding == "regressed" for one in history.shifts):
        return _failed(rule, measurement, said)
    if any(one.tier == "confirmed" for one in history.shifts):
        return _improved(rule, measurement, said)
    verdict = _verdict(rule, measurement, "passed", said or f"no change of level that stands in {history.runs} runs")
    return replace(verdict, suspected=bool(said))


def shift(found: Shift, metric: str) -> str:
    """A change of level in words: `3.1 % slower since 1a2b3c4 … 9f8e7d6 (4 commits), confirmed`."""
    ratio = found.after / found.before if found.before else None
    changed = Comparison(
        subject="", metric=metric, base=found.before, head=found.after, ratio=ratio, finding=found.finding
    )
    places = " … ".join(point.commit[:7] or f"{point.at:%Y-%m-%d %H:%M}" for point in (found.good, found.bad))
    between = "" if found.commits is None else f" ({found.commits} commit{'' if found.commits == 1 else 's'})"
    return f"{describe(changed)} since {places}{between}, {found.tier}"


def _band(rule: Rule, measurement: Measurement, value: float) -> Verdict:
    metric = metrics.find(measurement.metric)
    said = metrics.amount(value, metric)
    # The bad side of a band fails; the good side is an improvement, where the metric has one.
    if rule.max is not None and value > rule.max:
        if metric.better == "higher":
            return _improved(rule, measurement, f"{said} is beyond {rule.max:g}: improved, consider a new band")
        return _failed(rule, measurement, f"{said} is above the most allowed, {metrics.amount(rule.max, metric)}")
    if rule.min is not None and value < rule.min:
        if metric.better == "lower":
            return _improved(rule, measurement, f"{said} is below {rule.min:g}: improved, consider a new band")
        return _failed(rule, measurement, f"{said} is below the least allowed, {metrics.amount(rule.min, metric)}")
    if rule.target is not None and _short_of(rule.target, value, metric.better):
        target = metrics.amount(rule.target, metric)
        return _verdict(rule, measurement, "warned", f"{said} is allowed, but misses the target, {target}")
    return _verdict(rule, measurement, "passed", f"{said} is within the band")


def _spoilt(rule: Rule, measurement: Measurement, verdict: Verdict, calm: Mapping[str, float]) -> Verdict:
    """A failure that may be other work's doing is unknown."""
    undisturbed = calm.get(f"{measurement.subject}/{metrics.find(measurement.metric).calm}")
    if not _is_band(rule) or undisturbed is None or _band(rule, measurement, undisturbed).status == "failed":
        return verdict
    return _unknown(rule, measurement, f"{verdict.because}, but the machine was busy; run it again when it is quiet")


def _short_of(target: float, value: float, better: str | None) -> bool:
    return value < target if better == "higher" else value > target if better == "lower" else value != target


def _change(rule: Rule, measurement: Measurement, comparison: Comparison) -> Verdict:
    if metrics.find(comparison.metric).deterministic:
        return _growth(rule, measurement, comparison)
    said = f"{describe(comparison)} than the {_against(comparison)}"
    match comparison.finding:
        case "regressed":
            return _regressed(rule, measurement, comparison, said)
        case "improved":
            return _improved(rule, measurement, said)
        case "unchanged":
            said = comparison.because or f"{unchanged(comparison)} against the {_against(comparison)}"
            return _verdict(rule, measurement, "passed", said)
        case "inconclusive":
            return _undecided(rule, measurement, comparison)


def _regressed(rule: Rule, measurement: Measurement, comparison: Comparison, said: str) -> Verdict:
    """What is worse by the strictest rule fails only the rules that are about so great a change."""
    limit, words = _limit(rule, comparison)
    if _difference(comparison) >= limit - _ROUNDING * (1 + limit):
        return _worse(rule, measurement, comparison, said)
    return _verdict(rule, measurement, "passed", f"{said}, within the {words} allowed")


def _undecided(rule: Rule, measurement: Measurement, comparison: Comparison) -> Verdict:
    """What the strictest rule cannot be told by may surely be less than a looser one is about."""
    limit, words = _limit(rule, comparison)
    worst = _worst(comparison)
    if worst is None or not (comparison.min_effect or 0.0) <= _difference(worst) < limit:
        return _unknown(rule, measurement, comparison.because or "what was measured does not decide it")
    said = f"at most {describe(worst)} than the {_against(comparison)}, within the {words} allowed"
    return _verdict(rule, measurement, "passed", said)


def _worst(comparison: Comparison) -> Comparison | None:
    """The comparison as bad as its interval allows; None where that is not to be believed."""
    # Beside a base, rounds that are needed say that only those are missing: neither a calmer host nor a better runner.
    if comparison.interval is None or (comparison.against == "base commit" and comparison.rounds_needed is None):
        return None
    bound = min if metrics.find(comparison.metric).better == "higher" else max
    return replace(comparison, ratio=bound(comparison.interval))


def _difference(comparison: Comparison) -> float:
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
    floor = floor_of(comparison.metric, comparison.base, rule.floor_ms) if beside else 0.0
    return max((percent / 100, f"{percent:g} %"), (floor, f"{rule.floor_ms:g} ms"))


def floor_of(metric: str, level: float, floor_ms: float) -> float:
    """A floor in milliseconds as a fraction of `level`, whichever way round the metric counts time."""
    unit = metrics.find(metric).unit
    if unit == "ms" and level > 0:
        return floor_ms / level
    return floor_ms * level / 1000 if unit == "1/s" else 0.0


def _growth(rule: Rule, measurement: Measurement, comparison: Comparison) -> Verdict:
    """A fact that may become worse by so many percent: bytes, operators and MACs are better fewer."""
    said = f"{describe(comparison)} than the {_against(comparison)}"
    growth = comparison.head - comparison.base
    worse = -growth if metrics.find(comparison.metric).better == "higher" else growth
    # Of nothing there are no percents: whatever is worse than that is worse by any.
    if worse * 100 > (rule.worse_by_percent or 0) * abs(comparison.base):
        return _worse(rule, measurement, comparison, said)
    return _verdict(rule, measurement, "passed", said if comparison.head != comparison.base else "unchanged")


def _exact(rule: Rule, measurement: Measurement, comparison: Comparison) -> Verdict:
    if comparison.finding == "unchanged":
        return _verdict(rule, measurement, "passed", f"equals the {_against(comparison)}")
    metric = metrics.find(comparison.metric)
    was, now = metrics.amount(comparison.base, metric), metrics.amount(comparison.head, metric)
    return _worse(rule, measurement, comparison, f"{now} is not the {was} of the {_against(comparison)}")


def _worse(rule: Rule, measurement: Measurement, comparison: Comparison, said: str) -> Verdict:
    if comparison.against != "previous run":
        return replace(_failed(rule, measurement, said), worse_than=comparison.against)
    # A previous run is nobody's decision: it may inform, it must not block.
    return _verdict(rule, measurement, "warned", said)


def describe(comparison: Comparison) -> str:
    """A change in words, towards what a user feels: `4.1 % slower`, `12 % less`; `12 more` where there was nothing."""
    grew = comparison.head > comparison.base if comparison.ratio is None else comparison.ratio > 1
    unit = metrics.find(comparison.metric).unit
    if unit in {"ms", "s", "1/s"}:
        return f"{_size(comparison)} {'slower' if grew == (unit != '1/s') else 'faster'}"
    return f"{_size(comparison)} {'more' if grew else 'less'}"


def _size(comparison: Comparison) -> str:
    if comparison.ratio is None:
        metric = metrics.find(comparison.metric)
        difference = metrics.amount(abs(comparison.head - comparison.base), metric)
        return f"{difference.removesuffix(' %')} percentage points" if metric.unit == "%" else difference
    # Throughput halves when a model takes twice as long: percent is of the metric itself.
    change = abs(comparison.ratio - 1) * 100
    return f"{change:,.0f} %" if change >= _TWO_DIGITS else f"{change:.2g} %"


def unchanged(comparison: Comparison) -> str:
    """What is said of a change that is not one: none was shown, or it is smaller than what matters."""
    if comparison.interval and not comparison.interval[0] <= 1 <= comparison.interval[1]:
        return f"{describe(comparison)}, likely less than matters"
    return "no change shown, worth a look" if comparison.worth_a_look else "no change shown"


def _against(comparison: Comparison) -> str:
    return "previous run (not a baseline)" if comparison.against == "previous run" else comparison.against


def demand(rule: Rule) -> str:
    """What a rule demands, in words."""
    if rule.worse_by_percent is not None:
        return f"at most {rule.worse_by_percent:g} % worse"
    if rule.exact:
        return "equal to the baseline"
    if rule.no_change_point:
        return STEADY
    bounds = (("min", rule.min), ("target", rule.target), ("max", rule.max))
    return ", ".join(f"{name} {bound:g}" for name, bound in bounds if bound is not None)


def _unknown(rule: Rule, measurement: Measurement, because: str) -> Verdict:
    verdict = _verdict(rule, measurement, "unknown", because)
    return replace(verdict, weight=rule.unknown or rule.severity)


def _failed(rule: Rule, measurement: Measurement, because: str) -> Verdict:
    return _verdict(rule, measurement, "failed" if rule.severity == "fail" else "warned", because)


def _improved(rule: Rule, measurement: Measurement, because: str) -> Verdict:
    return replace(_verdict(rule, measurement, "passed", because), improved=True)


def _verdict(rule: Rule, measurement: Measurement, status: Status, because: str) -> Verdict:
    return Verdict(
        subject=measurement.subject,
        metric=measurement.metric,
        status=status,
        weight=rule.severity,
        because=because,
        demand=demand(rule),
        value=measurement.value,
        owner=rule.owner,
        runbook=rule.runbook,
    )
