"""From a run to its report: compare it with its base and its history, judge it. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from msgspec import structs

from edgetpu_ci import __version__, baselines, compare, config, history, interleaved, judge, measure, noise
from edgetpu_ci.baselines import Baseline
from edgetpu_ci.model import Base, Comparison, Report, Rule, Run, Series


@dataclass(frozen=True)
class Past:
    """What a store knows of a device: its reports, newest first, each read when it is asked for, and its series."""

    reports: Iterable[Report] = ()
    series: Sequence[Series] = ()
    commits: history.Counting = lambda _good, _bad: None


def is_main_line(taken: measure.Taken) -> bool:
    """Whether a run is a point of history: what a pull request measures may never be merged."""
    return taken.run.pull_request is None and taken.base is None


def report(taken: measure.Taken, settings: config.Config, known: Iterable[Baseline], past: Past) -> Report:
    """Compare a run with its base and its history, judge it, and make the report."""
    run_, demands = taken.run, config.demands(settings)
    baseline = baselines.find(known, run_.machine.key)
    compared = _compare(taken, demands, baseline, past)
    found = history.judged(past.series, run_, demands, baseline, past.commits) if is_main_line(taken) else ()
    rules = (*(taken.rules or demands), *(interleaved.alike(taken.base) if taken.base else ()))
    if not is_main_line(taken):
        rules = tuple(rule for rule in rules if not rule.no_change_point)
    if baseline:
        rules = (*rules, *baselines.rules(baseline), *baselines.missing(baseline, run_.measurements))
    return Report(
        version=__version__,
        run=structs.replace(run_, notes=(*run_.notes, *compared.notes)),
        comparisons=compared.comparisons,
        verdicts=judge.judge(
            run_.measurements,
            compared.comparisons,
            rules,
            busy=bool(run_.contended),
            without=taken.base.without if taken.base else {},
            history=found,
            ended=baselines.ended(baseline, run_.at),
        ),
        bases=compared.bases or ("no baseline for this machine yet: `edgetpu-ci baseline accept` makes one",),
        trend=history.trend(past.series, run_),
        history=found,
        runner=noise.standing(taken.tests, noise.demanded(run_.measurements, rules)) if taken.base else None,
    )


@dataclass(frozen=True)
class _Compared:
    comparisons: tuple[Comparison, ...]
    bases: tuple[str, ...]
    notes: tuple[str, ...] = ()


def _compare(taken: measure.Taken, demands: Sequence[Rule], baseline: Baseline | None, past: Past) -> _Compared:
    """With the base beside where there is one; the rest with an earlier run, at another time."""
    run_, beside = taken.run, taken.base
    if beside is None:
        earlier = (baselines.base(baseline) if baseline else None) or _earlier(taken, demands, past)
        return _Compared(*_sequential(run_, earlier, demands))
    found = interleaved.compare_rounds(run_.measurements, beside, taken.rules, taken.family)
    told = noise.quarantined(found.comparisons, compare.demands(run_.measurements, taken.rules), taken.tests)
    left = {subject for subject, why in beside.without.items() if why != judge.NEW}
    rest = structs.replace(run_, measurements=tuple(m for m in run_.measurements if m.subject in left))
    comparisons, labels = _sequential(rest, _earlier(taken, taken.rules, past) if left else None, taken.rules)
    return _Compared((*told, *comparisons), (beside.label, *labels), found.notes)


def _earlier(taken: measure.Taken, rules: Sequence[Rule], past: Past) -> Base | None:
    """Of a change to be merged the report of what it is merged into, else the previous run."""
    wanted = set(compare.demands(taken.run.measurements, rules)) & {m.key for m in taken.run.measurements if m.slots}
    reports = tuple(past.reports) if taken.ancestors else past.reports
    return history.of_ancestor(reports, taken.ancestors, wanted) or history.previous(reports, taken.run)


def _sequential(
    run_: Run, earlier: Base | None, rules: Sequence[Rule]
) -> tuple[tuple[Comparison, ...], tuple[str, ...]]:
    return (compare.sequential(run_, earlier, rules), (earlier.label,)) if earlier else ((), ())
