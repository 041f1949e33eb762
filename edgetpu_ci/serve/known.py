"""What the newest run of each machine says beyond its values: what failed in it, and which model files it measured."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from msgspec import Struct

from edgetpu_ci import history
from edgetpu_ci.errors import DocumentError, GitError, StoreError
from edgetpu_ci.exposition.record import Ran
from edgetpu_ci.model import REPOSITORY, Report, Verdict
from edgetpu_ci.store import Store


class Told(Struct, frozen=True, kw_only=True):
    """The machine's own name, how many values it measured, what failed, and the sha256 of each model by subject."""

    host: str = ""
    measured: int = 0
    failed: tuple[Verdict, ...] = ()
    models: dict[str, str] = {}


@dataclass
class Reports:
    """Reports that were read, by their names: each once, and kept while it is the newest of its machine."""

    store: Store
    told: dict[str, Told] = field(default_factory=dict)

    def of(self, runs: Iterable[Ran]) -> dict[str, Told]:
        """What some runs say, by their reports; nothing of one that cannot be read now."""
        self.told = {run.report: self.told.get(run.report) or self._read(run) for run in runs}
        return self.told

    def _read(self, run: Ran) -> Told:
        kept = history.kind(machine(run))
        try:
            return _told(history.decode(self.store.read(kept, run.report), run.report))
        except (DocumentError, GitError, StoreError):
            return Told()


def machine(run: Ran) -> str:
    """Where a run was; "repository" where no machine measured anything."""
    return dict(run.labels).get("machine", "")


def benchmarks(runs: Iterable[Ran]) -> list[Ran]:
    """Those in which a machine measured something, the newest first."""
    measured = (run for run in runs if machine(run) != REPOSITORY)
    return sorted(measured, key=lambda run: run.at, reverse=True)


def _told(report: Report) -> Told:
    facts = [m for m in report.run.measurements if m.metric == "model_bytes"]
    sums = {fact.subject: dict(fact.details).get("sha256", "") for fact in facts}
    return Told(
        host=report.run.machine.host,
        measured=sum(m.value is not None for m in report.run.measurements),
        failed=tuple(verdict for verdict in report.verdicts if verdict.status == "failed"),
        models={subject: known for subject, known in sums.items() if known},
    )
