"""What a report has to say of each key figure, the worst first."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from edgetpu_ci import metrics
from edgetpu_ci.judging import demand
from edgetpu_ci.metrics import monitored
from edgetpu_ci.metrics.kpi import Group
from edgetpu_ci.model import REPOSITORY, Measurement, Report, Trend, Verdict
from edgetpu_ci.render import definitions, words

Standing = Literal["failed", "unknown", "warned", "passed", "shown", "missing"]

_WORST_FIRST: Final[tuple[Standing, ...]] = ("failed", "unknown", "warned", "passed", "shown", "missing")
_JUDGED: Final[tuple[Standing, ...]] = ("failed", "unknown", "warned")
_NOT_KNOWN: Final = "not known: "
_LEAST_POINTS, _MOST_POINTS, _MOST_EVIDENCE = 2, 16, 4


class Figure(Struct, frozen=True, kw_only=True):
    """One key figure of the repository or a part of it, what is demanded of it, and its course, the newest last."""

    measurement: Measurement
    verdicts: tuple[Verdict, ...] = ()
    course: tuple[float, ...] = ()
    since: datetime | None = None

    @property
    def standing(self) -> Standing:
        """The worst of its verdicts; `shown` where nothing is demanded, `missing` where it is not known either."""
        found = {verdict.status for verdict in self.verdicts if (verdict.status, verdict.weight) != ("unknown", "pass")}
        for standing in _JUDGED:
            if standing in found:
                return standing
        if self.measurement.value is None:
            return "missing"
        return "passed" if self.verdicts else "shown"

    @property
    def is_of_part(self) -> bool:
        """Whether it is of a workflow, a package or a host, not of the whole."""
        return self.measurement.subject not in {REPOSITORY, "*"}

    @property
    def needs_attention(self) -> bool:
        """Whether something that is demanded of it does not hold."""
        return self.standing in _JUDGED

    @property
    def is_headline(self) -> bool:
        """Whether it is one of those that operational monitoring asks for, or something is demanded of it."""
        return bool(self.verdicts) or self.measurement.metric in monitored.HEADLINES


def of(report: Report) -> tuple[Figure, ...]:
    """Every key figure, and what a rule names in vain, the worst first and else in the order of the catalogue."""
    judged: dict[str, list[Verdict]] = {}
    for verdict in report.verdicts:
        judged.setdefault(verdict.key, []).append(verdict)
    courses = {(trend.subject, trend.metric): trend for trend in report.trend}
    measured = [m for m in report.run.measurements if metrics.published(m.metric)]
    known = {m.key for m in report.run.measurements}
    absent = [_absent(verdicts[0]) for key, verdicts in judged.items() if key not in known]
    figures = (
        _figure(m, judged.get(m.key, ()), courses.get((m.subject, metrics.find(m.metric).name)))
        for m in (*measured, *absent)
    )
    return tuple(sorted(figures, key=_place))


def _figure(measurement: Measurement, verdicts: Iterable[Verdict], trend: Trend | None) -> Figure:
    figure = Figure(measurement=measurement, verdicts=tuple(verdicts))
    return replace(figure, course=trend.values, since=trend.since) if trend else figure


def _absent(verdict: Verdict) -> Measurement:
    return Measurement(subject=verdict.subject, metric=verdict.metric, reason=verdict.because)


_PLACES: Final = {kpi.metric.name: place for place, kpi in enumerate(metrics.KPIS)}


def _place(figure: Figure) -> tuple[int, int, str]:
    name = metrics.find(figure.measurement.metric).name
    return _WORST_FIRST.index(figure.standing), _PLACES.get(name, len(_PLACES)), figure.measurement.subject


def by_group(figures: Iterable[Figure]) -> dict[Group, list[Figure]]:
    """Figures by the group they belong to, in the order in which groups are shown."""
    found: dict[Group, list[Figure]] = {group: [] for group in definitions.GROUPS}
    for figure in figures:
        if kpi := metrics.published(figure.measurement.metric):
            found[kpi.group].append(figure)
    return {group: members for group, members in found.items() if members}


def counts(figures: Sequence[Figure]) -> dict[str, int]:
    """How many have each outcome, the worst first; parts where something is demanded, or nothing else is there."""
    found: dict[str, int] = {}
    counted = [figure for figure in figures if figure.verdicts or not figure.is_of_part] or figures
    for figure in counted:
        outcome = _outcome(figure)
        found[outcome] = found.get(outcome, 0) + 1
    return {_one(outcome) if count == 1 else outcome: count for outcome, count in found.items()}


def _one(outcome: str) -> str:
    return outcome.replace("their", "its").replace("they", "it")


def _outcome(figure: Figure) -> str:
    if figure.standing == "failed":
        failed = [verdict for verdict in figure.verdicts if verdict.status == "failed"]
        return "at a worse level" if failed[0].demand == demand.STEADY else _beyond(figure.measurement.metric)
    return _OUTCOMES[figure.standing]


def _beyond(metric: str) -> str:
    side = {"higher": "below", "lower": "above"}.get(metrics.find(metric).better or "", "beyond")
    return f"{side} their limit"


_OUTCOMES: Final[dict[Standing, str]] = {
    "unknown": "demanded but not known",
    "warned": "with a warning",
    "passed": "as they should be",
    "shown": "without a limit",
    "missing": "not known",
}


def name(figure: Figure) -> str:
    """What it is called: the metric, after the part it is of."""
    label = words.label(figure.measurement.metric)
    return f"{words.plain(figure.measurement.subject)} · {label}" if figure.is_of_part else label


def reason(measurement: Measurement) -> str:
    """Why it is not known, without the words that say that it is not."""
    return stripped(measurement.reason)


def stripped(reason: str) -> str:
    """The same of a reason alone."""
    said = words.plain(reason, words.REASON)
    return said.removeprefix(_NOT_KNOWN).removeprefix("was ").rstrip(".") or "no reason given"


def value(measurement: Measurement) -> str:
    """What it is, or why that is not known."""
    if measurement.value is None:
        return f"{_NOT_KNOWN}{reason(measurement)}"
    return metrics.answer(measurement.value, measurement.metric)


def change(measurement: Measurement) -> str:
    """Against the window before: an arrow and what it was, where that is beyond noise; else "steady"."""
    now, before = measurement.value, measurement.earlier
    if now is None or before is None:
        return ""
    if not before.moved or now == before.value:
        return "steady"
    rose = now > before.value
    good = {"higher": rose, "lower": not rose}.get(metrics.find(measurement.metric).better or "")
    said = {True: "better, ", False: "worse, ", None: ""}[good]
    return f"{'▲' if rose else '▼'} {said}from {metrics.answer(before.value, measurement.metric)}"


def spark(figure: Figure) -> str:
    """Its course as a row of bars; empty before there are two points."""
    return words.sparkline(figure.course[-_MOST_POINTS:]) if len(figure.course) >= _LEAST_POINTS else ""


def demanded(figure: Figure) -> str:
    """What is demanded of it."""
    found = dict.fromkeys(verdict.demand for verdict in figure.verdicts if verdict.demand)
    return "; ".join(map(_answered, found) if metrics.is_yes_or_no(figure.measurement.metric) else found)


def _answered(demand: str) -> str:
    """The bounds of an answer, in words."""
    return " and ".join(_BOUNDS.get(bound, bound) for bound in demand.split(", "))


_BOUNDS: Final = {
    "min 1": "must be yes",
    "max 0": "must be no",
    "target 1": "should be yes",
    "target 0": "should be no",
}


def why(figure: Figure) -> str:
    """What is demanded, and what the verdict says where that is more than the value against its limit."""
    open_ = [verdict for verdict in figure.verdicts if verdict.status != "passed"]
    told = [v.because for v in open_ if v.demand == demand.STEADY or v.because not in _value_alone(figure, v)]
    return "; ".join(dict.fromkeys(filter(None, [demanded(figure), *told, evidence(figure)])))


def because(figure: Figure) -> str:
    """Why it needs attention."""
    said = dict.fromkeys(verdict.because for verdict in figure.verdicts if verdict.status != "passed")
    return "; ".join(filter(None, [*said, evidence(figure)]))


def evidence(figure: Figure) -> str:
    """What an answer that needs attention was taken from."""
    if not figure.needs_attention or not metrics.is_yes_or_no(figure.measurement.metric):
        return ""
    told = [(name, text) for name, text in details(figure.measurement) if name != "as of"]
    return ", ".join(text if name == "evidence" else f"{name}: {text}" for name, text in told[:_MOST_EVIDENCE])


def details(measurement: Measurement) -> list[tuple[str, str]]:
    """What was counted and left out, without the time it is of, the source, and what there was none of."""
    return [
        (name, text)
        for name, text in measurement.details
        if name not in {"window", "source"} and (name == "excluded" or text != "none")
    ]


def _value_alone(figure: Figure, verdict: Verdict) -> set[str]:
    """Sentences that repeat what stands in the other columns."""
    return {figure.measurement.reason, *([verdict.because] if figure.measurement.value is not None else [])}


def window(figures: Iterable[Figure]) -> str:
    """The time that most of those are of which have a time before beside them; else that most are of."""
    named = [
        (figure.measurement.earlier is not None, text)
        for figure in figures
        for name, text in figure.measurement.details
        if name == "window"
    ]
    compared = [text for is_compared, text in named if is_compared] or [text for _, text in named]
    return max(dict.fromkeys(compared), key=compared.count) if compared else ""


def occasion(report: Report, figures: Iterable[Figure]) -> list[str]:
    """Of which commit, when and what time they are, and what an arrow and "steady" mean."""
    commit, branch = words.commit(report.run.commit), words.plain(report.run.branch)
    place = " ".join(filter(None, [f"`{commit}`" if commit else "", f"on {branch}" if branch else ""]))
    figures = list(figures)
    of = [window(figures)] if window(figures) else []
    compared = [_COMPARED] if any(figure.measurement.earlier for figure in figures) else []
    return list(filter(None, [place, f"{report.run.at:%Y-%m-%d %H:%M} UTC", *of, *compared]))


_COMPARED: Final = "an arrow where the difference to the time before is beyond noise, else steady"
