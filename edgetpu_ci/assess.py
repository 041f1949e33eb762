"""From a run to its report: compare it with its base and its history, judge it. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec import structs

from edgetpu_ci import __version__, baselines, config, history, measure, noise
from edgetpu_ci.base import UNTRACKED
from edgetpu_ci.baselines import Baseline
from edgetpu_ci.judging import answers, compare, demand, facts, interleaved, judge
from edgetpu_ci.model import REPOSITORY, Base, Comparison, Report, Rule, Run, Series

_NO_BASELINE: Final = "no baseline for this machine yet: `edgetpu-ci baseline accept` makes one"
_NO_LEVEL: Final = "nothing, since what a simulated Edge TPU measures is no baseline of any device"


@dataclass(frozen=True)
class Past:
    """What a store knows of a device: its reports, newest first, each read when it is asked for, and its series."""

    reports: Iterable[Report] = ()
    series: Sequence[Series] = ()
    commits: history.Counting = lambda _good, _bad: None


def is_main_line(taken: measure.Taken) -> bool:
    """Whether a run is a point of history: what a pull request measures may never be merged."""
    return history.is_main_line(taken.run)


def _beside(before: Report | None) -> tuple[Comparison, ...]:
    """What was compared in rounds when it was measured: that cannot be done again."""
    return tuple(c for c in (before.comparisons if before else ()) if c.against == "base commit")


def _without(taken: measure.Taken) -> dict[str, str]:
    if taken.before:
        return {verdict.subject: judge.NEW for verdict in taken.before.verdicts if verdict.because == judge.NEW}
    return dict(taken.base.without) if taken.base else {}


def report(taken: measure.Taken, settings: config.Config, known: Iterable[Baseline], past: Past) -> Report:
    """Compare a run with its base and its history, judge it, and make the report."""
    run_ = taken.run
    demands = demand.applying(config.demands(settings), run_)
    baseline = baselines.find(known, run_.machine.key)
    compared = _compare(taken, demands, baseline, past)
    watching = (*demands, *_alerting(settings))
    found = history.judged(past.series, run_, watching, baseline, past.commits) if is_main_line(taken) else ()
    rules = (*_demanded(taken, demands), *(interleaved.alike(taken.base) if taken.base else ()))
    rules = (*rules, *answers.rules(rules, run_.measurements, taken.base.alike if taken.base else frozenset()))
    if not is_main_line(taken):
        rules = tuple(rule for rule in rules if not rule.no_change_point)
    if baseline:
        rules = (*rules, *baselines.rules(baseline), *baselines.missing(baseline, run_.measurements))
    rules = (*rules, *facts.rules(rules, run_.measurements, compared.comparisons))
    return Report(
        version=__version__,
        run=structs.replace(run_, notes=(*run_.notes, *compared.notes)),
        comparisons=compared.comparisons,
        verdicts=judge.judge(
            run_.measurements,
            compared.comparisons,
            rules,
            busy=bool(run_.contended),
            without=_without(taken),
            history=found,
            ended=baselines.ended(baseline, run_.at),
        ),
        bases=compared.bases or _without_base(run_),
        trend=history.trend(past.series, run_),
        history=found,
        runner=noise.standing(taken.tests, noise.demanded(run_.measurements, rules)) if taken.base else None,
    )


def _alerting(settings: config.Config) -> tuple[Rule, ...]:
    """What a report's history must tell of for alerts; a run without any imports none."""
    rules = config.alert_rules(settings)
    if not rules:
        return ()
    from edgetpu_ci.incidents import lasting

    return lasting.watching(rules)


def _without_base(run_: Run) -> tuple[str, ...]:
    """What is said in the place of a base; of the repository there is no machine that could have one."""
    if run_.machine.key == REPOSITORY:
        return ()
    return (_NO_LEVEL if run_.is_simulated else _NO_BASELINE,)


def _demanded(taken: measure.Taken, demands: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules, with those that a base beside brings where none is about a change."""
    if taken.before and (known := _beside(taken.before)):
        return (*interleaved.rules(demands, [comparison.key for comparison in known]), *_alike(taken.before))
    return taken.rules or tuple(demands)


def _alike(before: Report) -> Iterator[Rule]:
    """What was demanded of the same file on both sides; whether it was the same is known no more."""
    for verdict in before.verdicts:
        rule = interleaved.same_answers(verdict.subject)
        if verdict.metric == "output_mismatch_percent" and verdict.demand == demand.words(rule):
            yield rule


@dataclass(frozen=True)
class _Compared:
    comparisons: tuple[Comparison, ...]
    bases: tuple[str, ...]
    notes: tuple[str, ...] = ()


def _compare(taken: measure.Taken, demands: Sequence[Rule], baseline: Baseline | None, past: Past) -> _Compared:
    """With the base beside where there is one; the rest with an earlier run, at another time."""
    run_, beside = taken.run, taken.base
    if run_.machine.key == REPOSITORY:
        # Each figure has the window before beside it; an earlier run would be of nearly the same days.
        return _Compared((), ())
    accepted = baselines.base(baseline) if baseline else None
    if taken.before and (known := _beside(taken.before)):
        return _Compared(known, taken.before.bases)
    if beside is None:
        return _Compared(*_sequential(run_, accepted or _earlier(taken, run_, demands, past), demands))
    found = interleaved.compare_rounds(run_.measurements, beside, taken.rules, taken.family)
    told = noise.quarantined(found.comparisons, demand.of_changes(run_.measurements, taken.rules), taken.tests)
    rest = _left(run_, beside, told)
    comparisons, labels = _sequential(rest, accepted or _earlier(taken, rest, taken.rules, past), taken.rules)
    return _Compared((*told, *comparisons), (beside.label, *(labels if comparisons else ())), found.notes)


def _left(run_: Run, beside: Base, compared: Sequence[Comparison]) -> Run:
    """What no base could be beside: it is built, or comes from another tool.

    What is new has nothing before it, and a base that should have been measured and broke is not made good by a run
    at another time.
    """
    done = {comparison.key for comparison in compared}
    own = {*beside.rounds, *beside.alike, *(subject for subject, why in beside.without.items() if why != UNTRACKED)}
    left = tuple(m for m in run_.measurements if m.subject not in own and m.key not in done)
    return structs.replace(run_, measurements=left)


def _earlier(taken: measure.Taken, run_: Run, rules: Sequence[Rule], past: Past) -> Base | None:
    """Of a change to be merged the report of what it is merged into, else the previous run."""
    wanted = set(demand.of_changes(run_.measurements, rules)) & {m.key for m in run_.measurements if m.slots}
    # A simulated device is a level of no real one, and the other way round.
    alike = (earlier for earlier in past.reports if earlier.run.is_simulated == taken.run.is_simulated)
    reports = tuple(alike) if taken.ancestors else alike
    return history.of_ancestor(reports, taken.ancestors, wanted) or history.previous(reports, run_)


def _sequential(
    run_: Run, earlier: Base | None, rules: Sequence[Rule]
) -> tuple[tuple[Comparison, ...], tuple[str, ...]]:
    return (compare.sequential(run_, earlier, rules), (earlier.label,)) if earlier else ((), ())
