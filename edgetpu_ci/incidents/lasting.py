"""Whether something became worse, and stays so: by its own history, or against what was accepted. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

from edgetpu_ci import course, validity
from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.incidents import standing
from edgetpu_ci.incidents.record import Sighting
from edgetpu_ci.incidents.standing import BAD, GOOD, Found
from edgetpu_ci.judging import demand, phrases, tolerance
from edgetpu_ci.model import Comparison, History, Measurement, Point, Report, Rule
from edgetpu_ci.stats import changes

Held = TypeVar("Held", History, Comparison)

_ANY: Final = Rule(match="*", worse_by_percent=0)


def watching(rules: Iterable[AlertRule]) -> tuple[Rule, ...]:
    """What a report's history must tell of, so that alerts on a change can be told of it."""
    return tuple(Rule(match=rule.match, no_change_point=True) for rule in rules if rule.worse_by_percent is not None)


def change(rule: AlertRule, report: Report, measured: Sequence[Measurement], broken: Mapping[str, str]) -> Found:
    """Whether one of them is worse by more than `worse_by_percent`; unknown where there is nothing to compare with.

    The confirmed shifts of its history, and comparisons with the baseline or a base commit. A previous run is nobody's
    decision: the next one after it would find nothing worse. `broken` are subjects whose run broke, and how.
    """
    return standing.worst(_of(rule, report, m, broken.get(m.subject, "")) for m in measured)


def ratios(report: Report) -> Iterator[tuple[Measurement, float]]:
    """By what fraction each measurement became worse for good; 0 where nothing is certain, unknown ones left out."""
    broken = validity.invalid(report.run.measurements)
    histories, comparisons = _by_key(report.history), _by_key(report.comparisons)
    for measured in report.run.measurements if histories or comparisons else ():
        if measured.value is not None and (measured.subject not in broken or validity.is_of_file(measured)):
            key = demand.watched(_ANY, measured)
            found = [
                *(_lost(one) for one in histories.get(key, ()) if one.runs >= changes.FEWEST),
                *(_behind(measured, one) for one in comparisons.get(key, ())),
            ]
            if known := [ratio for ratio in found if ratio is not None]:
                yield measured, max(known)


def _by_key(held: Iterable[Held]) -> dict[str, list[Held]]:
    found: dict[str, list[Held]] = {}
    for one in held:
        found.setdefault(one.key, []).append(one)
    return found


def _lost(history: History) -> float:
    stands = (one for one in history.shifts if one.tier == "confirmed")
    return max((0.0, *(course.worse_by(history.metric, one.before, one.after) for one in stands)))


def _behind(measured: Measurement, comparison: Comparison) -> float | None:
    verdict = tolerance.change(_ANY, measured, comparison)
    if verdict.status == "unknown" or comparison.against == "previous run":
        return None
    return tolerance.worse_by(comparison) if verdict.status == "failed" else 0.0


def _of(rule: AlertRule, report: Report, measured: Measurement, broken: str) -> Found:
    if measured.value is None or (broken and not validity.is_of_file(measured)):
        return standing.unknown(rule, measured, broken)
    key = demand.watched(_demand(rule), measured)
    found = [
        *(_shifted(rule, measured, one) for one in report.history if one.key == key and one.runs >= changes.FEWEST),
        *(_compared(rule, measured, one) for one in report.comparisons if one.key == key),
    ]
    told = [one for one in found if one.standing in {BAD, GOOD}]
    nothing = standing.unknown(rule, measured, "it has neither history nor a baseline to be held against")
    return standing.worst(told) if told else [*found, nothing][0]


def _demand(rule: AlertRule) -> Rule:
    return Rule(match=rule.match, worse_by_percent=rule.worse_by_percent)


def _shifted(rule: AlertRule, measured: Measurement, history: History) -> Found:
    """The greatest confirmed change of level that still stands; from its points, when it began."""
    stands = [
        one
        for one in history.shifts
        if one.tier == "confirmed"
        and 100 * course.worse_by(history.metric, one.before, one.after) > (rule.worse_by_percent or 0)
    ]
    what = standing.name(rule, measured)
    if not stands:
        return Found(GOOD, f"{what}: no lasting change beyond {_allowed(rule)}", measured, measured.value)
    worst = max(stands, key=lambda one: course.worse_by(history.metric, one.before, one.after))
    said = f"{what}: {phrases.shift(worst, history.metric)}, beyond {_allowed(rule)}"
    return Found(BAD, said, measured, measured.value, _sighting(worst.bad), _sighting(worst.good))


def _allowed(rule: AlertRule) -> str:
    return f"the {rule.worse_by_percent:g} % allowed"


def _sighting(point: Point) -> Sighting:
    return Sighting(at=point.at, value=point.value, commit=point.commit, url=point.url, report=point.report)


def _compared(rule: AlertRule, measured: Measurement, comparison: Comparison) -> Found:
    verdict = tolerance.change(_demand(rule), measured, comparison)
    if verdict.status == "unknown" or comparison.against == "previous run":
        return standing.unknown(rule, measured, f"compared with the {phrases.against(comparison)}, {verdict.because}")
    said = f"{standing.name(rule, measured)}: {verdict.because}"
    if verdict.status == "failed":
        return Found(BAD, f"{said}, beyond {_allowed(rule)}", measured, measured.value)
    return Found(GOOD, said, measured, measured.value)
