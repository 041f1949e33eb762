"""What a report has to say of each metric, the worst first."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from edgetpu_ci import metrics, validity
from edgetpu_ci.judging import demand, interleaved, judge
from edgetpu_ci.model import Comparison, Measurement, Report, Verdict
from edgetpu_ci.render import words

Standing = Literal["failed", "unknown", "warned", "improved", "changed", "passed"]

_WORST_FIRST: Final[tuple[Standing, ...]] = ("failed", "unknown", "warned", "improved", "changed", "passed")


class Line(Struct, frozen=True, kw_only=True):
    """One thing to say: usually of one metric of one model; of several when the same keeps all from being known.

    `outcome` is its word in a count: "2 slower".
    """

    standing: Standing
    outcome: str
    subjects: tuple[str, ...]
    metrics: tuple[str, ...]
    verdicts: tuple[Verdict, ...] = ()
    comparison: Comparison | None = None
    measurement: Measurement | None = None

    @property
    def level(self) -> str:
        """What the history of it says, where that is more than "passed"."""
        said = [v.because for v in self.verdicts if v.demand == demand.STEADY and _is_telling(v)]
        return "; ".join(dict.fromkeys(said))

    @property
    def because(self) -> str:
        """Why, in the words of the verdicts that say more than "passed"."""
        telling = _stuck(self.measurement) or [v.because for v in self.verdicts if _is_telling(v)]
        missing = self.measurement.reason if self.measurement and self.measurement.value is None else ""
        otherwise = _OTHERWISE if _answers_otherwise(self.measurement) else ""
        compared = self.comparison.because if self.comparison else ""
        return "; ".join(dict.fromkeys(telling)) or missing or otherwise or compared


def _stuck(measurement: Measurement | None) -> list[str]:
    """Which outputs do not move, and how; nothing where all do."""
    if measurement is None or measurement.metric != "outputs_stuck" or not measurement.value:
        return []
    return [f"{name} {how}" for name, how in measurement.details]


_OTHERWISE: Final = "for the same inputs it does not answer as its base does"


def _answers_otherwise(measurement: Measurement | None) -> bool:
    return measurement is not None and measurement.metric == "output_mismatch_percent" and bool(measurement.value)


def _is_telling(verdict: Verdict) -> bool:
    return verdict.status != "passed" or verdict.improved or verdict.suspected


def of(report: Report) -> tuple[Line, ...]:
    """Everything judged, compared, or tried in vain; worst first, then greatest change first."""
    verdicts: dict[str, list[Verdict]] = {}
    for verdict in report.verdicts:
        verdicts.setdefault(verdict.key, []).append(verdict)
    compared = {comparison.key: comparison for comparison in report.comparisons}
    measured = {measurement.key: measurement for measurement in report.run.measurements}
    keys = dict.fromkeys(
        [*verdicts, *compared, *(key for key, m in measured.items() if m.failed or _answers_otherwise(m))]
    )
    found = [_line(verdicts.get(key, ()), compared.get(key), measured.get(key)) for key in keys]
    invalid = validity.invalid(report.run.measurements)
    found = [_void(line) if line.because in invalid.values() or _base_broke(line) else line for line in found]
    return tuple(sorted(_merged(found), key=_badness))


def _void(line: Line) -> Line:
    """What nothing is said of, since its run broke."""
    return replace(line, outcome="invalid", comparison=None) if line.standing == "unknown" else line


def _base_broke(line: Line) -> bool:
    return line.because.startswith(interleaved.OF_BASE)


def counts(lines: Iterable[Line]) -> dict[str, int]:
    """How many models or metrics have each outcome, worst first."""
    found: dict[str, int] = {}
    for line in lines:
        found[line.outcome] = found.get(line.outcome, 0) + len(line.subjects)
    return found


def by_subject(measurements: Iterable[Measurement]) -> dict[str, list[Measurement]]:
    """The measurements of each model, in their order."""
    found: dict[str, list[Measurement]] = {}
    for measurement in measurements:
        found.setdefault(measurement.subject, []).append(measurement)
    return found


def missing(measurements: Iterable[Measurement]) -> dict[str, list[str]]:
    """The metrics that have no value, by reason: a crash takes every metric with it, and one sentence is enough."""
    found: dict[str, list[str]] = {}
    for measurement in measurements:
        if measurement.value is None:
            found.setdefault(words.value(measurement), []).append(words.label(measurement.metric))
    return found


def _line(verdicts: Sequence[Verdict], comparison: Comparison | None, measurement: Measurement | None) -> Line:
    one = (*verdicts, comparison, measurement)
    named = next(item for item in one if item is not None)
    standing = _standing(verdicts, comparison, measurement)
    return Line(
        standing=standing,
        outcome=_outcome(standing, verdicts, comparison, measurement),
        subjects=(named.subject,),
        metrics=(named.metric,),
        verdicts=tuple(verdicts),
        comparison=comparison,
        measurement=measurement,
    )


def _standing(verdicts: Sequence[Verdict], comparison: Comparison | None, measurement: Measurement | None) -> Standing:
    statuses = {verdict.status for verdict in verdicts if (verdict.status, verdict.weight) != ("unknown", "pass")}
    for standing in _WORST_FIRST[:3]:
        if standing in statuses:
            return standing
    if not verdicts and measurement is not None and measurement.value is None:
        return "unknown"
    if any(verdict.improved for verdict in verdicts) or (comparison and comparison.finding == "improved"):
        return "improved"
    if comparison and (comparison.finding == "regressed" or comparison.worth_a_look):
        return "changed"
    return "changed" if _is_new(verdicts) or _level(verdicts) or _answers_otherwise(measurement) else "passed"


def _is_new(verdicts: Sequence[Verdict]) -> bool:
    return any(verdict.because == judge.NEW for verdict in verdicts)


def _level(verdicts: Sequence[Verdict]) -> str:
    """What history says of it, in a word."""
    steady = [verdict for verdict in verdicts if verdict.demand == demand.STEADY]
    if any(verdict.status in {"failed", "warned"} for verdict in steady):
        return "at a worse level"
    if any(verdict.improved for verdict in steady):
        return "at a better level"
    return "suspected" if any(verdict.suspected for verdict in steady) else ""


def _outcome(  # noqa: PLR0911 - one return a word
    standing: Standing, verdicts: Sequence[Verdict], comparison: Comparison | None, measurement: Measurement | None
) -> str:
    if measurement is None or measurement.value is None:
        return "not measured"
    if standing == "failed" and _stuck(measurement):
        return "answering wrongly"
    if (level := _level(verdicts)) and (comparison is None or comparison.finding not in {"regressed", "improved"}):
        return level
    if comparison is None and standing == "changed":
        return "new" if _is_new(verdicts) else "answering otherwise" if _answers_otherwise(measurement) else "changed"
    if comparison is None:
        no_base = standing == "unknown" and any(verdict.because == judge.NO_BASE for verdict in verdicts)
        return "without a baseline" if no_base else _ALONE[standing]
    if comparison.finding in {"regressed", "improved"}:
        return _ALONE[standing] if metrics.find(comparison.metric).better == "exact" else words.direction(comparison)
    if comparison.worth_a_look and standing == "changed":
        return "worth a look"
    return comparison.finding if standing in {"unknown", "passed"} else _ALONE[standing]


_ALONE: Final[Mapping[Standing, str]] = {
    "failed": "beyond limits",
    "unknown": "inconclusive",
    "warned": "with a warning",
    "improved": "better than its band",
    "changed": "changed",
    "passed": "within limits",
}


def _merged(lines: Sequence[Line]) -> list[Line]:
    """One line for all that is unknown for the same reason: a crash takes every metric of a model with it."""
    groups: dict[object, list[Line]] = {}
    for number, line in enumerate(lines):
        alike = line.standing in {"unknown", "changed"} and line.comparison is None
        groups.setdefault((line.outcome, line.because) if alike else number, []).append(line)
    return [group[0] if len(group) == 1 else _merge(group) for group in groups.values()]


def _merge(group: Sequence[Line]) -> Line:
    first = group[0]
    return Line(
        standing=first.standing,
        outcome=first.outcome,
        subjects=tuple(dict.fromkeys(subject for line in group for subject in line.subjects)),
        metrics=tuple(dict.fromkeys(metric for line in group for metric in line.metrics)),
        verdicts=tuple(verdict for line in group for verdict in line.verdicts),
        measurement=first.measurement,
    )


def _badness(line: Line) -> tuple[int, bool, float]:
    ratio = line.comparison.ratio if line.comparison else None
    # What a user feels comes before why it may be so.
    is_fact = all(metrics.find(name).better == "exact" for name in line.metrics)
    return _WORST_FIRST.index(line.standing), is_fact, 0.0 if ratio is None else -abs(ratio - 1)
