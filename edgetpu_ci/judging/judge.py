"""Judge: rules × measurements × comparisons → verdicts. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from edgetpu_ci import metrics, spelling, validity
from edgetpu_ci.judging import demand, spoilt, tolerance
from edgetpu_ci.judging.verdicts import unknown
from edgetpu_ci.model import Approval, Comparison, History, Measurement, Report, Rule, Status, Verdict

NO_BASE = "there is no baseline for it on this device; `edgetpu-ci baseline accept` makes one"

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
        heated=spoilt.by_heat(measurements),
        invalid=validity.invalid(measurements),
    )
    verdicts = [verdict for rule in rules for verdict in _apply(rule, measurements, known)]
    said = {(verdict.subject, verdict.because) for verdict in verdicts}
    for broken in measurements:
        is_new = (broken.subject, broken.reason) not in said
        # Whatever a rule says of what is unknown: a run that broke is never passed.
        if broken.failed and (is_new or broken.value is not None):
            said.add((broken.subject, broken.reason))
            verdicts.append(unknown(Rule(match=broken.key), broken, broken.reason))
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
    heated: Mapping[str, str]
    invalid: Mapping[str, str]

    def no_base(self, measurement: Measurement) -> str:
        """Why a measurement was compared with nothing."""
        return self.without.get(measurement.subject, NO_BASE)

    def broken(self, rule: Rule, measurement: Measurement) -> str:
        """Why nothing is said of a change; a band holds of what was measured before."""
        is_judged = demand.is_band(rule) or validity.is_of_file(measurement)
        return "" if is_judged else self.invalid.get(measurement.subject, "")


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


def _apply(rule: Rule, measurements: Sequence[Measurement], known: _Known) -> Iterator[Verdict]:
    found = [measurement for measurement in measurements if demand.matches(rule, measurement)]
    for measurement in found:
        verdict = _weigh(rule, measurement, known)
        yield _spoilt(rule, measurement, verdict, known) if verdict.status == "failed" else verdict
    if not found:
        # The rules of a baseline name models letter by letter: there a bracket stands around what globs would take.
        subject, _, metric = re.sub(r"\[([*?\[])\]", r"\1", rule.match).rpartition("/")
        missing = Measurement(subject=subject, metric=metrics.find(metric).name, reason=_absent(metric))
        yield unknown(rule, missing, missing.reason)


def _absent(metric: str) -> str:
    if metrics.is_known(metric) or set(metric) & set("*?["):
        return "was not measured in this run"
    guess = spelling.meant(metric, metrics.names()) or "; docs/metrics.md lists the known ones"
    return f"no metric is called {metric}, and nothing measured it{guess}"


def _weigh(rule: Rule, measurement: Measurement, known: _Known) -> Verdict:
    why = measurement.reason if measurement.value is None else known.broken(rule, measurement)
    if measurement.value is None or why:
        return unknown(rule, measurement, why)
    if rule.no_change_point:
        return tolerance.course(rule, measurement, known.history.get(demand.watched(rule, measurement)))
    if demand.is_band(rule):
        return tolerance.band(rule, measurement, measurement.value)
    if rule.exact and metrics.find(measurement.metric).better != "exact":
        return unknown(rule, measurement, "only facts of a model file can be compared exactly; demand a band of this")
    comparison = known.compared.get(demand.watched(rule, measurement))
    if comparison is None:
        return _alone(rule, measurement, known.no_base(measurement))
    verdict = (tolerance.exact if rule.exact else tolerance.change)(rule, measurement, comparison)
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
    verdict = unknown(rule, measurement, why)
    return replace(verdict, weight="pass") if why == NEW else verdict


def _spoilt(rule: Rule, measurement: Measurement, verdict: Verdict, known: _Known) -> Verdict:
    """A failure that may be other work's doing, or the heat's, is unknown."""
    why = known.heated.get(measurement.subject)
    if why and demand.is_band(rule) and spoilt.is_speed(measurement.metric):
        return unknown(rule, measurement, f"{verdict.because}, but {why}")
    undisturbed = known.calm.get(f"{measurement.subject}/{metrics.find(measurement.metric).calm}")
    if (
        not demand.is_band(rule)
        or undisturbed is None
        or tolerance.band(rule, measurement, undisturbed).status == "failed"
    ):
        return verdict
    return unknown(rule, measurement, f"{verdict.because}, but the machine was busy; run it again when it is quiet")
