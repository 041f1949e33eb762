"""What many reports come to: the newest values, bad runs in a row, what became worse. Pure."""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from edgetpu_ci import metrics
from edgetpu_ci.config.alerting import AlertRule
from edgetpu_ci.exposition import readings
from edgetpu_ci.exposition.readings import Key
from edgetpu_ci.exposition.record import Labels, Needed, Ran, Reading, Sample
from edgetpu_ci.exposition.streaks import Streaks
from edgetpu_ci.incidents import evaluate, figures, lasting
from edgetpu_ci.incidents.record import Incident
from edgetpu_ci.metrics.supply import DEPENDENCIES
from edgetpu_ci.model import REPOSITORY, Report, Run

_FILE: Final = "model_bytes"
"""The metric whose details have the sha256 of a model."""

_OF_DEPENDENCIES: Final = {kpi.metric.name for kpi in DEPENDENCIES}


@dataclass
class Gathered:
    """Reports of the main line, best oldest first; of what comes late only what was not known counts."""

    rules: Sequence[AlertRule]
    values: dict[Key, Reading] = field(default_factory=dict)
    ratios: dict[Labels, Sample] = field(default_factory=dict)
    runs: dict[Labels, Ran] = field(default_factory=dict)
    needed: dict[Labels, tuple[datetime, tuple[Needed, ...]]] = field(default_factory=dict)
    streaks: Streaks = field(init=False)

    def __post_init__(self) -> None:
        self.streaks = Streaks(self.rules)

    def take(self, report: Report, labels: Mapping[str, str], now: datetime) -> None:
        """One more; `labels` are those of all its alerts, `repo` and `branch`."""
        own = tuple(labels.items())
        readings.take(self.values, readings.of(report, own))
        self._take_ratios(report, own)
        self._take_run(report, own)
        self._take_dependencies(report, own)
        seen = evaluate.observe(self.rules, report, labels, self.streaks.watched.values())
        self.streaks.take(seen, now)

    def since(self, first: datetime, besides: Container[str]) -> Iterator[Reading]:
        """The newest known values that are not older, but those of some metrics."""
        return (reading for reading in self.values.values() if reading.at >= first and reading.metric not in besides)

    def _take_ratios(self, report: Report, labels: Labels) -> None:
        for measured, ratio in lasting.ratios(report):
            named = ("metric", metrics.find(measured.metric).name)
            own = (*readings.labels_of(report.run, measured, labels), named)
            if _is_newer(report, self.ratios.get(own)):
                self.ratios[own] = Sample(own, ratio, report.run.at)

    def _take_run(self, report: Report, labels: Labels) -> None:
        run, own = report.run, (*labels, ("machine", report.run.machine.key))
        if _is_newer(report, self.runs.get(own)):
            self.runs[own] = Ran(
                labels=own,
                at=run.at,
                commit=run.commit,
                report=run.id,
                url=run.url,
                version=report.version,
                verdicts=Counter(verdict.status for verdict in report.verdicts),
                failed=tuple(verdict for verdict in report.verdicts if verdict.status == "failed"),
                host=run.machine.host,
                measured=sum(m.value is not None for m in run.measurements),
                models=_models(run),
            )

    def _take_dependencies(self, report: Report, labels: Labels) -> None:
        """Those of a run that looked at all: one that has none is healthy, one that did not look says nothing."""
        looked = any(m.value is not None and m.metric in _OF_DEPENDENCIES for m in report.run.measurements)
        known = self.needed.get(labels)
        if looked and (known is None or known[0] <= report.run.at):
            self.needed[labels] = report.run.at, tuple(Needed(labels, one) for one in report.run.dependencies)


def _models(run: Run) -> dict[str, str]:
    facts = ((m.subject, dict(m.details)) for m in run.measurements if m.metric == _FILE)
    return {subject: known["sha256"] for subject, known in facts if known.get("sha256")}


def _is_newer(report: Report, known: Ran | Sample | None) -> bool:
    return known is None or known.at is None or known.at <= report.run.at


def of_incidents(incidents: Iterable[Incident], labels: Labels, now: datetime) -> Iterator[Reading]:
    """The figures of incidents as they are now; what a run collected of them is older."""
    for measured in figures.measurements(incidents, now):
        if measured.value is not None:
            yield Reading(measured.metric, (*labels, ("subject", REPOSITORY)), measured.value, now)
